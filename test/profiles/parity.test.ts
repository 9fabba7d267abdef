// Parity of two databases: which aspects differ, on values as Trivy's database has them; counts and table by hand.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import { aspectsOf, compareRows, type Comparison } from '../../src/profiles/database/parity.ts';
import { differenceLine, ParityCounter, reportTable } from '../../src/profiles/database/parity-report.ts';
import type { DatabaseRow } from '../../src/profiles/database/row.ts';

describe('two values of one key', () => {
  const cases: { readonly name: string; readonly a: Json; readonly b: Json; readonly want: string }[] = [
    { name: 'the fixed version', a: { FixedVersion: '1' }, b: { FixedVersion: '2' }, want: 'fix' },
    { name: 'a fixed version on one side', a: { FixedVersion: '1' }, b: {}, want: 'fix' },
    { name: 'ranges', a: { VulnerableVersions: ['<1', '<2'] }, b: { VulnerableVersions: ['<1'] }, want: 'fix' },
    { name: 'severity as a number', a: { Severity: 1 }, b: { Severity: 2 }, want: 'severity' },
    {
      name: 'the severity of one vendor',
      a: { VendorSeverity: { nvd: 3 } },
      b: { VendorSeverity: { nvd: 3, ghsa: 2 } },
      want: 'severity',
    },
    { name: 'the status', a: { Status: 5 }, b: { Status: 2 }, want: 'status' },
    { name: 'a title', a: { Title: 'a' }, b: { Title: 'b' }, want: 'other' },
    {
      name: 'an entry of Red Hat with another severity and fix',
      a: { Entries: [{ FixedVersion: '1', Cves: [{ ID: 'CVE-1', Severity: 2 }], Affected: [1] }] },
      b: { Entries: [{ FixedVersion: '2', Cves: [{ ID: 'CVE-1', Severity: 3 }], Affected: [1] }] },
      want: 'severity,fix',
    },
    {
      name: 'one more entry',
      a: { Entries: [{ FixedVersion: '1', Arches: ['x86_64'] }] },
      b: {
        Entries: [
          { FixedVersion: '1', Arches: ['x86_64'] },
          { FixedVersion: '2', Status: 3 },
        ],
      },
      want: 'status,fix',
    },
    { name: 'a list and a text', a: { FixedVersion: ['1'] }, b: { FixedVersion: '1' }, want: 'fix' },
    { name: 'an empty object and nothing', a: { Custom: {} }, b: {}, want: 'other' },
    { name: 'nothing', a: { FixedVersion: '1', Severity: 1 }, b: { FixedVersion: '1', Severity: 1 }, want: '' },
  ];
  for (const { name, a, b, want } of cases) {
    test(`that differ in ${name}`, () => {
      assert.equal(aspectsOf(a, b).join(), want);
      assert.equal(aspectsOf(b, a).join(), want);
    });
  }
});

const key = (...parts: string[]): string => parts.join('\u001f');

async function* pages(rows: Record<string, Json>, size: number): AsyncGenerator<DatabaseRow[]> {
  const all = Object.entries(rows).map(([k, v]) => ({ k, v: canonicalBytes(v) }));
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

test('a comparison counts every key once, and lists what differs', async () => {
  const ours = {
    [key('alpine 3.20', 'a', 'CVE-1')]: { FixedVersion: '1' },
    [key('alpine 3.20', 'b', 'CVE-1')]: { FixedVersion: '1' },
    [key('npm::x|y', 'c', 'CVE-2')]: { PatchedVersions: ['1'] },
    [key('vulnerability', 'CVE-1')]: { Title: 't', Severity: 'HIGH' },
  };
  const theirs = {
    [key('alpine 3.20', 'b', 'CVE-1')]: { FixedVersion: '1' },
    [key('alpine 3.20', 'b', 'CVE-2')]: { FixedVersion: '4' },
    [key('debian 12', 'd', 'CVE-1')]: { Status: 2 },
    [key('npm::x|y', 'c', 'CVE-2')]: { PatchedVersions: ['2'] },
    [key('vulnerability', 'CVE-1')]: { Title: 'u', Severity: 'LOW' },
  };
  const counter = new ParityCounter((k) => k.split('\u001f')[0] as string);
  const found: Comparison[] = [];
  for await (const page of compareRows(pages(ours, 1), pages(theirs, 3))) found.push(...page);
  for (const comparison of found) counter.add(comparison);
  const report = counter.report({ name: 'o', layerDigest: 'sha256:1' }, { name: 't', layerDigest: 'sha256:2' });
  const none = { same: 0, onlyOurs: 0, onlyTheirs: 0, severity: 0, status: 0, fix: 0, other: 0 };
  assert.deepEqual(report.buckets, [
    { bucket: 'alpine 3.20', ...none, same: 1, onlyOurs: 1, onlyTheirs: 1 },
    { bucket: 'debian 12', ...none, onlyTheirs: 1 },
    { bucket: 'npm::x|y', ...none, fix: 1 },
    { bucket: 'vulnerability', ...none, severity: 1, other: 1 },
  ]);
  assert.deepEqual(report.total, { same: 1, onlyOurs: 1, onlyTheirs: 2, severity: 1, status: 0, fix: 1, other: 1 });
  const lines = found.map(differenceLine).filter((line) => line !== undefined);
  assert.deepEqual(lines.map((line) => JSON.parse(line) as Json)[3], {
    differs: ['fix'],
    k: ['npm::x|y', 'c', 'CVE-2'],
    ours: { PatchedVersions: ['1'] },
    theirs: { PatchedVersions: ['2'] },
  });
  assert.equal(lines.length, 5);
  assert.match(reportTable(report), /^\| npm::x\\\|y \| 0 \| 0 \| 0 \| 0 \| 0 \| 1 \| 0 \|$/m);
});
