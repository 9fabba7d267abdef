// The sample evidence is what its README says: the digests there were computed when it was cut, by another program.

import assert from 'node:assert/strict';
import { createHash, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

type Line = { readonly op?: 'put' | 'del'; readonly source: string; readonly path: string; readonly text?: string };

const folder = new URL('../registry-fixtures/osv/', import.meta.url);
const days = ['day-1', 'day-2'] as const;

function readDay(day: string): Line[] {
  const text = gunzipSync(readFileSync(new URL(`${day}.jsonl.gz`, folder))).toString('utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
}

/** SHA-256 over the sorted lines `source TAB path TAB sha256hex(text) LF`. */
function stateSha256(state: ReadonlyMap<string, string>): string {
  const lines = [...state].map(([key, text]) => Buffer.from(`${key}\t${hash('sha256', text)}\n`));
  const all = createHash('sha256');
  for (const line of lines.sort((a, b) => Buffer.compare(a, b))) all.update(line);
  return all.digest('hex');
}

const keyOf = ({ source, path }: Line): string => `${source}\t${path}`;

test('both days have the state digests of the README', () => {
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const promised = [...readme.matchAll(/^\| day .*`([0-9a-f]{64})`/gm)].map((match) => match[1]);
  const state = new Map(readDay('day-1').map((line) => [keyOf(line), line.text ?? '']));
  const found = [stateSha256(state)];
  for (const line of readDay('day-2')) {
    if (line.op === 'del') assert.ok(state.delete(keyOf(line)), keyOf(line));
    else state.set(keyOf(line), line.text ?? '');
  }
  assert.deepEqual([...found, stateSha256(state)], promised);
});

test('lines are sorted and no path is there twice', () => {
  for (const day of days) {
    const keys = readDay(day).map((line) => Buffer.from(`${line.source}\0${line.path}`));
    for (const [i, key] of keys.slice(1).entries())
      assert.equal(Buffer.compare(keys[i] as Buffer, key), -1, key.toString());
  }
});

test('the archives name no file and no time', () => {
  for (const day of days) {
    const header = readFileSync(new URL(`${day}.jsonl.gz`, folder)).subarray(0, 8);
    assert.equal(header.toString('hex'), '1f8b080000000000', day);
  }
});
