// Lists of coordinates with SHA-1: rows of both spellings, what is refused with its line, and the kinds of files.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parseGav } from '../../src/evidence/gav.ts';
import { corpusOrSkip } from '../support/corpora.ts';
import { testStore } from './store.ts';

const sha1 = (digit: string): string => digit.repeat(40);
const tsv = (...rows: readonly (readonly string[])[]): string => rows.map((row) => `${row.join('\t')}\n`).join('');

describe('lists of coordinates', () => {
  test('each coordinates are a record, and all SHA-1 of the same are in it', () => {
    const text = tsv(
      ['org.example', 'core', '1.0', '', sha1('b')],
      ['org.example', 'core', '1.0', 'tests', sha1('C')],
      ['org.example', 'core', '1.0', '', sha1('a')],
    );
    assert.deepEqual(parseGav(text, 'rows.tsv').records, [
      { k: 'rows.tsv\u001forg.example\u001fcore\u001f1.0\u001f', v: `{"sha1":["${sha1('a')}","${sha1('b')}"]}` },
      { k: 'rows.tsv\u001forg.example\u001fcore\u001f1.0\u001ftests', v: `{"sha1":["${sha1('c')}"]}` },
    ]);
  });

  test('JSON lines say the same, and a line of column names says nothing', () => {
    const row = { group: 'g', artifact: 'a', version: '1', classifier: 'c', sha1: sha1('1') };
    const { classifier: _, ...plain } = row;
    const lines = `${JSON.stringify(row)}\r\n\n${JSON.stringify(plain)}`;
    const table = `group\tartifact\tversion\tclassifier\tsha1\n${tsv(['g', 'a', '1', 'c', sha1('1')], ['g', 'a', '1', '', sha1('1')])}`;
    const expected = [
      { k: 'x\u001fg\u001fa\u001f1\u001fc', v: `{"sha1":["${sha1('1')}"]}` },
      { k: 'x\u001fg\u001fa\u001f1\u001f', v: `{"sha1":["${sha1('1')}"]}` },
    ];
    const renamed = (name: string): typeof expected => expected.map(({ k, v }) => ({ k: name + k.slice(1), v }));
    assert.deepEqual(parseGav(lines, 'r.jsonl').records, renamed('r.jsonl'));
    assert.deepEqual(parseGav(table, 'r.tsv').records, renamed('r.tsv'));
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['r.tsv', tsv(['g', 'a', '1', '', sha1('1')], ['g', 'a', '1', sha1('1')]), /^line 2 has not the five columns/],
    ['r.tsv', tsv(['g', 'a', '1', '', 'abc']), /^line 1: "abc" is no SHA-1$/],
    ['r.tsv', tsv(['', 'a', '1', '', sha1('1')]), /^line 1: the coordinates lack group, artifact or version$/],
    ['r.tsv', tsv(['g\u001f', 'a', '1', '', sha1('1')]), /hold a character that no key may have/],
    [
      'r.tsv',
      tsv(['g', 'a'.repeat(1_000), '1', '', sha1('1')], ['g', 'a'.repeat(1_020), '1', '', sha1('1')]),
      /^line 2: .*too long/,
    ],
    ['r.jsonl', '{"group":"g"}', /^line 1: artifact is not a text$/],
    ['r.jsonl', '["g"]', /^line 1 is not an object$/],
    ['r.jsonl', '{"group":', /^line 1 is not JSON/],
    ['r.tsv', tsv(['g', 'a', '1', '', sha1('1')]).repeat(100_001), /more than 100000 rows/],
  ];
  for (const [path, text, message] of refused) {
    test(`refused: ${message.source}`, () => {
      assert.throws(() => parseGav(text, path), { name: 'Refused', message });
    });
  }

  test('the rows of the corpus come in from the packed file, under its plain name', async (t) => {
    const corpus = corpusOrSkip(t, 'java/gav-sha1.tsv.gz');
    if (corpus === undefined) return;
    const { ingest, texts } = await testStore(t);
    const result = await ingest(corpus, { format: 'gav' });
    assert.deepEqual([result.added, result.rejected], [1, []]);
    const text = gunzipSync(await readFile(corpus)).toString('utf8');
    assert.deepEqual(await texts(), { ':gav-sha1.tsv': text });
    const keys = new Set(
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t').slice(0, 4).join()),
    );
    assert.equal(parseGav(text, 'gav-sha1.tsv').records.length, keys.size);
  });

  test('rows and documents both come as JSON lines; the first line tells them apart', async (t) => {
    const { ingest, file, texts } = await testStore(t);
    const row = JSON.stringify({ group: 'g', artifact: 'a', version: '1', sha1: sha1('1') });
    const list = tsv(['g', 'a', '1', '', sha1('2')]);
    await ingest(await file('rows.jsonl', row), { format: 'gav' });
    await ingest(await file('packed.jsonl.gz', gzipSync(row)), { format: 'gav' });
    await ingest(await file('documents.jsonl.gz', gzipSync(JSON.stringify({ path: 'd.tsv', text: list }))), {
      format: 'gav',
    });
    assert.deepEqual(await texts(), { ':d.tsv': list, ':packed.jsonl': row, ':rows.jsonl': row });
  });

  test('a folder gives its lists, a damaged one is refused by name', async (t) => {
    const { ingest, file, texts } = await testStore(t);
    const list = tsv(['g', 'a', '1', '', sha1('1')]);
    const folder = (await file('lists/a.tsv', list)).replace('/a.tsv', '');
    await file('lists/b.tsv.gz', gzipSync(list).subarray(0, 20));
    await file('lists/c.json', '{}');
    const { rejected } = await ingest(folder, { format: 'gav' });
    assert.deepEqual(
      rejected.map(({ path, code }) => `${code} ${path}`),
      ['archive-damaged b.tsv'],
    );
    assert.deepEqual(await texts(), { ':a.tsv': list });
  });
});
