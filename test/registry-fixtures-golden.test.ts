// The sample evidence, its shards, roots and journal against registry-fixtures/osv/golden.json, which an independent program
// computed: every machine can see that our bytes are the format's (formats.md §1–§5), without a large corpus.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { canonicalBytes, type Json } from '../src/core/canonical-json.ts';
import { digestOf, sha256 } from '../src/core/digest.ts';
import { compareKeys } from '../src/core/order.ts';
import { Chunker, type RawShard } from '../src/shard/chunker.ts';
import { encode, encoder } from '../src/shard/encode.ts';
import { JournalPart } from '../src/shard/journal.ts';
import { shardLine, type ChangeRecord, type StateRecord } from '../src/shard/line.ts';
import { LeafSet } from '../src/shard/set-root.ts';

type Golden = { readonly states: readonly { readonly file: string; readonly [figure: string]: unknown }[] };
type Line = { readonly op?: 'put' | 'del'; readonly source: string; readonly path: string; readonly text?: string };

const folder = new URL('../registry-fixtures/osv/', import.meta.url);

function readChanges(file: string): ChangeRecord[] {
  const text = gunzipSync(readFileSync(new URL(file, folder))).toString('utf8');
  const lines = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
  return lines.map(({ op, source, path, text: document }): ChangeRecord => {
    const key = { c: `osv/osv/${source}`, k: path };
    return op === 'del' ? { ...key, op } : { ...key, op: 'put', v: canonicalBytes(JSON.parse(document ?? '') as Json) };
  });
}

function cut(records: readonly StateRecord[]): RawShard[] {
  const chunker = new Chunker();
  const closed = records.map((record) => chunker.push(record, shardLine(record)));
  return [...closed, chunker.finish()].filter((shard) => shard !== undefined);
}

function layoutFigures(records: readonly StateRecord[]): Record<string, unknown> {
  const leaves = new LeafSet();
  for (const { c, k, v } of records) leaves.add(c, k, sha256(v));
  const raw = cut(records).map((shard) => shard.raw);
  const frames = raw.map((bytes) => encode(bytes, { level: encoder.shardLevel }));
  const overDigests = (items: readonly Buffer[]): string =>
    digestOf(items.map((item) => `${digestOf(item)}\n`).join(''));
  return {
    records: records.length,
    rawBytes: sumOfLengths(raw),
    shards: raw.length,
    compressed: sumOfLengths(frames),
    setRoot: leaves.root(),
    sha256OfRawDigests: overDigests(raw),
    sha256OfCompressedDigests: overDigests(frames),
  };
}

function journalFigures(changes: readonly ChangeRecord[]): Record<string, unknown> {
  const part = new JournalPart();
  for (const change of changes) assert.equal(part.push(change), undefined, 'one part is enough');
  const raw = part.finish() ?? Buffer.alloc(0);
  const frame = encode(raw, { level: encoder.journalLevel });
  return {
    journalRecords: changes.length,
    journalRaw: digestOf(raw),
    journalBytes: frame.length,
    journalDigest: digestOf(frame),
  };
}

function sumOfLengths(items: readonly Buffer[]): number {
  return items.reduce((sum, item) => sum + item.length, 0);
}

test('the sample has the shards, set roots and the journal that an independent program computed', () => {
  const golden = JSON.parse(readFileSync(new URL('golden.json', folder), 'utf8')) as Golden;
  assert.equal(golden.states.length, 2);
  const state = new Map<string, StateRecord>();
  for (const [day, { file, ...want }] of golden.states.entries()) {
    const changes = readChanges(file).sort(compareKeys);
    for (const change of changes) {
      const id = `${change.c}\0${change.k}`;
      if (change.op === 'put') state.set(id, { c: change.c, k: change.k, v: change.v });
      else state.delete(id);
    }
    const records = [...state.values()].sort(compareKeys);
    assert.deepEqual({ ...layoutFigures(records), ...(day > 0 ? journalFigures(changes) : {}) }, want, file);
  }
});
