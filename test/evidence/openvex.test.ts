// One OpenVEX document: what is read out of it, and what is refused.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { limits } from '../../src/core/limits.ts';
import { parseOpenVex } from '../../src/evidence/openvex.ts';
import { Refused } from '../../src/evidence/refused.ts';
import { corpusOrSkip } from '../support/corpora.ts';

const header = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.com/vex-1',
  author: 'Example',
  timestamp: '2024-07-10T12:17:44.6+04:00',
  version: 1,
};
const statement = {
  vulnerability: { name: 'CVE-2024-0001' },
  products: [{ '@id': 'pkg:npm/p' }],
  status: 'not_affected',
};

function refusal(document: unknown, path = 'a.json'): string {
  try {
    parseOpenVex(JSON.stringify(document), path);
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof Refused, String(error));
    return error.code;
  }
}

test('a document is a header and a record for each statement', () => {
  const { facts, records } = parseOpenVex(JSON.stringify({ ...header, statements: [statement] }), 'a.json');
  assert.deepEqual(facts, { id: 'https://example.com/vex-1', ecosystems: [], modified: '2024-07-10T08:17:44Z' });
  assert.deepEqual(
    records.map(({ v }) => JSON.parse(v)),
    [header, statement],
  );
  const [first, second] = records.map(({ k }) => k);
  assert.equal(first, 'a.json');
  const [path, key] = (second ?? '').split('\u001f');
  assert.equal(path, 'a.json');
  assert.match(key ?? '', /^[0-9a-f]{32}$/);
});

test('a statement keeps its key when its status, its time stamp or the rest of the document changes', () => {
  const keyOf = (document: unknown) => parseOpenVex(JSON.stringify(document), 'a.json').records.map(({ k }) => k);
  const before = keyOf({ ...header, statements: [statement] });
  const other = { vulnerability: { name: 'CVE-2024-0002' }, products: [], status: 'affected' };
  const after = keyOf({
    ...header,
    '@id': 'x',
    timestamp: '2025-01-01T00:00:00Z',
    statements: [other, { ...statement, status: 'fixed', timestamp: '2025-01-01T00:00:00Z' }],
  });
  assert.equal(after[2], before[1]);
});

test('statements that repeat each other have keys of their own', () => {
  const { records } = parseOpenVex(JSON.stringify({ ...header, statements: [statement, statement] }), 'a.json');
  assert.deepEqual(records[2]?.k, `${records[1]?.k}-2`);
});

test('version 0.0.1 has texts for vulnerability and products', () => {
  const old = { vulnerability: 'CVE-2024-0001', products: ['pkg:npm/p'], status: 'fixed' };
  assert.equal(refusal({ ...header, '@context': 'https://openvex.dev/ns/v0.0.1', statements: [old] }), 'taken');
  assert.equal(refusal({ ...header, '@context': 'https://openvex.dev/ns', statements: [old] }), 'taken');
});

for (const { name, given, want } of [
  { name: 'an OSV record', given: { id: 'A', modified: '2024-01-01T00:00:00Z' }, want: 'unknown-format' },
  {
    name: 'a context of the future',
    given: { ...header, '@context': 'https://openvex.dev/ns/v9' },
    want: 'unknown-format',
  },
  { name: 'no statements', given: header, want: 'wrong-type' },
  { name: 'a list', given: [header], want: 'wrong-type' },
  { name: 'a statement that is a text', given: { ...header, statements: ['x'] }, want: 'wrong-type' },
  {
    name: 'an unknown status',
    given: { ...header, statements: [{ ...statement, status: 'safe' }] },
    want: 'wrong-type',
  },
  {
    name: 'no vulnerability',
    given: { ...header, statements: [{ ...statement, vulnerability: {} }] },
    want: 'wrong-type',
  },
  {
    name: 'products in an object',
    given: { ...header, statements: [{ ...statement, products: {} }] },
    want: 'wrong-type',
  },
]) {
  test(`${name} is refused as ${want}`, () => assert.equal(refusal(given), want));
}

test('a path that leaves no room for statement keys is refused', () => {
  assert.equal(refusal({ ...header, statements: [] }, 'p'.repeat(limits.keyBytes - 47)), 'bad-path');
  assert.equal(refusal({ ...header, statements: [] }, 'p'.repeat(limits.keyBytes - 48)), 'taken');
});

test('every document of a real hub is taken, with as many records as it has statements', (t) => {
  const file = corpusOrSkip(t, 'vex/hub-base-2026-01-29.jsonl.gz');
  if (file === undefined) return;
  let statements = 0;
  for (const line of gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')) {
    const { path, text } = JSON.parse(line) as { path: string; text: string };
    const document = JSON.parse(text) as { '@context'?: string; statements?: unknown[] };
    if (document['@context'] === undefined) continue;
    const { records } = parseOpenVex(text, path);
    assert.equal(new Set(records.map(({ k }) => k)).size, (document.statements?.length ?? 0) + 1, path);
    statements += records.length - 1;
  }
  assert.ok(statements > 10_000);
});
