// Changes with their values: all of them in order, and few at a time where they are large.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry, EntryChange, StateReader } from '../../src/evidence/types.ts';
import { changeRecords, type ScopedState } from '../../src/runs/state-changes.ts';

const everything = (sequence: number): ScopedState => ({ sequence, filter: () => true, filterKey: '{}' });

/** A reader of changed entries, each with a body of `bytes`, that notes how many bodies it was asked for at once. */
function readerOf(count: number, bytes: number): { reader: StateReader; asked: number[] } {
  const asked: number[] = [];
  const entry = (k: string, digest: string): Entry => ({ c: 'osv/x', k, digest, id: k, ecosystems: [], stamp: '' });
  const changes = Array.from({ length: count }, (_, i): EntryChange => {
    const k = String(i).padStart(6, '0');
    return { c: 'osv/x', k, before: entry(k, `old-${k}`), after: entry(k, `new-${k}`) };
  });
  const reader: Pick<StateReader, 'changes' | 'bodiesByDigest'> = {
    async *changes() {
      for (let at = 0; at < count; at += 1_000) yield await Promise.resolve(changes.slice(at, at + 1_000));
    },
    bodiesByDigest: (digests) => {
      asked.push(digests.length);
      const body = (digest: string): Buffer =>
        Buffer.concat([Buffer.from(digest.slice(0, 4)), Buffer.alloc(bytes - 4)]);
      return Promise.resolve(new Map(digests.map((digest) => [digest, body(digest)])));
    },
  };
  return { reader: reader as StateReader, asked };
}

for (const { name, count, bytes, most } of [
  { name: 'small ones come 64 at a time', count: 2_500, bytes: 100, most: 128 },
  { name: 'of documents of 5 MiB old and new values of a few are held', count: 40, bytes: 5 << 20, most: 8 },
]) {
  test(name, async () => {
    const { reader, asked } = readerOf(count, bytes);
    const keys: string[] = [];
    for await (const page of changeRecords(reader, 'record', everything(1), everything(2))) {
      for (const change of page) {
        assert.ok(change.op === 'put' && change.v.subarray(0, 4).equals(Buffer.from('new-')));
        keys.push(change.k);
      }
    }
    assert.deepEqual([keys.length, keys], [count, keys.toSorted()]);
    assert.equal(Math.max(...asked), most);
    assert.ok(asked.length < count);
  });
}
