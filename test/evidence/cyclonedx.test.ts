// CycloneDX documents: every component is a record, whatever it lies in; the header is the rest; other forms are refused.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { parseCycloneDx } from '../../src/evidence/cyclonedx.ts';
import { Refused } from '../../src/evidence/refused.ts';
import { corpusOrSkip } from '../support/corpora.ts';

const document = (members: object): string =>
  JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', ...members });

describe('CycloneDX', () => {
  test('header and components, nested ones beside the others, make up the document', () => {
    const inner = { type: 'library', name: 'inner', version: '2' };
    const outer = { type: 'library', 'bom-ref': 'x', name: 'outer', purl: 'pkg:maven/g/outer@1' };
    const text = document({
      serialNumber: 'urn:uuid:1',
      metadata: { timestamp: '2024-01-02T03:04:05.678Z' },
      components: [{ ...outer, components: [inner] }, inner],
    });
    const { facts, records } = parseCycloneDx(text, 'a.json');
    assert.deepEqual(facts, { id: 'urn:uuid:1', ecosystems: [], modified: '2024-01-02T03:04:05Z' });
    assert.deepEqual(
      records.map(({ v }) => JSON.parse(v) as unknown),
      [
        {
          bomFormat: 'CycloneDX',
          metadata: { timestamp: '2024-01-02T03:04:05.678Z' },
          serialNumber: 'urn:uuid:1',
          specVersion: '1.5',
        },
        outer,
        inner,
        inner,
      ],
    );
    const [header, first, second, third] = records.map(({ k }) => k);
    assert.equal(header, 'a.json');
    assert.match(first?.replace('a.json\u001f', '') ?? '', /^[0-9a-f]{32}$/);
    assert.equal(third, `${second}-2`);
  });

  test('a component keeps its key whatever reference a build gives it', () => {
    const keyOf = (component: object): string | undefined =>
      parseCycloneDx(document({ components: [component] }), 'a.json').records[1]?.k;
    const purl = 'pkg:maven/g/a@1';
    assert.equal(keyOf({ name: 'a', purl, 'bom-ref': '1' }), keyOf({ name: 'a', purl, 'bom-ref': '2' }));
    assert.notEqual(keyOf({ name: 'a', version: '1' }), keyOf({ name: 'a', version: '2' }));
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['unknown-format', '<?xml version="1.0"?><bom/>', /the document is XML/],
    ['unknown-format', '{"spdxVersion":"SPDX-2.3"}', /bomFormat is not "CycloneDX"/],
    ['unknown-format', document({ specVersion: '2.0' }), /specVersion is "2.0", not one of 1.2/],
    ['wrong-type', document({ components: {} }), /components is not a list/],
    [
      'wrong-type',
      document({ components: [{ name: 'a', components: [7] }] }),
      /components\[0\]\.components\[0\] is not an object/,
    ],
    ['wrong-type', document({ components: [{ type: 'library' }] }), /components\[0\] has no name/],
    ['wrong-type', document({ components: [{ name: 'a', purl: 7 }] }), /components\[0\]\.purl is not a text/],
  ];
  for (const [code, text, message] of refused) {
    test(`refused: ${message.source}`, () => {
      assert.throws(() => parseCycloneDx(text, 'a.json'), { code, message });
    });
  }

  test('all real documents are read or refused for what they are', async (t) => {
    const corpus = corpusOrSkip(t, 'sboms/sboms.jsonl.gz');
    if (corpus === undefined) return;
    const counts = { read: 0, components: 0, refused: 0 };
    const lines = createInterface({ input: createReadStream(corpus).pipe(createGunzip()), crlfDelay: Infinity });
    for await (const line of lines) {
      const { path, text } = JSON.parse(line) as { path: string; text: string };
      try {
        const { records } = parseCycloneDx(text, path);
        counts.read++;
        counts.components += records.length - 1;
        assert.equal(new Set(records.map(({ k }) => k)).size, records.length);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        counts.refused++;
      }
    }
    // By a count of the corpus in another language: 61 documents; 94 SPDX, 7 XML and one broken text.
    assert.deepEqual([counts.read, counts.refused], [61, 102]);
    assert.equal(counts.components, 18_975);
  });
});
