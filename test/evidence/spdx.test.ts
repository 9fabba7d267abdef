// SPDX 2 documents: every package is a record, the header is the rest; other versions are refused by name.

import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { createGunzip } from 'node:zlib';
import { Refused } from '../../src/evidence/refused.ts';
import { parseSpdx } from '../../src/evidence/spdx.ts';
import { corpusOrSkip } from '../support/corpora.ts';

const document = (members: object): string => JSON.stringify({ spdxVersion: 'SPDX-2.3', name: 'x', ...members });
const withPurl = (id: string, purl: string): object => ({
  SPDXID: id,
  name: 'a',
  externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
});

describe('SPDX', () => {
  test('header and packages make up the document, and a package keeps its key whatever a build calls it', () => {
    const [one, two] = [withPurl('SPDXRef-1', 'pkg:maven/g/a@1'), { SPDXID: 'SPDXRef-2', name: 'b' }];
    const creationInfo = { created: '2024-01-02T03:04:05Z' };
    const { facts, records } = parseSpdx(
      document({ creationInfo, documentNamespace: 'urn:x', packages: [one, two] }),
      'a.json',
    );
    assert.deepEqual(facts, { id: 'urn:x', ecosystems: [], modified: '2024-01-02T03:04:05Z' });
    assert.deepEqual(
      records.map(({ v }) => JSON.parse(v) as unknown),
      [{ creationInfo, documentNamespace: 'urn:x', name: 'x', spdxVersion: 'SPDX-2.3' }, one, two],
    );
    const again = parseSpdx(document({ packages: [withPurl('SPDXRef-9', 'pkg:maven/g/a@1')] }), 'a.json');
    assert.equal(again.records[1]?.k, records[1]?.k);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['unknown-format', '{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', /SPDX 3 or other JSON-LD/],
    [
      'unknown-format',
      document({ spdxVersion: 'SPDX-2.1' }),
      /spdxVersion is "SPDX-2.1", not one of SPDX-2.2, SPDX-2.3/,
    ],
    ['unknown-format', '{"bomFormat":"CycloneDX"}', /spdxVersion is no text/],
    ['wrong-type', document({ packages: {} }), /packages is not a list/],
    ['wrong-type', document({ packages: [{}] }), /packages\[0\] has no name/],
    [
      'wrong-type',
      document({ packages: [{ name: 'a', externalRefs: [1] }] }),
      /packages\[0\]\.externalRefs\[0\] is not an object/,
    ],
  ];
  for (const [code, text, message] of refused) {
    test(`refused: ${message.source}`, () => {
      assert.throws(() => parseSpdx(text, 'a.json'), { code, message });
    });
  }

  test('all real documents are read or refused for what they are', async (t) => {
    const corpus = corpusOrSkip(t, 'sboms/sboms.jsonl.gz');
    if (corpus === undefined) return;
    const counts = { read: 0, packages: 0, refused: 0 };
    for await (const line of createInterface({ input: createReadStream(corpus).pipe(createGunzip()) })) {
      const { path, text } = JSON.parse(line) as { path: string; text: string };
      try {
        counts.packages += parseSpdx(text, path).records.length - 1;
        counts.read++;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        counts.refused++;
      }
    }
    // By a count of the corpus in another language.
    assert.deepEqual(counts, { read: 76, packages: 16_333, refused: 87 });
  });
});
