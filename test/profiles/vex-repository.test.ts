// The documents of a VEX repository: packages by their identifiers, one document for each, the same for the same statements.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../src/core/canonical-json.ts';
import { indexDocument, locationOf, packageDocument } from '../../src/profiles/vex-repository/documents.ts';
import { packageId, VexPackages } from '../../src/profiles/vex-repository/packages.ts';

test('a package is called by its purl without version, qualifiers and subpath; an image keeps its repository', () => {
  for (const [purl, id] of [
    ['pkg:golang/github.com/aquasecurity/trivy@v0.50.0?type=module#cmd', 'pkg:golang/github.com/aquasecurity/trivy'],
    ['pkg:npm/@scope/p@1.0', 'pkg:npm/%40scope/p'],
    ['pkg:deb/debian/bash@5.3?distro=debian-12', 'pkg:deb/debian/bash'],
    // As the specification's own example has it.
    [
      'pkg:oci/trivy@sha256:abc?repository_url=ghcr.io%2Faquasecurity%2Ftrivy&arch=amd64',
      'pkg:oci/trivy?repository_url=ghcr.io%2Faquasecurity%2Ftrivy',
    ],
    ['https://example.com/product', undefined],
  ] as const) {
    assert.equal(packageId(purl), id, purl);
  }
});

function statementsOf(header: Json, statements: readonly Json[]) {
  const packages = new VexPackages();
  const records = [header, ...statements].map((v, at) => ({
    c: 'openvex/acme',
    k: at === 0 ? 'a.json' : `a.json\u001f${at}`,
    v,
  }));
  return records.flatMap((record) => packages.contributions(record));
}

test('a statement about two packages is in the documents of both, with the time of its document', () => {
  const found = statementsOf({ author: 'A', timestamp: '2026-01-01T00:00:00Z' }, [
    {
      vulnerability: { name: 'CVE-2026-0001' },
      products: [{ '@id': 'pkg:npm/a@1.0' }, { '@id': 'pkg:npm/b', subcomponents: [{ '@id': 'pkg:npm/c' }] }],
      status: 'not_affected',
      justification: 'component_not_present',
    },
  ]);
  const about = (product: Json) => ({
    author: 'A',
    statement: {
      vulnerability: { name: 'CVE-2026-0001' },
      products: [product],
      status: 'not_affected',
      justification: 'component_not_present',
      timestamp: '2026-01-01T00:00:00Z',
    },
  });
  assert.deepEqual(
    found.map(({ k, v }) => [k, v]),
    [
      ['pkg:npm/a', about({ '@id': 'pkg:npm/a@1.0' })],
      ['pkg:npm/b', about({ '@id': 'pkg:npm/b', subcomponents: [{ '@id': 'pkg:npm/c' }] })],
    ],
  );
});

test('statements of version 0.0.1 come in the form of version 0.2.0', () => {
  const [found] = statementsOf({ author: 'A', timestamp: '2026-01-01T00:00:00Z' }, [
    { vulnerability: 'CVE-2026-0001', products: ['pkg:oci/i'], subcomponents: ['pkg:apk/alpine/p'], status: 'fixed' },
  ]);
  assert.ok(found);
  assert.deepEqual((found.v as { statement: Json }).statement, {
    vulnerability: { name: 'CVE-2026-0001' },
    products: [{ '@id': 'pkg:oci/i', subcomponents: [{ '@id': 'pkg:apk/alpine/p' }] }],
    status: 'fixed',
    timestamp: '2026-01-01T00:00:00Z',
  });
});

test('a document and the index do not depend on the order of statements', () => {
  const one = { author: 'B', statement: { status: 'fixed', timestamp: '2026-01-02T00:00:00Z' } };
  const two = { author: 'A', statement: { status: 'affected', timestamp: '2026-01-01T00:00:00Z' } };
  const document = packageDocument('pkg:npm/a', [one, two]);
  assert.equal(document, packageDocument('pkg:npm/a', [two, one]));
  const { author, timestamp, statements } = JSON.parse(document) as { [member: string]: Json };
  assert.deepEqual([author, timestamp, statements], ['A, B', '2026-01-02T00:00:00Z', [two.statement, one.statement]]);
  assert.deepEqual(JSON.parse(indexDocument('', [{ id: 'pkg:npm/a', location: locationOf('pkg:npm/a') }])), {
    updated_at: '1970-01-01T00:00:00Z',
    packages: [{ id: 'pkg:npm/a', location: locationOf('pkg:npm/a'), format: 'openvex' }],
  });
});
