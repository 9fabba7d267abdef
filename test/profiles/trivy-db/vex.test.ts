// VEX statements take advisories out of a database when a profile asks for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../../src/core/canonical-json.ts';
import { overlayRank, rowKey } from '../../../src/profiles/database/row.ts';
import { parsePackageUrl } from '../../../src/profiles/trivy-db/vex/package-url.ts';
import { VexConversion } from '../../../src/profiles/trivy-db/vex/vex-rows.ts';
import { osv, range, rowsOf } from './osv-rows.ts';

const advisory = osv('npm', '@scope/p', {
  affected: { ranges: [range(['introduced', '0'], ['fixed', '2.0.0'])] },
  aliases: ['CVE-2024-0001'],
});
const key = 'npm::osv/acme / @scope/p / CVE-2024-0001';

type Statement = { readonly [member: string]: Json };
const statement: Statement = {
  vulnerability: { name: 'GO-1', aliases: ['CVE-2024-0001'] },
  products: [{ '@id': 'pkg:npm/%40scope/p' }],
  status: 'not_affected',
};

function withVex(statements: readonly Statement[], more: Parameters<typeof rowsOf>[1] = []) {
  const leftOut: Record<string, number> = {};
  const conversion = new VexConversion({
    suppress: ['not_affected', 'fixed'],
    collections: ['osv/acme'],
    leaveOut: (code, count = 1) => (leftOut[code] = (leftOut[code] ?? 0) + count),
  });
  const header = { timestamp: '2024-01-01T00:00:00Z' };
  const marks = [
    ...conversion.contributions({ c: 'openvex/acme', k: 'a.json', v: header }),
    ...statements.flatMap((v, at) => conversion.contributions({ c: 'openvex/acme', k: `a.json\u001f${at}`, v })),
  ];
  const { rows, leftOut: combined } = rowsOf([advisory], [...marks, ...more]);
  return { rows, leftOut: { ...leftOut, ...combined } };
}

test('a package that is not affected loses its advisory, which is counted', () => {
  const { rows, leftOut } = withVex([statement]);
  assert.equal(rows.has(key), false);
  assert.ok(rows.has('vulnerability / CVE-2024-0001'));
  assert.deepEqual(leftOut, { 'vex-not-affected': 1 });
});

test('an overlay’s advisory of the same package goes too', () => {
  const k = rowKey('npm::GitHub Security Advisory npm', '@scope/p', 'CVE-2024-0001');
  const { rows, leftOut } = withVex([statement], [{ k, rank: overlayRank, v: { VulnerableVersions: ['<9.0.0'] } }]);
  assert.equal(rows.has('npm::GitHub Security Advisory npm / @scope/p / CVE-2024-0001'), false);
  assert.deepEqual(leftOut, { 'vex-not-affected': 2 });
});

test('a version that is not affected is taken out of the ranges', () => {
  const { rows, leftOut } = withVex([{ ...statement, products: [{ '@id': 'pkg:npm/%40scope/p@1.2.3' }] }]);
  assert.deepEqual(rows.get(key), {
    PatchedVersions: ['2.0.0'],
    UnaffectedVersions: ['=1.2.3'],
    VendorIDs: ['X-1'],
    VulnerableVersions: ['<2.0.0'],
  });
  assert.deepEqual(leftOut, { 'vex-version': 1 });
});

test('the newest statement holds, and of two of one instant the graver one', () => {
  const at = (status: string, timestamp: string): Statement => ({ ...statement, status, timestamp });
  const early = '2024-02-01T00:00:00Z';
  const late = '2024-03-01T00:00:00Z';
  assert.ok(withVex([at('not_affected', early), at('affected', late)]).rows.has(key));
  assert.equal(withVex([at('affected', early), at('fixed', late)]).rows.has(key), false);
  assert.ok(withVex([at('not_affected', late), at('under_investigation', late)]).rows.has(key));
  // Without a time stamp of its own a statement is as old as its document.
  assert.ok(withVex([at('affected', early), statement]).rows.has(key));
});

test('what is said of another product, or of a package inside of one, changes nothing', () => {
  for (const [products, code] of [
    [[{ '@id': 'pkg:oci/image', subcomponents: [{ '@id': 'pkg:npm/%40scope/p' }] }], 'vex-product-not-a-package'],
    [[{ '@id': 'https://example.com/product' }], 'vex-product-not-a-package'],
    [[{ '@id': 'pkg:oci/image' }], 'vex-package-not-placed'],
    [[{ '@id': 'pkg:deb/debian/openssl@1.0' }], 'vex-package-not-placed'],
    [[{ '@id': 'pkg:deb/debian/openssl@1.0?distro=debian-12' }], 'vex-version-not-expressible'],
    [[{ '@id': 'pkg:npm/%40scope/p@x' }], 'vex-version-not-expressible'],
  ] as const) {
    const { rows, leftOut } = withVex([{ ...statement, products: products as unknown as Json }]);
    assert.ok(rows.has(key));
    assert.deepEqual(leftOut, { [code]: 1 });
  }
});

test('package URLs are read with their parts decoded', () => {
  for (const [text, want] of [
    ['pkg:npm/%40scope/p@1.0', { type: 'npm', namespace: '@scope', name: 'p', version: '1.0' }],
    ['pkg:npm/@scope/p', { type: 'npm', namespace: '@scope', name: 'p', version: '' }],
    ['pkg:golang/github.com/a/b@v1.2.3', { type: 'golang', namespace: 'github.com/a', name: 'b', version: 'v1.2.3' }],
    ['pkg:PyPI/django', { type: 'pypi', namespace: '', name: 'django', version: '' }],
  ] as const) {
    const { qualifiers, ...parts } = parsePackageUrl(text) ?? { qualifiers: new Map<string, string>() };
    assert.deepEqual(parts, want, text);
    assert.equal(qualifiers.size, 0);
  }
  assert.deepEqual(
    parsePackageUrl('pkg:deb/debian/a?arch=amd64&distro=debian-12#x')?.qualifiers.get('distro'),
    'debian-12',
  );
  for (const text of ['', 'npm/p', 'pkg:npm', 'pkg:npm/%ff', 'https://a/b'])
    assert.equal(parsePackageUrl(text), undefined);
});
