// Vectors of formats.md §4 and properties of the chunker, the patch and derivation on small made-up states.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalBytes } from '../../src/core/canonical-json.ts';
import { sha256 } from '../../src/core/digest.ts';
import { limits } from '../../src/core/limits.ts';
import { compareKeys } from '../../src/core/order.ts';
import { chunk, chunker } from '../../src/shard/chunker.ts';
import { deriveShards } from '../../src/shard/derive.ts';
import { frameLimit } from '../../src/shard/journal.ts';
import {
  linesOf,
  parseShardLine,
  rawLine,
  shardLine,
  type ChangeRecord,
  type StateLine,
} from '../../src/shard/line.ts';
import { applyGroup, encodeGroup, PatchGroups, readPatch } from '../../src/shard/patch.ts';
import { LeafSet } from '../../src/shard/set-root.ts';
import { SetRootIndex } from '../../src/shard/set-root-index.ts';

const a = { c: 'osv/t', k: 'a.json', v: canonicalBytes({ id: 'A' }) };
const b = { c: 'osv/t', k: 'b.json', v: canonicalBytes(JSON.parse('{"z":1,"a":[7.0,1e21,"€\\u0001"]}')) };
const c = { c: 'osv/u', k: '\u{1F600}.json', v: canonicalBytes({ id: 'C' }) };

function rootOf(records: readonly { c: string; k: string; v: Buffer }[]): string {
  const leaves = new LeafSet();
  for (const { c, k, v } of records) leaves.add(c, k, sha256(v));
  return leaves.root().slice('sha256:'.length);
}

describe('set root (formats.md §4)', () => {
  it('has the four vectors', () => {
    assert.equal(b.v.toString(), '{"a":[7,1e+21,"€\\u0001"],"z":1}');
    assert.equal(rootOf([]), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    assert.equal(rootOf([a]), '987d4c9e78e26f855aea560492b1ee551c308c8321b14ec558582bc058ae3368');
    assert.equal(rootOf([b, a]), '9ea2686a99051d11131b3604d820f7e2eb32e32248c2614188d055a205de5817');
    assert.equal(rootOf([c, a, b]), '4f6d83f6b00d35475f33b6a2c53d73e0133d7e66e6a98b083e19735faacbc257');
  });

  it('is the same when kept up through the index', () => {
    const all = new LeafSet();
    const records = Array.from({ length: 5_000 }, (_, i) => ({ c: 'osv/x', k: `r${i}`, v: Buffer.from(`${i}`) }));
    for (const { c, k, v } of records) all.add(c, k, sha256(v));
    const index = SetRootIndex.parse(SetRootIndex.fromLeaves(all).serialize());
    assert.equal(index.root(), all.root());
    const changed = records
      .map((r) => (r.k === 'r17' ? { ...r, v: Buffer.from('new') } : r))
      .filter((r) => r.k !== 'r99');
    for (const key of ['r17', 'r99']) {
      const bucket = index.bucketOf(sha256(`osv/x\0${key}`).readUInt32BE(0));
      const leaves = new LeafSet();
      for (const { c, k, v } of changed) {
        if (index.bucketOf(sha256(`${c}\0${k}`).readUInt32BE(0)) === bucket) leaves.add(c, k, sha256(v));
      }
      index.replace(bucket, leaves);
    }
    assert.equal(index.root().slice(7), rootOf(changed));
    assert.equal(index.count, 4_999);
  });
});

/** A small deterministic generator, so that a failing case can be told by its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function makeState(next: () => number, count: number): Map<string, StateLine> {
  const state = new Map<string, StateLine>();
  for (let i = 0; i < count; i++) addRecord(state, next);
  return state;
}

function addRecord(state: Map<string, StateLine>, next: () => number): StateLine {
  const key = { c: `osv/${next() < 0.5 ? 'one' : 'two'}`, k: `${Math.floor(next() * 1e9)}.json` };
  const v = Buffer.from(JSON.stringify('x'.repeat(Math.floor(next() * 60_000))));
  const line = { ...key, v, line: shardLine({ ...key, v }) };
  state.set(`${key.c}\0${key.k}`, line);
  return line;
}

const sorted = (state: Map<string, StateLine>): StateLine[] => [...state.values()].sort(compareKeys);

async function* pageOf<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[]> {
  yield items;
}

async function shardsOf(state: Map<string, StateLine>): Promise<Buffer[]> {
  const shards: Buffer[] = [];
  for await (const { raw } of chunk(pageOf(sorted(state)))) shards.push(raw);
  return shards;
}

describe('derivation', () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`gives the shards of a fresh build (seed ${seed})`, async () => {
      const next = random(seed);
      const state = makeState(next, 800);
      const old = await shardsOf(state);
      const changes = new Map<string, ChangeRecord>();
      for (const [id, { c, k }] of state) {
        if (next() < (seed % 2 === 0 ? 0.002 : 0.3)) changes.set(id, { op: 'del', c, k });
        else if (next() < 0.003) changes.set(id, { op: 'put', c, k, v: Buffer.from('"changed"') });
      }
      for (let i = 0; i < 4; i++) {
        const { c, k, v } = addRecord(new Map(), next);
        changes.set(`${c}\0${k}`, { op: 'put', c, k, v });
      }
      for (const [id, change] of changes) {
        if (change.op === 'del') state.delete(id);
        else state.set(id, { ...change, line: shardLine(change) });
      }
      const derived: Buffer[] = [];
      let kept = 0;
      const oldLines = old.map((raw) => [...linesOf(raw)].map(parseShardLine));
      const source = {
        firstKeys: oldLines.map((lines) => lines[0] as StateLine),
        lines: (index: number) => Promise.resolve(oldLines[index] as StateLine[]),
        changes: pageOf([...changes.values()].sort(compareKeys)),
        format: shardLine,
      };
      for await (const item of deriveShards(source)) {
        if (item.kind === 'kept') kept++;
        derived.push(item.kind === 'kept' ? (old[item.index] as Buffer) : item.shard.raw);
      }
      const fresh = await shardsOf(state);
      assert.deepEqual(
        derived.map((raw) => sha256(raw).toString('hex')),
        fresh.map((raw) => sha256(raw).toString('hex')),
      );
      if (seed % 2 === 0) assert.ok(kept > 0, 'some shard is kept when little changes');
    });
  }
});

describe('patch', () => {
  it('gives the changes back, and refuses left-over bytes and repeated keys', async () => {
    const groups = new PatchGroups();
    groups.push({ op: 'put', c: 'osv/t', k: 'a', v: Buffer.from('{"n":2}'), old: Buffer.from('{"n":1}') });
    groups.push({ op: 'del', c: 'osv/t', k: 'b', old: Buffer.from('{"gone":true}') });
    groups.push({ op: 'put', c: 'osv/t', k: 'c', v: Buffer.from('{"new":1}') });
    const group = groups.finish();
    assert.ok(group);
    const bytes = await encodeGroup(group);
    const [received, ...more] = [...readPatch(bytes)];
    assert.ok(received);
    assert.equal(more.length, 0);
    assert.deepEqual(applyGroup(received, [Buffer.from('{"n":1}'), Buffer.from('{"gone":true}')]), [
      { op: 'put', c: 'osv/t', k: 'a', v: Buffer.from('{"n":2}') },
      { op: 'del', c: 'osv/t', k: 'b' },
      { op: 'put', c: 'osv/t', k: 'c', v: Buffer.from('{"new":1}') },
    ]);
    assert.throws(() => [...readPatch(Buffer.concat([bytes, Buffer.of(1)]))], /cut off/);
    assert.throws(() => [...readPatch(Buffer.concat([bytes, bytes]))], /unsorted or repeated/);
  });
});

it('a record at the limits and what may stand before it in its shard fit into one frame', () => {
  const c = `osv/${'s'.repeat(100)}/${'t'.repeat(100)}`;
  // A quote counts twice in a line.
  const record = { c, k: '"'.repeat(limits.keyBytes), v: Buffer.alloc(limits.recordBytes, '1') };
  assert.ok(chunker.average / 4 + shardLine(record).length <= frameLimit);
  const raw = Buffer.alloc(2 * limits.documentBytes + 2, '1');
  assert.ok(chunker.average / 4 + rawLine({ ...record, v: raw }).length <= frameLimit);
});
