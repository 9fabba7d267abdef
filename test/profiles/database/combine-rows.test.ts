// Rows of a database out of own contributions and overlays.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { Json } from '../../../src/core/canonical-json.ts';
import { combineRows, type CombinedRow } from '../../../src/profiles/database/combine-rows.ts';
import type { DatabaseRow, SourcedContribution } from '../../../src/profiles/database/row.ts';
import { sortContributions } from '../../../src/profiles/database/sort-contributions.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const say = (k: string, v: Json, rank = 100, source = 'osv'): SourcedContribution => ({ k, rank, source, v });

async function* pages<Item>(...all: Item[][]): AsyncGenerator<Item[]> {
  yield* all;
}

async function gather<Item>(input: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of input) items.push(...page);
  return items;
}

test('contributions come in the order of bytes, rank, source and value, whatever the order they were made in', async (t) => {
  const tempDir = await temporaryFolder(t, 'sort');
  const expected = [
    say('a', 1, 100, 'osv'),
    say('a', 2, 100, 'osv'),
    say('a', 0, 100, 'own'),
    say('a', 0, 200, 'osv'),
    say('a\u001fb', 1),
    say('a b', 1),
    say('\uffee', 1),
    say('\u{1F600}', 1),
  ];
  const shuffled = [5, 2, 7, 0, 3, 6, 1, 4].map((at) => expected[at] as SourcedContribution);
  for (const runChars of [1, 250, 1_000_000]) {
    const input = pages(shuffled.slice(0, 3), shuffled.slice(3), [shuffled[0] as SourcedContribution]);
    assert.deepEqual(await gather(sortContributions(input, { tempDir, runChars })), expected);
  }
  assert.deepEqual(await readdir(tempDir), []);
});

test('the runs of a sort that is given up are removed', async (t) => {
  const tempDir = await temporaryFolder(t, 'sort');
  const input = pages([say('a', 1)], [say('b', 1)], [say('c', 1)]);
  for await (const _ of sortContributions(input, { tempDir, runChars: 1 })) break;
  assert.deepEqual(await readdir(tempDir), []);
});

const row = (k: string, v: string): DatabaseRow => ({ k, v: Buffer.from(v) });

function combined(
  contributions: SourcedContribution[],
  overlays: Record<string, DatabaseRow[]>,
): Promise<CombinedRow[]> {
  return gather(
    combineRows({
      contributions: pages(contributions),
      overlays: Object.entries(overlays).map(([source, rows]) => ({ source, rows: pages(rows) })),
      combine: (_, parts) => {
        const last = parts.at(-1)?.v;
        return last === null ? undefined : [last ?? null, parts.length];
      },
    }),
  );
}

test('a row of one overlay passes through as it is; one that several speak of is combined in order of rank', async () => {
  const rows = await combined([say('b', 'own'), say('c', 'own')], {
    upstream: [row('a', '{"z":1}'), row('b', '"up"')],
    another: [row('b', '"an"')],
  });
  assert.deepEqual(
    rows.map(({ k, v, sources }) => [k, v.toString(), sources]),
    [
      ['a', '{"z":1}', ['upstream']],
      ['b', '["own",3]', ['another', 'osv', 'upstream']],
      ['c', '["own",1]', ['osv']],
    ],
  );
});

test('a row that is combined into nothing is left out', async () => {
  const rows = await combined([say('a', null)], { upstream: [row('a', '1'), row('b', '2')] });
  assert.deepEqual(
    rows.map(({ k }) => k),
    ['b'],
  );
});

test('a source that is not sorted is an error', async () => {
  await assert.rejects(combined([], { upstream: [row('b', '1'), row('a', '2')] }), { code: 'INTERNAL' });
});
