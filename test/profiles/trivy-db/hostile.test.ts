// Records that nobody writes in good faith: any type anywhere, and texts that are made to take long.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, type Json } from '../../../src/core/canonical-json.ts';
import { osv, range, rowsOf } from './osv-rows.ts';

/** The same numbers on every machine (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const odd: readonly Json[] = [null, true, -1, '', 'x', '0', '1.0', [], [null], {}, { introduced: [] }, '\u001f', 'é'];

/** `value` with about one member in eight replaced by something else. */
function mutated(value: Json, random: () => number): Json {
  if (random() < 0.12) return odd[Math.floor(random() * odd.length)] as Json;
  if (Array.isArray(value)) return value.map((item) => mutated(item, random));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mutated(item as Json, random)]));
}

test('whatever the types, a record converts to rows that can be written', () => {
  const random = randomOf(1);
  const ecosystems = ['npm', 'PyPI', 'Debian:12', 'Alpine:v3.18', 'AlmaLinux:9', 'Red Hat:enterprise_linux:9::baseos'];
  for (let round = 0; round < 3_000; round++) {
    const ecosystem = ecosystems[round % ecosystems.length] as string;
    const document = osv(
      ecosystem,
      'p',
      {
        affected: {
          ranges: [range(['introduced', '1.0'], ['fixed', '2.0'], ['introduced', '3.0'], ['last_affected', '4.0'])],
          versions: ['1.0', '5.0'],
          severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
          ecosystem_specific: { urgency: 'low', binaries: [{ p: '2.0' }] },
          database_specific: { last_known_affected_version_range: '<= 9.0' },
        },
        aliases: ['CVE-2026-0001'],
        upstream: ['CVE-2026-0002'],
        references: [{ url: 'https://a' }],
        database_specific: { severity: 'HIGH', cwe_ids: ['CWE-1'] },
        withdrawn: null,
      },
      'DSA-1',
    );
    for (const [, value] of rowsOf([mutated(document, random)]).rows) canonicalJson(value);
  }
});

test('texts and lists that are made to take long do not', () => {
  const begun = performance.now();
  const many = 1 << 20;
  const long = 'a+'.repeat(many);
  const module = { affected: { ranges: [range(['introduced', '0'], ['fixed', '1-1.module+el9'])] }, summary: long };
  rowsOf([osv('AlmaLinux:9', 'p', module)]);
  rowsOf([osv(`SUSE:Linux Enterprise${' 1 a'.repeat(many)}\n`, 'p', module)]);
  rowsOf([osv(`Root:Debian:${'1'.repeat(many)}`, 'p', module)]);
  for (const ecosystem of ['npm', 'PyPI', 'Maven', 'RubyGems', 'NuGet', 'Debian:12', 'Wolfi', 'Rocky Linux:9']) {
    for (const version of ['1'.repeat(many), '1.'.repeat(many), '1-'.repeat(many), `1${'a1'.repeat(many)}`]) {
      rowsOf([
        osv(ecosystem, 'p', { affected: { ranges: [range(['introduced', version], ['fixed', `${version}1`])] } }),
      ]);
    }
  }
  const ranges = Array.from({ length: 20_000 }, (_, at) => range(['introduced', `${at}.1.0`], ['fixed', `${at}.2.0`]));
  const versions = Array.from({ length: 20_000 }, (_, at) => `${at}.3.0`);
  const { rows } = rowsOf([osv('npm', 'p', { affected: { ranges, versions } })]);
  const { VulnerableVersions } = rows.get('npm::osv/acme / p / X-1') as { VulnerableVersions: string[] };
  assert.equal(VulnerableVersions.length, 40_000);
  // Seconds on any machine; hours, if one of them grew with the square.
  assert.ok(performance.now() - begun < 60_000);
});
