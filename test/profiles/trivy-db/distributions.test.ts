// Rows of Linux distributions out of OSV records: buckets, fixed versions, and what a bucket cannot say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../../src/core/canonical-json.ts';
import { distributionOf } from '../../../src/profiles/trivy-db/osv/distributions.ts';
import { osv, range, rowsOf } from './osv-rows.ts';

test('ecosystems lead to the buckets that Trivy asks for', () => {
  for (const [ecosystem, bucket] of [
    ['Debian:12', 'debian 12'],
    ['Ubuntu:22.04:LTS', 'ubuntu 22.04'],
    ['Ubuntu:23.10', 'ubuntu 23.10'],
    ['Ubuntu:Pro:16.04:LTS', 'ubuntu 16.04-ESM'],
    ['Alpine:v3.18', 'alpine 3.18'],
    ['AlmaLinux:9', 'alma 9'],
    ['Rocky Linux:8', 'rocky 8'],
    ['Wolfi', 'wolfi'],
    ['Chainguard', 'chainguard'],
    ['MinimOS', 'minimos'],
    ['Echo', 'echo'],
    ['Azure Linux:3', 'Azure Linux 3.0'],
    ['Azure Linux:2', 'CBL-Mariner 2.0'],
    ['Photon OS:5.0', 'Photon OS 5.0'],
    ['SUSE:Linux Enterprise Server 15 SP5', 'SUSE Linux Enterprise 15.5'],
    ['SUSE:Linux Enterprise Module for Basesystem 15 SP6', 'SUSE Linux Enterprise 15.6'],
    ['SUSE:Linux Enterprise Server 12 SP5-LTSS', 'SUSE Linux Enterprise 12.5'],
    ['SUSE:Linux Enterprise Server 15-SP4', 'SUSE Linux Enterprise 15.4'],
    ['SUSE:Linux Enterprise Server 16.0', 'SUSE Linux Enterprise 16.0'],
    ['SUSE:Linux Enterprise Micro 5.3', 'SUSE Linux Enterprise Micro 5.3'],
    ['SUSE:Linux Micro 6.0', 'SUSE Linux Enterprise Micro 6.0'],
    ['openSUSE:Leap 15.5', 'openSUSE Leap 15.5'],
    ['openSUSE:Tumbleweed', 'openSUSE Tumbleweed'],
    ['Root:Debian:12', 'root.io debian 12'],
    ['Root:Alpine:3.18', 'root.io alpine 3.18'],
    ['Debian', undefined],
    ['Ubuntu:Pro:FIPS:22.04:LTS', undefined],
    ['SUSE:Linux Enterprise Storage 7', undefined],
    ['openEuler:22.03-LTS', undefined],
    ['Alpaquita:stream', undefined],
    ['Root:npm', undefined],
  ] as const) {
    assert.equal(distributionOf(ecosystem)?.bucket, bucket, ecosystem);
  }
});

const fixed = (...versions: readonly string[]): { [member: string]: Json } => ({
  affected: { ranges: versions.map((version) => range(['introduced', '0'], ['fixed', version])) },
});
const open = { affected: { ranges: [range(['introduced', '0'])] } };

test('a fix is a fixed version, and none is a finding, or nothing where Trivy would report nothing', () => {
  for (const [ecosystem, given, value, code] of [
    ['Debian:12', fixed('1.2.3-1+deb12u1'), { FixedVersion: '1.2.3-1+deb12u1' }, undefined],
    ['Debian:12', open, { Status: 2 }, undefined],
    ['Ubuntu:22.04:LTS', open, {}, undefined],
    ['Alpine:v3.18', open, {}, undefined],
    ['Azure Linux:3', open, {}, undefined],
    ['Echo', open, { Status: 2 }, undefined],
    ['Wolfi', fixed('1.2.3-r0'), { FixedVersion: '1.2.3-r0' }, undefined],
    ['Wolfi', open, undefined, 'fix-not-known'],
    ['AlmaLinux:9', open, undefined, 'fix-not-known'],
    ['AlmaLinux:9', fixed('0:1.0-1.el9', '0:1.0-2.el9'), { FixedVersion: '0:1.0-2.el9' }, 'fix-merged'],
    ['Debian:12', fixed('1.0~rc1-1', '1.0-1'), { FixedVersion: '1.0-1' }, 'fix-merged'],
    ['Wolfi', fixed('not a version'), undefined, 'version-not-expressible'],
    ['Rocky Linux:9', fixed('0:1.0-1.el9'), { FixedVersion: '0:1.0-1.el9' }, undefined],
    [
      'Root:Debian:12',
      fixed('1.0-1.root.io.1'),
      { PatchedVersions: ['1.0-1.root.io.1'], VulnerableVersions: ['<1.0-1.root.io.1'] },
      undefined,
    ],
  ] as const) {
    const { rows, leftOut } = rowsOf([osv(ecosystem, 'p', { ...given, upstream: ['CVE-2024-0001'] })]);
    const bucket = distributionOf(ecosystem)?.bucket;
    assert.deepEqual(rows.get(`${bucket} / p / CVE-2024-0001`), value, ecosystem);
    assert.deepEqual(leftOut, code === undefined ? {} : { [code]: 1 }, ecosystem);
  }
});

test('Alpine alone can say from which version on; elsewhere the loss is told', () => {
  const later = { affected: { ranges: [range(['introduced', '2.0.0-r0'], ['fixed', '2.1.0-r0'])] } };
  const alpine = rowsOf([osv('Alpine:v3.18', 'p', later)]);
  assert.deepEqual(alpine.rows.get('alpine 3.18 / p / X-1'), { AffectedVersion: '2.0.0-r0', FixedVersion: '2.1.0-r0' });
  const wolfi = rowsOf([osv('Wolfi', 'p', later)]);
  assert.deepEqual(wolfi.rows.get('wolfi / p / X-1'), { FixedVersion: '2.1.0-r0' });
  assert.deepEqual([alpine.leftOut, wolfi.leftOut], [{}, { 'lower-bound-lost': 1 }]);
});

test('Debian rows have its urgency and its errata', () => {
  const urgent = { affected: { ...open.affected, ecosystem_specific: { urgency: 'unimportant' } } };
  const one = rowsOf([osv('Debian:12', 'p', { ...urgent, upstream: ['CVE-2024-0001'] }, 'DEBIAN-CVE-2024-0001')]);
  assert.deepEqual(one.rows.get('debian 12 / p / CVE-2024-0001'), { Severity: 1, Status: 2 });
  const ended = { affected: { ...open.affected, ecosystem_specific: { urgency: 'end-of-life' } } };
  const two = rowsOf([osv('Debian:12', 'p', { ...ended, upstream: ['CVE-2024-0001'] })]);
  assert.deepEqual(two.rows.get('debian 12 / p / CVE-2024-0001'), { Status: 7 });
  const erratum = rowsOf([osv('Debian:12', 'p', { ...fixed('1.0-1'), related: ['CVE-2024-0001'] }, 'DSA-5000-1')]);
  assert.deepEqual(erratum.rows.get('debian 12 / p / CVE-2024-0001'), {
    FixedVersion: '1.0-1',
    VendorIDs: ['DSA-5000-1'],
  });
});

test('the record of a vulnerability speaks before an erratum about several', () => {
  const erratum = osv('Debian:12', 'p', { ...fixed('2.0-1'), related: ['CVE-2024-0001'] }, 'DSA-5000-1');
  const record = osv('Debian:12', 'p', { ...fixed('1.0-1'), upstream: ['CVE-2024-0001'] }, 'DEBIAN-CVE-2024-0001');
  for (const documents of [
    [erratum, record],
    [record, erratum],
  ]) {
    assert.deepEqual(rowsOf(documents).rows.get('debian 12 / p / CVE-2024-0001'), { FixedVersion: '1.0-1' });
  }
});

test('of several errata the highest fix counts', () => {
  const first = osv('AlmaLinux:9', 'p', { ...fixed('1.0-9.el9'), related: ['CVE-2024-0001'] }, 'ALSA-2024:1');
  const second = osv('AlmaLinux:9', 'p', { ...fixed('1.0-10.el9'), related: ['CVE-2024-0001'] }, 'ALSA-2024:2');
  for (const documents of [
    [first, second],
    [second, first],
  ]) {
    assert.deepEqual(rowsOf(documents).rows.get('alma 9 / p / CVE-2024-0001'), { FixedVersion: '1.0-10.el9' });
  }
});

test('packages of an RPM module stand under their stream, which the title alone tells', () => {
  const modular = { ...fixed('1:18.1-1.module_el9.1.0+1+abc'), related: ['CVE-2024-0001'] };
  const known = rowsOf([
    osv('AlmaLinux:9', 'nodejs', { ...modular, summary: 'Important: nodejs:18 security update' }, 'ALSA-1'),
  ]);
  const advisories = [...known.rows.keys()].filter((key) => key.startsWith('alma'));
  assert.deepEqual(advisories, ['alma 9 / nodejs:18::nodejs / CVE-2024-0001']);
  assert.equal((known.rows.get('vulnerability / CVE-2024-0001') as { Severity: string }).Severity, 'HIGH');
  const unknown = rowsOf([osv('AlmaLinux:9', 'nodejs', { ...modular, summary: 'nodejs update' }, 'ALSA-1')]);
  assert.deepEqual([[...unknown.rows.keys()], unknown.leftOut], [[], { 'module-stream-unknown': 1 }]);
});

test('SUSE rows stand under binaries and the identifier of the update', () => {
  const { rows } = rowsOf([
    osv(
      'SUSE:Linux Enterprise Server 15 SP5',
      'openssl-3',
      {
        affected: {
          ranges: [range(['introduced', '0'], ['fixed', '3.0.8-1'])],
          ecosystem_specific: { binaries: [{ libopenssl3: '3.0.8-1', 'openssl-3': '3.0.8-1' }] },
        },
        upstream: ['CVE-2024-0001'],
        summary: 'Security update for openssl-3',
      },
      'SUSE-SU-2024:1-1',
    ),
  ]);
  assert.deepEqual(
    [...rows].filter(([key]) => !key.startsWith('data-source') && !key.startsWith('vuln')),
    [
      ['SUSE Linux Enterprise 15.5 / libopenssl3 / SUSE-SU-2024:1-1', { FixedVersion: '3.0.8-1' }],
      ['SUSE Linux Enterprise 15.5 / openssl-3 / SUSE-SU-2024:1-1', { FixedVersion: '3.0.8-1' }],
    ],
  );
  assert.ok(rows.has('vulnerability / SUSE-SU-2024:1-1'));
});

test('Red Hat rows list the products by numbers that content sets lead to', () => {
  const document = {
    id: 'RHSA-2024:1',
    modified: '2024-01-01T00:00:00Z',
    upstream: ['CVE-2024-0001'],
    summary: 'Important: p security update',
    affected: ['enterprise_linux:9::baseos', 'rhel_aus:8.6::appstream', 'openshift:4.12::el8'].map((product) => ({
      package: { ecosystem: `Red Hat:${product}`, name: 'p', purl: 'pkg:rpm/redhat/p' },
      ranges: [range(['introduced', '0'], ['fixed', '0:1.0-1.el9'])],
    })),
  };
  const { rows, leftOut } = rowsOf([document]);
  assert.deepEqual(leftOut, { 'content-set-unknown': 1 });
  // The first 48 bits of SHA-256, as sha256sum gives them.
  const baseos = 0x14_75_32_c6_63_6a;
  const value = rows.get('Red Hat / p / RHSA-2024:1') as { Entries: { Affected: number[]; Cves: Json[] }[] };
  assert.equal(value.Entries.length, 1);
  assert.deepEqual(value.Entries[0]?.Cves, [{ ID: 'CVE-2024-0001', Severity: 3 }]);
  assert.deepEqual(rows.get('Red Hat CPE / repository / rhel-9-for-x86_64-baseos-rpms'), [baseos]);
  const [aus] = rows.get('Red Hat CPE / repository / rhel-8-for-aarch64-appstream-aus-rpms') as number[];
  assert.deepEqual(new Set(value.Entries[0]?.Affected), new Set([aus, baseos]));
  assert.equal(rows.get(`Red Hat CPE / cpe / ${baseos}`), 'cpe:/o:redhat:enterprise_linux:9::baseos');
});
