// The golden values of formats.md §3, computed there by two other programs: shards, digests, roots, journals, patches.

import assert from 'node:assert/strict';
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { createGunzip } from 'node:zlib';
import { canonicalBytes } from '../../src/core/canonical-json.ts';
import { digestOf, sha256 } from '../../src/core/digest.ts';
import { compareKeys } from '../../src/core/order.ts';
import { chunk } from '../../src/shard/chunker.ts';
import { encode } from '../../src/shard/encode.ts';
import { JournalPart } from '../../src/shard/journal.ts';
import { shardLine, type StateLine } from '../../src/shard/line.ts';
import { encodeGroup, PatchGroups, type ChangeWithOld } from '../../src/shard/patch.ts';
import { LeafSet } from '../../src/shard/set-root.ts';

const corpus = new URL('../../../shared/corpora/osv-large/', import.meta.url);

type Golden = {
  file: string;
  records: number;
  shards: number;
  raw: number;
  compressed: number;
  root: string;
  rawDigests: [string, string];
  zstdDigests: [string, string];
  journal?: { records: number; bytes: number; digest: string; keys: number; values: number };
};

const golden: Golden[] = [
  {
    file: 'base-2026-07-15.jsonl.gz',
    records: 37_706,
    shards: 42,
    raw: 60_915_098,
    compressed: 4_708_810,
    root: '2b6b50efc5c6f8ce75ea73241b8933ab2bec63fa58f1bffd89d530e8b5564df8',
    rawDigests: ['58d093ba', 'e8a1'],
    zstdDigests: ['9da1986c', '55b9'],
  },
  {
    file: 'delta-2026-07-16.jsonl.gz',
    records: 37_695,
    shards: 41,
    raw: 60_611_566,
    compressed: 4_691_317,
    root: '3a93808a62de7a83d53487d6082220c42f88079005a69f7b8148a8307caab893',
    rawDigests: ['dba384ba', '58a0'],
    zstdDigests: ['b003eb97', 'f060'],
    journal: {
      records: 692,
      bytes: 125_382,
      digest: '65647536c8e37f5dc3e304a67913463372fc2700533c38f014e8b780e74c1cb0',
      keys: 1_053,
      values: 12_340,
    },
  },
  {
    file: 'delta-2026-07-17.jsonl.gz',
    records: 37_772,
    shards: 42,
    raw: 60_934_632,
    compressed: 4_718_996,
    root: '1d533581cb58b781430268f91008b703791a683d6609e62aa2243e5e65d134ad',
    rawDigests: ['94f869f0', '9df4'],
    zstdDigests: ['7d494a19', '667e'],
    journal: {
      records: 1_212,
      bytes: 301_907,
      digest: '9c92917705387191c531fbd831a4d4e85b49f431ca8fccd7e4590cbc6520651d',
      keys: 1_234,
      values: 50_452,
    },
  },
  {
    file: 'delta-2026-07-21.jsonl.gz',
    records: 37_842,
    shards: 42,
    raw: 61_119_588,
    compressed: 4_734_028,
    root: '4a65ee9d2425c75f5f8bc6034c071f8bfebb7ac5f1a859d9c8a1e72cf57f6ad4',
    rawDigests: ['5856ce69', 'e077'],
    zstdDigests: ['63f4052b', '6155'],
    journal: {
      records: 149,
      bytes: 40_179,
      digest: '207292b355aa74ce166bc37b98b740bc9d9097c858a97870bd2b5f4afbbf34a9',
      keys: 841,
      values: 19_366,
    },
  },
  {
    file: 'delta-2026-07-28.jsonl.gz',
    records: 38_688,
    shards: 42,
    raw: 62_445_654,
    compressed: 4_821_033,
    root: 'c970dcd06592da616a91c4f87e3de250bb2c1fc0221b49eb3e7224e0c35f4881',
    rawDigests: ['d8975f59', '968e'],
    zstdDigests: ['1455a087', 'c66c'],
    journal: {
      records: 1_732,
      bytes: 289_948,
      digest: 'f6ac5dff95b8363433fc0843669fc1dca7258ad3031633e2bbc64ad7f5f4d7d0',
      keys: 2_985,
      values: 99_623,
    },
  },
];

async function applyFile(file: string, state: Map<string, StateLine>): Promise<ChangeWithOld[]> {
  const changes: ChangeWithOld[] = [];
  const input = createReadStream(new URL(file, corpus)).pipe(createGunzip());
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    const { op, source, path, text: document } = JSON.parse(text) as Record<string, string>;
    const key = { c: `osv/osv/${source}`, k: path as string };
    const id = `${key.c}\0${key.k}`;
    const old = state.get(id)?.v;
    const before = old === undefined ? {} : { old };
    if (op === 'del') {
      if (old !== undefined) changes.push({ ...key, op, ...before });
      state.delete(id);
      continue;
    }
    const v = canonicalBytes(JSON.parse(document as string));
    if (old?.equals(v) === true) continue;
    state.set(id, { ...key, v, line: shardLine({ ...key, v }) });
    changes.push({ ...key, op: 'put', v, ...before });
  }
  return changes.sort(compareKeys);
}

async function* inOrder(state: Map<string, StateLine>): AsyncGenerator<StateLine[]> {
  yield [...state.values()].sort(compareKeys);
}

async function checkState(state: Map<string, StateLine>, want: Golden): Promise<void> {
  const leaves = new LeafSet();
  for (const { c, k, v } of state.values()) leaves.add(c, k, sha256(v));
  let [shards, raw, compressed, rawList, zstdList] = [0, 0, 0, '', ''];
  for await (const shard of chunk(inOrder(state))) {
    const frame = encode(shard.raw, { level: 9 });
    shards++;
    raw += shard.raw.length;
    compressed += frame.length;
    rawList += `${digestOf(shard.raw)}\n`;
    zstdList += `${digestOf(frame)}\n`;
  }
  const ends = (list: string): [string, string] => [digestOf(list).slice(7, 15), digestOf(list).slice(-4)];
  assert.deepEqual(
    {
      records: state.size,
      shards,
      raw,
      compressed,
      root: leaves.root(),
      rawDigests: ends(rawList),
      zstd: ends(zstdList),
    },
    {
      records: want.records,
      shards: want.shards,
      raw: want.raw,
      compressed: want.compressed,
      root: `sha256:${want.root}`,
      rawDigests: want.rawDigests,
      zstd: want.zstdDigests,
    },
  );
}

async function checkJournal(changes: ChangeWithOld[], want: NonNullable<Golden['journal']>): Promise<void> {
  const part = new JournalPart();
  const groups = new PatchGroups();
  for (const change of changes) {
    assert.equal(part.push(change), undefined);
    assert.equal(groups.push(change), undefined);
  }
  const journal = encode(part.finish() as Buffer, { level: 19 });
  const group = groups.finish();
  assert.ok(group);
  const patch = await encodeGroup(group);
  assert.deepEqual(
    {
      records: changes.length,
      bytes: journal.length,
      digest: digestOf(journal),
      keys: patch.readUInt32BE(0),
      values: patch.readUInt32BE(4),
    },
    { ...want, digest: `sha256:${want.digest}` },
  );
}

it(
  'five real days give the golden shards, roots, journals and patches',
  { skip: existsSync(corpus) ? false : 'the corpora are not here' },
  async () => {
    const state = new Map<string, StateLine>();
    for (const day of golden) {
      const changes = await applyFile(day.file, state);
      await checkState(state, day);
      if (day.journal) await checkJournal(changes, day.journal);
    }
  },
);
