// Rows of language packages out of OSV records: keys, ranges in the comparers' syntax, data sources.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../../src/core/canonical-json.ts';
import { osv, range, rowsOf } from './osv-rows.ts';

const fixed = (version: string): { [member: string]: Json } => ({
  affected: { ranges: [range(['introduced', '0'], ['fixed', version])] },
});

/** The advisory of the only advisory row of a record. */
function advisory(document: Json): Json | undefined {
  const { rows } = rowsOf([document]);
  const keys = [...rows.keys()].filter((key) => key.includes('::') && !key.startsWith('data-source'));
  assert.equal(keys.length, 1, keys.join());
  return rows.get(keys[0] as string);
}

test('each ecosystem has its bucket and its spelling of names', () => {
  for (const [ecosystem, name, keys] of [
    ['npm', '@Scope/Name', ['npm::osv/acme / @scope/name']],
    [
      'PyPI',
      'Zope.Interface_X',
      ['pip::osv/acme / zope-interface-x', 'pip::osv/acme / zope.interface-x', 'pip::osv/acme / zope.interface.x'],
    ],
    ['Go', 'github.com/Masterminds/vcs', ['go::osv/acme / github.com/Masterminds/vcs']],
    ['Go', 'stdlib', ['go::osv/acme / stdlib']],
    ['crates.io', 'Tokio', ['cargo::osv/acme / tokio']],
    ['Maven', 'Org.Apache:Log4j', ['maven::osv/acme / org.apache:log4j']],
    ['Maven:https://repo1.maven.org/maven2', 'a:b', ['maven::osv/acme / a:b']],
    ['RubyGems', 'Rails', ['rubygems::osv/acme / rails']],
    ['NuGet', 'Newtonsoft.Json', ['nuget::osv/acme / Newtonsoft.Json', 'nuget::osv/acme / newtonsoft.json']],
    ['Packagist:https://packages.drupal.org/8', 'Drupal/Core', ['composer::osv/acme / drupal/core']],
    ['Hex', 'Plug', ['erlang::osv/acme / plug']],
    ['Pub', 'Http', ['pub::osv/acme / http']],
    ['SwiftURL', 'https://github.com/Apple/swift-nio.git', ['swift::osv/acme / github.com/Apple/swift-nio']],
    ['ConanCenter', 'OpenSSL', ['conan::osv/acme / openssl']],
    ['Bitnami', 'Redis', ['bitnami::osv/acme / redis']],
    ['Kubernetes', 'k8s.io/Kubelet', ['k8s::Official Kubernetes CVE Feed / k8s.io/kubelet']],
    ['Julia', 'OpenSSL_jll', ['julia::osv/acme / OpenSSL_jll']],
  ] as const) {
    const { rows } = rowsOf([osv(ecosystem, name, fixed('1.2.3'))]);
    const found = [...rows.keys()].filter((key) => key.includes('::') && !key.startsWith('data-source'));
    assert.deepEqual(
      found,
      keys.map((key) => `${key} / X-1`),
      `${ecosystem} ${name}`,
    );
    assert.deepEqual(rows.get(found[0] as string), { PatchedVersions: ['1.2.3'], VulnerableVersions: ['<1.2.3'] });
  }
});

test('records of known feeds are called as upstream calls them, others by their collection', () => {
  for (const [id, ecosystem, bucket, source] of [
    ['GHSA-aaaa-bbbb-cccc', 'crates.io', 'cargo::GitHub Security Advisory Rust', 'ghsa'],
    ['GHSA-aaaa-bbbb-cccc', 'PyPI', 'pip::GitHub Security Advisory pip', 'ghsa'],
    ['GO-2024-2687', 'Go', 'go::The Go Vulnerability Database', 'govulndb'],
    ['BIT-redis-2024-1', 'Bitnami', 'bitnami::Bitnami Vulnerability Database', 'bitnami'],
    ['JLSEC-2025-1', 'Julia', 'julia::Julia Ecosystem Security Advisories', 'julia'],
    ['RUSTSEC-2024-0001', 'crates.io', 'cargo::RustSec Advisory Database', 'osv'],
    ['PYSEC-2024-1', 'PyPI', 'pip::Python Packaging Advisory Database', 'osv'],
    ['MAL-2024-1', 'npm', 'npm::osv/acme', 'osv/acme'],
    ['ACME-1', 'npm', 'npm::osv/acme', 'osv/acme'],
  ] as const) {
    const { rows } = rowsOf([osv(ecosystem, 'p', fixed('1.0.0'), id)]);
    assert.ok(rows.has(`${bucket} / p / ${id}`), bucket);
    assert.equal((rows.get(`data-source / ${bucket}`) as { ID?: string }).ID, source);
  }
});

test('ranges become constraints', () => {
  const cases: readonly (readonly [name: string, affected: { [member: string]: Json }, want: Json])[] = [
    [
      'two branches',
      {
        ranges: [range(['introduced', '1.0.0'], ['fixed', '1.5.0'], ['introduced', '2.0.0'], ['fixed', '2.3.0'])],
      },
      { PatchedVersions: ['1.5.0', '2.3.0'], VulnerableVersions: ['>=1.0.0, <1.5.0', '>=2.0.0, <2.3.0'] },
    ],
    [
      'events in any order',
      {
        ranges: [range(['fixed', '2.3.0'], ['introduced', '2.0.0'], ['fixed', '1.5.0'], ['introduced', '0'])],
      },
      { PatchedVersions: ['1.5.0', '2.3.0'], VulnerableVersions: ['<1.5.0', '>=2.0.0, <2.3.0'] },
    ],
    ['no end', { ranges: [range(['introduced', '0'])] }, { VulnerableVersions: ['>=0'] }],
    [
      'an end that is affected',
      { ranges: [range(['introduced', '0'], ['last_affected', '1.2.0'])] },
      { VulnerableVersions: ['<=1.2.0'] },
    ],
    [
      'one version',
      { ranges: [range(['introduced', '1.2.0'], ['last_affected', '1.2.0'])] },
      { VulnerableVersions: ['=1.2.0'] },
    ],
    [
      'versions that no range holds',
      { ranges: [range(['introduced', '1.0.0'], ['fixed', '1.1.0'])], versions: ['1.0.5', '3.0.0'] },
      { PatchedVersions: ['1.1.0'], VulnerableVersions: ['>=1.0.0, <1.1.0', '=3.0.0'] },
    ],
    ['versions alone', { versions: ['1.0.0', '1.0.1'] }, { VulnerableVersions: ['=1.0.0', '=1.0.1'] }],
    [
      'an end that the GitHub database knows',
      {
        ranges: [range(['introduced', '0'])],
        database_specific: { last_known_affected_version_range: '<= 2.6.3' },
      },
      { VulnerableVersions: ['<=2.6.3'] },
    ],
    [
      'a fix that lies in another range is no secure version',
      {
        ranges: [
          range(['introduced', '1.0.0'], ['fixed', '2.0.1']),
          range(['introduced', '2.0.0'], ['fixed', '2.0.5']),
        ],
      },
      { VulnerableVersions: ['>=1.0.0, <2.0.1', '>=2.0.0, <2.0.5'] },
    ],
    [
      'commits beside versions',
      { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }, range(['introduced', '0'], ['fixed', '1.0.0'])] },
      { PatchedVersions: ['1.0.0'], VulnerableVersions: ['<1.0.0'] },
    ],
  ];
  for (const [name, affected, want] of cases) assert.deepEqual(advisory(osv('npm', 'p', { affected })), want, name);
});

test('what cannot be expressed is left out with a code, and the rest stays', () => {
  const bad = range(['introduced', '0'], ['fixed', '1.2.3.4']);
  const good = range(['introduced', '2.0.0'], ['fixed', '2.1.0']);
  const both = rowsOf([osv('npm', 'p', { affected: { ranges: [bad, good], versions: ['x', '1.0.0'] } })]);
  assert.deepEqual(both.leftOut, { 'version-not-expressible': 2 });
  assert.deepEqual(both.rows.get('npm::osv/acme / p / X-1'), {
    PatchedVersions: ['2.1.0'],
    VulnerableVersions: ['>=2.0.0, <2.1.0', '=1.0.0'],
  });
  const none = rowsOf([osv('npm', 'p', { affected: { ranges: [bad] } })]);
  assert.deepEqual([[...none.rows.keys()], none.leftOut], [[], { 'version-not-expressible': 1 }]);
  for (const [code, document] of [
    ['git-range-only', { id: 'P-1', affected: [{ ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] }] }],
    ['nothing-affected', osv('npm', 'p', {})],
    [
      'nothing-affected',
      osv('npm', 'p', { affected: { ranges: [range(['introduced', '1.0.0'], ['fixed', '1.0.0'])] } }),
    ],
    ['ecosystem-not-scanned', osv('Hackage', 'p', fixed('1.0'))],
    ['ecosystem-not-scanned', osv('Debian', 'p', fixed('1.0'))],
    ['package-not-named', osv('npm', '', fixed('1.0.0'))],
    ['key-too-long', osv('npm', 'p'.repeat(1_020), fixed('1.0.0'))],
    ['withdrawn', { ...(osv('npm', 'p', fixed('1.0.0')) as object), withdrawn: '2026-07-15T00:00:00Z' }],
  ] as const) {
    const { rows, leftOut } = rowsOf([document as Json]);
    assert.equal(leftOut[code], 1, code);
    assert.equal(rows.get('npm::osv/acme / p / X-1'), undefined, code);
  }
});

test('withdrawn is judged at the snapshot, not by the clock', () => {
  const later = { ...(osv('npm', 'p', fixed('1.0.0')) as object), withdrawn: '2026-07-15T00:00:01Z' };
  assert.ok(rowsOf([later]).rows.has('npm::osv/acme / p / X-1'));
});

test('each CVE that a record names has an advisory, and the other names are vendor identifiers', () => {
  const { rows } = rowsOf([
    osv('npm', 'p', { ...fixed('1.0.0'), aliases: ['CVE-2024-0002', 'GHSA-x'], upstream: ['CVE-2024-0001'] }, 'ACME-1'),
  ]);
  const advisories = [...rows].filter(([key]) => key.startsWith('npm::'));
  assert.deepEqual(
    advisories.map(([key]) => key),
    ['npm::osv/acme / p / CVE-2024-0001', 'npm::osv/acme / p / CVE-2024-0002'],
  );
  for (const [, value] of advisories) {
    assert.deepEqual(value, {
      PatchedVersions: ['1.0.0'],
      VendorIDs: ['ACME-1', 'GHSA-x'],
      VulnerableVersions: ['<1.0.0'],
    });
  }
});

test('two records about one package and CVE say together what is affected, in any order', () => {
  const aliases = { aliases: ['CVE-2024-0001'] };
  const one = osv('npm', 'p', { ...fixed('1.0.0'), ...aliases }, 'ACME-1');
  const other = osv('npm', 'p', { affected: { versions: ['2.0.0'] }, ...aliases }, 'ACME-2');
  const want = { VendorIDs: ['ACME-1', 'ACME-2'], VulnerableVersions: ['<1.0.0', '=2.0.0'] };
  const key = 'npm::osv/acme / p / CVE-2024-0001';
  assert.deepEqual(rowsOf([one, other]).rows.get(key), want);
  assert.deepEqual(rowsOf([other, one]).rows.get(key), want);
});

test('the vulnerability row has severities, scores, weaknesses and references of its source', () => {
  const { rows, leftOut } = rowsOf([
    osv(
      'npm',
      'p',
      {
        ...fixed('1.0.0'),
        aliases: ['CVE-2024-0001'],
        summary: 'a title',
        details: 'a text',
        published: '2024-01-02T03:04:05.678Z',
        references: [{ url: 'https://b' }, { url: 'https://a' }, { url: 'https://a' }],
        severity: [
          { type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' },
          { type: 'CVSS_V4', score: 'nonsense' },
        ],
        database_specific: { severity: 'MODERATE', cwe_ids: ['CWE-79'] },
      },
      'GHSA-aaaa-bbbb-cccc',
    ),
  ]);
  assert.deepEqual(leftOut, { 'severity-not-read': 1 });
  assert.deepEqual(rows.get('vulnerability / CVE-2024-0001'), {
    CVSS: { ghsa: { V3Score: 9.8, V3Vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' } },
    CweIDs: ['CWE-79'],
    Description: 'a text',
    LastModifiedDate: '2026-01-01T00:00:00Z',
    PublishedDate: '2024-01-02T03:04:05Z',
    References: ['https://a', 'https://b'],
    Severity: 'MEDIUM',
    Title: 'a title',
    VendorSeverity: { ghsa: 2 },
  });
});

test('without a word for it the severity comes from CVSS, version 4 before 3 before 2', () => {
  const v2 = { type: 'CVSS_V2', score: 'AV:N/AC:L/Au:N/C:C/I:C/A:C' };
  const v3 = { type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N' };
  const v4 = { type: 'CVSS_V4', score: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N' };
  for (const [severity, name] of [
    [[v2, v3, v4], 'CRITICAL'],
    [[v2, v3], 'MEDIUM'],
    [[v2], 'CRITICAL'],
    [[], 'UNKNOWN'],
  ] as const) {
    const { rows } = rowsOf([osv('npm', 'p', { ...fixed('1.0.0'), severity: [...severity] })]);
    assert.equal((rows.get('vulnerability / X-1') as { Severity: string }).Severity, name);
  }
});
