// One OSV document: what is read out of it, and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import canonicalize from 'canonicalize';
import { limits } from '../../src/core/limits.ts';
import { parserOf } from '../../src/evidence/formats.ts';
import { wholeSeconds } from '../../src/evidence/instant.ts';
import { decodeDocument } from '../../src/evidence/json-document.ts';
import { parseOsv } from '../../src/evidence/osv.ts';
import { Refused } from '../../src/evidence/refused.ts';
import { corpusOrSkip } from '../support/corpora.ts';

function refusal(text: string): string {
  try {
    parseOsv(text, 'a.json');
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof Refused, String(error));
    return error.code;
  }
}

const nested = (depth: number): string => `{"id":"A","x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

for (const { name, given, want } of [
  { name: 'broken JSON', given: '{"id":"A",}', want: 'not-json' },
  { name: 'nothing at all', given: '', want: 'not-json' },
  { name: 'YAML', given: 'id: A\nmodified: 2026-01-01', want: 'not-json' },
  { name: 'a list', given: '[{"id":"A"}]', want: 'wrong-type' },
  { name: 'null', given: 'null', want: 'wrong-type' },
  { name: 'an id that is a number', given: '{"id":5,"modified":"2026-01-01T00:00:00Z"}', want: 'wrong-type' },
  { name: 'an empty id', given: '{"id":""}', want: 'wrong-type' },
  { name: 'an id with NUL', given: '{"id":"A\\u0000"}', want: 'wrong-type' },
  { name: 'an id that no index can hold', given: `{"id":"${'A'.repeat(1_025)}"}`, want: 'string-too-long' },
  { name: 'no id', given: '{"modified":"2026-01-01T00:00:00Z"}', want: 'wrong-type' },
  { name: 'modified that is a number', given: '{"id":"A","modified":1}', want: 'wrong-type' },
  { name: 'affected that is an object', given: '{"id":"A","affected":{}}', want: 'wrong-type' },
  { name: 'affected with a text in it', given: '{"id":"A","affected":["x"]}', want: 'wrong-type' },
  { name: 'a package that is a text', given: '{"id":"A","affected":[{"package":"x"}]}', want: 'wrong-type' },
  {
    name: 'an ecosystem that is a list',
    given: '{"id":"A","affected":[{"package":{"ecosystem":[]}}]}',
    want: 'wrong-type',
  },
  { name: 'an OpenVEX document', given: '{"@context":"https://openvex.dev/ns/v0.2.0"}', want: 'unknown-format' },
  { name: 'a number beyond doubles', given: '{"id":"A","x":1e400}', want: 'not-canonical' },
  {
    name: 'numbers that blow up in canonical form',
    given: `{"id":"A","x":[${'1e20,'.repeat(3_000_000)}0]}`,
    want: 'too-large',
  },
  { name: 'a lone surrogate', given: '{"id":"A","x":"\\ud800"}', want: 'not-canonical' },
  { name: 'nesting at the limit', given: nested(limits.documentDepth), want: 'taken' },
  { name: 'nesting over the limit', given: nested(limits.documentDepth + 1), want: 'too-deep' },
  { name: 'a bomb of brackets', given: '['.repeat(10_000_000), want: 'too-deep' },
  { name: 'brackets in a text', given: `{"id":"A","x":"${'['.repeat(1_000)}\\"${'['.repeat(1_000)}"}`, want: 'taken' },
  { name: 'a long text', given: `{"id":"A","x":"${'x'.repeat(limits.documentStringChars)}"}`, want: 'taken' },
  {
    name: 'a longer text',
    given: `{"id":"A","x":"${'x'.repeat(limits.documentStringChars + 1)}"}`,
    want: 'string-too-long',
  },
]) {
  test(`${name}: ${want}`, () => assert.equal(refusal(given), want));
}

test('the facts are id, whole seconds, and ecosystems without suffix, sorted and distinct', () => {
  const ecosystems = ['Packagist:https://packages.drupal.org/8', 'AlmaLinux:9', 'npm', 'AlmaLinux:8', ''];
  const affected = [...ecosystems.map((ecosystem) => ({ package: { ecosystem } })), { ranges: [] }, { package: null }];
  const parsed = parseOsv(
    JSON.stringify({ id: 'A:1', modified: '2026-07-15T14:00:00.987654+02:00', affected }),
    'x/a.json',
  );
  assert.deepEqual(parsed.facts, {
    id: 'A:1',
    modified: '2026-07-15T12:00:00Z',
    ecosystems: ['AlmaLinux', 'Packagist', 'npm'],
  });
  assert.deepEqual([parsed.records.map(({ k }) => k), parsed.warnings], [['x/a.json'], []]);
});

test('what the schema forbids and real feeds do is a warning', () => {
  assert.deepEqual(parseOsv('{"id":"A","aliases":null,"affected":null}', 'a').warnings, ['has no modified']);
  const odd = parseOsv('{"id":"A","modified":"yesterday"}', 'a');
  assert.deepEqual([odd.facts.modified, odd.warnings.length], ['', 1]);
});

test('a byte order mark is ignored with a warning, as RFC 8259 allows', () => {
  const parsed = parseOsv('\uFEFF{"modified":"2026-01-01T00:00:00Z","id":"A"}', 'a');
  assert.equal(parsed.records[0]?.v, '{"id":"A","modified":"2026-01-01T00:00:00Z"}');
  assert.match(parsed.warnings[0] ?? '', /byte order mark/);
});

test('bytes that are not UTF-8 are refused, and a mark at the beginning is kept', () => {
  assert.throws(() => decodeDocument(Buffer.from([0x7b, 0xff, 0x7d])), { code: 'not-utf8' });
  assert.throws(() => decodeDocument(Buffer.from([0xed, 0xa0, 0x80])), { code: 'not-utf8' });
  assert.throws(() => decodeDocument('\ud800'), { code: 'not-utf8' });
  assert.equal(decodeDocument(Buffer.from([0xef, 0xbb, 0xbf, 0x7b])), '\uFEFF{');
  assert.throws(() => decodeDocument(Buffer.alloc(limits.documentBytes + 1)), { code: 'too-large' });
});

test('instants follow RFC 3339 with fractions cut', () => {
  for (const [given, want] of [
    ['2026-07-15T12:00:00Z', '2026-07-15T12:00:00Z'],
    ['2026-07-15t12:00:00.999999z', '2026-07-15T12:00:00Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00Z'],
    ['2024-02-29T00:00:00-00:30', '2024-02-29T00:30:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59Z'],
    ['2026-02-29T00:00:00Z', ''],
    ['2026-13-01T00:00:00Z', ''],
    ['2026-07-15T24:00:00Z', ''],
    ['2026-07-15', ''],
    ['2026-07-15T12:00:00', ''],
    ['0000-01-01T00:00:00+01:00', ''],
    ['9999-12-31T23:59:59-01:00', ''],
    [' 2026-07-15T12:00:00Z', ''],
  ]) {
    assert.equal(wholeSeconds(given ?? ''), want, given);
  }
});

test('an unknown format is a mistake of the caller, with the names that are known', () => {
  assert.throws(() => parserOf('csaf'), { code: 'USAGE', hint: /^known formats: .*\bosv\b/ });
});

test('every document of the small corpus is taken, and its canonical form is that of another implementation', (t) => {
  const file = corpusOrSkip(t, 'osv-small/osv-small.jsonl.gz');
  if (file === undefined) return;
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
  for (const line of lines) {
    const { path, text } = JSON.parse(line) as { path: string; text: string };
    assert.equal(parseOsv(text, path).records[0]?.v, canonicalize(JSON.parse(text)), path);
  }
  assert.equal(lines.length, 1_851);
});
