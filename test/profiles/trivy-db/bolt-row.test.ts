// Rows of a bolt database: keys in bolt's order, values that come back as they were.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOfRows, rowOfFact, rowValue, valueOfRow } from '../../../src/profiles/trivy-db/bolt-row.ts';

const fact = (path: readonly string[], key: string | Buffer, value: string | null) => ({
  path: path.map((name) => Buffer.from(name)),
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
});

test('the key of a row is bucket names and key joined by U+001F, its value canonical JSON', () => {
  const row = rowOfFact(fact(['debian 12', 'curl'], 'CVE-2026-1', '{"b":"\\u003cx","a":[1.0]}'));
  assert.equal(row?.k, 'debian 12\u001fcurl\u001fCVE-2026-1');
  assert.equal(row.v.toString(), '{"a":[1],"b":"<x"}');
});

test('names that cannot stand in a key, and bare buckets, have no row', () => {
  assert.equal(rowOfFact(fact(['a'], 'tab\there', '{}')), undefined);
  assert.equal(rowOfFact(fact(['a'], Buffer.of(0xff), '{}')), undefined);
  assert.equal(rowOfFact(fact(['a'], 'x'.repeat(1_023), '{}')), undefined);
  assert.equal(rowOfFact(fact(['a'], 'bucket', null)), undefined);
  assert.notEqual(rowOfFact(fact(['a'], 'x'.repeat(1_022), '{}')), undefined);
});

test('values that JSON would not give back come back byte for byte', () => {
  const odd = [
    Buffer.from([0xff, 0xfe]),
    Buffer.from('not JSON'),
    Buffer.from(''),
    Buffer.from('12345678901234567890'),
    Buffer.from('[1e400]'),
    Buffer.from('"\\ud800"'),
    Buffer.from('{"$bytes":"eA=="}'),
    Buffer.from(`${'['.repeat(2_000)}${']'.repeat(2_000)}`),
    Buffer.from('\ufeff{}'),
  ];
  for (const value of odd) {
    const v = rowValue(value);
    assert.match(v.toString(), /^\{"\$bytes":"/);
    assert.deepEqual(valueOfRow(v), value);
  }
});

test('numbers and strings that only look odd stay JSON', () => {
  const text = '{"long":"1234567890123456789","n":[0.1,1e-7,9007199254740991,9.8]}';
  assert.equal(rowValue(Buffer.from(text)).toString(), text);
  assert.equal(rowValue(Buffer.from('"\\ud83d\\ude00"')).toString(), '"\u{1F600}"');
});

test('facts of rows have the bucket path, and share it inside a bucket', () => {
  const rows = ['a\u001fb\u001fk1', 'a\u001fb\u001fk2', 'a\u001fc\u001fk1'].map((k) => ({ k, v: Buffer.from('{}') }));
  const facts = [...factsOfRows(rows)];
  assert.deepEqual(
    facts.map(({ path, key }) => [...path, key]),
    [
      ['a', 'b', 'k1'],
      ['a', 'b', 'k2'],
      ['a', 'c', 'k1'],
    ],
  );
  assert.equal(facts[0]?.path, facts[1]?.path);
});
