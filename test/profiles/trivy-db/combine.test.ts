// Precedence of rows: own evidence over overlays, and nothing of an overlay changes where no own advisory speaks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../../src/core/canonical-json.ts';
import { overlayRank, rowKey } from '../../../src/profiles/database/row.ts';
import { combineTrivyRow } from '../../../src/profiles/trivy-db/combine.ts';
import { requiredContributions } from '../../../src/profiles/trivy-db/required-rows.ts';

const overlay = (k: string, v: Json) => ({ k, rank: overlayRank, v });
const own = (k: string, v: Json, rank = 110) => ({ k, rank, v });

test('an own advisory replaces the overlay’s', () => {
  const k = rowKey('debian 12', 'openssl', 'CVE-2024-0001');
  const parts = [overlay(k, { FixedVersion: '1', VendorIDs: ['DSA-1'] }), own(k, { FixedVersion: '2' })];
  assert.deepEqual(combineTrivyRow(k, parts), { FixedVersion: '2' });
});

test('an overlay’s data source stays', () => {
  const k = rowKey('data-source', 'debian 12');
  const parts = [overlay(k, { ID: 'debian', Name: 'theirs' }), own(k, { ID: 'debian', Name: 'ours' })];
  assert.deepEqual(combineTrivyRow(k, parts), { ID: 'debian', Name: 'theirs' });
});

test('own severities join the overlay’s vulnerability, whose text and last-resort severity stay', () => {
  const k = rowKey('vulnerability', 'CVE-2024-0001');
  const theirs = {
    Title: 'theirs',
    Severity: 'LOW',
    VendorSeverity: { nvd: 1, ghsa: 1 },
    CVSS: { nvd: { V3Score: 2 } },
    References: ['https://a'],
  };
  const ours = {
    Title: 'ours',
    Description: 'ours',
    Severity: 'HIGH',
    VendorSeverity: { ghsa: 3, 'osv/acme': 3 },
    CVSS: { ghsa: { V3Score: 8 } },
    References: ['https://b'],
  };
  assert.deepEqual(combineTrivyRow(k, [overlay(k, theirs), own(k, ours)]), {
    ...theirs,
    Description: 'ours',
    VendorSeverity: { nvd: 1, ghsa: 3, 'osv/acme': 3 },
    CVSS: { nvd: { V3Score: 2 }, ghsa: { V3Score: 8 } },
  });
});

test('of own records the higher rank gives the title, the graver one of a source its severity', () => {
  const k = rowKey('vulnerability', 'CVE-2024-0001');
  const low = own(k, { Title: 'a', Severity: 'LOW', VendorSeverity: { ghsa: 1 } }, 91);
  const high = own(k, { Title: 'b', Severity: 'HIGH', VendorSeverity: { ghsa: 3 } }, 91);
  const tenant = own(k, { Title: 'c', Severity: 'UNKNOWN' }, 200);
  for (const parts of [
    [low, high, tenant],
    [high, low, tenant],
  ]) {
    assert.deepEqual(combineTrivyRow(k, parts), { Title: 'c', Severity: 'HIGH', VendorSeverity: { ghsa: 3 } });
  }
});

test('content sets keep all numbers; what is taken for granted counts where nobody says more', () => {
  const k = rowKey('Red Hat CPE', 'repository', 'rhel-9-for-x86_64-baseos-rpms');
  const granted = requiredContributions().find((part) => part.k === k);
  assert.ok(granted);
  assert.deepEqual(combineTrivyRow(k, [granted]), granted.v);
  assert.deepEqual(combineTrivyRow(k, [overlay(k, [3, 1]), granted]), [1, 3]);
  assert.deepEqual(combineTrivyRow(k, [overlay(k, [3, 1]), own(k, [7])]), [1, 3, 7]);
});

test('entries of one Red Hat erratum stand side by side', () => {
  const k = rowKey('Red Hat', 'p', 'RHSA-2024:1');
  const entry = (number: number): Json => ({ Affected: [number], FixedVersion: '1' });
  const parts = [overlay(k, { Entries: [entry(1)] }), own(k, { Entries: [entry(7)] }), own(k, { Entries: [entry(7)] })];
  assert.deepEqual(combineTrivyRow(k, parts), { Entries: [entry(1), entry(7)] });
});

test('every content set that Trivy takes for granted has a number', () => {
  // trivy-db redhat-oval: the defaults of CentOS and RHEL 6 to 9.
  const sets = ['rhel-6-server-rpms', 'rhel-6-server-extras-rpms', 'rhel-7-server-rpms', 'rhel-7-server-extras-rpms'];
  const newer = ['8', '9'].flatMap((major) =>
    ['baseos', 'appstream'].map((channel) => `rhel-${major}-for-x86_64-${channel}-rpms`),
  );
  const keys = new Set(requiredContributions().map(({ k }) => k));
  for (const set of [...sets, ...newer]) assert.ok(keys.has(rowKey('Red Hat CPE', 'repository', set)), set);
});
