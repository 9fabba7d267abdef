// Rows out of own evidence: what each format says, who has a SHA-1 that several speak of, and the artifacts of advisories.

import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { createGunzip } from 'node:zlib';
import type { Json } from '../../../src/core/canonical-json.ts';
import { parseCycloneDx } from '../../../src/evidence/cyclonedx.ts';
import { parseGav } from '../../../src/evidence/gav.ts';
import { parseJarFacts } from '../../../src/evidence/jar-facts.ts';
import { parseSpdx } from '../../../src/evidence/spdx.ts';
import { Refused } from '../../../src/evidence/refused.ts';
import type { ParsedDocument } from '../../../src/evidence/types.ts';
import type { Contribution, DatabaseRow } from '../../../src/profiles/database/row.ts';
import { advisedByOsv, advisedByRow, advisedRows } from '../../../src/profiles/trivy-java-db/advised.ts';
import { javaContributions, Sha1Claims } from '../../../src/profiles/trivy-java-db/contributions.ts';
import { corpusOrSkip } from '../../support/corpora.ts';
import { corpusRows } from './corpus-rows.ts';

const sha1 = (digit: string): string => digit.repeat(40);

function contributionsOf(format: string, { records }: ParsedDocument): Contribution[] {
  return records.flatMap(({ k, v }) => [...javaContributions({ format, k, v: JSON.parse(v) as Json })]);
}

const gav = (...row: string[]): Contribution[] => contributionsOf('gav', parseGav(row.join('\t'), 'r.tsv'));

function jarOf(group: string, artifact: string, digit: string): Contribution[] {
  const facts = JSON.stringify({ group, artifact, version: '1', sha1: sha1(digit) });
  return contributionsOf('jars', parseJarFacts(facts, `${artifact}.jar`));
}

function component(purl: string, digits: string): object {
  return {
    type: 'library',
    name: 'x',
    purl,
    hashes: [
      { alg: 'SHA-256', content: 'f' },
      { alg: 'SHA-1', content: digits },
    ],
  };
}

function sbom(...components: object[]): ParsedDocument {
  const [root, ...rest] = components;
  const document = { bomFormat: 'CycloneDX', specVersion: '1.5', metadata: { component: root }, components: rest };
  return parseCycloneDx(JSON.stringify(document), 'a.json');
}

async function* pageOf<T>(...items: T[]): AsyncGenerator<T[]> {
  yield items;
}

async function allOf(pages: AsyncIterable<readonly DatabaseRow[]>): Promise<(readonly [string, unknown])[]> {
  const rows: (readonly [string, unknown])[] = [];
  for await (const page of pages)
    for (const { k, v } of page) rows.push([k.replaceAll('\u001f', ':'), JSON.parse(v.toString())]);
  return rows;
}

describe('what evidence says of archives', () => {
  test('each format says coordinates and SHA-1, hashed archives with the most weight', () => {
    const k = 'g\u001fa\u001f1\u001f';
    const v = { jar: [sha1('1')] };
    const [list] = gav('g', 'a', '1', '', sha1('1'));
    const [hashed] = jarOf('g', 'a', '1');
    const [listed] = contributionsOf(
      'cyclonedx',
      sbom({ name: 'root' }, component('pkg:maven/g/a@1?type=jar', sha1('1'))),
    );
    assert.deepEqual([list?.k, hashed?.k, listed?.k], [k, k, k]);
    assert.deepEqual([list?.v, hashed?.v, listed?.v], [v, v, v]);
    assert.ok(
      (listed?.rank ?? 0) > 0 && (listed?.rank ?? 9) < (list?.rank ?? 0) && (list?.rank ?? 9) < (hashed?.rank ?? 0),
    );
  });

  test('of an SBOM also what it is about, encoded names and classifiers; no POM, and nothing of other ecosystems', () => {
    const found = contributionsOf(
      'cyclonedx',
      sbom(
        component('pkg:maven/g/root@1', sha1('0')),
        component('pkg:maven/g/a%2Bb@1%201?classifier=no_aop&type=jar', sha1('A')),
        component('pkg:maven/g/parent@1?type=pom', sha1('2')),
        component('pkg:npm/a@1', sha1('3')),
        { name: 'bare', hashes: [{ alg: 'SHA-1', content: sha1('4') }] },
      ),
    );
    assert.deepEqual(
      found.map(({ k, v }) => [k.replaceAll('\u001f', ':'), v]),
      [
        ['g:root:1:', { jar: [sha1('0')] }],
        ['g:a+b:1 1:no_aop', { jar: [sha1('a')] }],
      ],
    );
  });

  test('what is left out is counted by its reason', () => {
    const reasons: string[] = [];
    for (const purl of ['pkg:maven/g/a@1', 'pkg:maven/g/a', 'pkg:maven/a@1']) {
      const digits = purl.endsWith('@1') && purl.includes('g/') ? 'none' : sha1('1');
      for (const { k, v } of sbom({ name: 'root' }, component(purl, digits)).records) {
        const record = { format: 'cyclonedx', k, v: JSON.parse(v) as Json };
        assert.deepEqual([...javaContributions(record, (code) => reasons.push(code))], []);
      }
    }
    assert.deepEqual(reasons, ['no-sha1', 'key-not-writable', 'key-not-writable']);
  });

  test('real SBOMs give the rows that others harvested from them, without POMs', async (t) => {
    const sboms = corpusOrSkip(t, 'sboms/sboms.jsonl.gz');
    const known = corpusOrSkip(t, 'java/gav-sha1.tsv.gz');
    if (sboms === undefined || known === undefined) return;
    const found = new Set<string>();
    for await (const line of createInterface({ input: createReadStream(sboms).pipe(createGunzip()) })) {
      const { path, text } = JSON.parse(line) as { path: string; text: string };
      try {
        const isSpdx = /"spdxVersion"/.test(text);
        const document = isSpdx ? parseSpdx(text, path) : parseCycloneDx(text, path);
        for (const { k, v } of contributionsOf(isSpdx ? 'spdx' : 'cyclonedx', document)) {
          for (const digits of (v as { jar: string[] }).jar) found.add(`${k.replaceAll('\u001f', ':')} ${digits}`);
        }
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
    const rows = new Set(
      corpusRows(known).map((r) => `${[r.group, r.artifact, r.version, r.classifier].join(':')} ${r.sha1}`),
    );
    assert.deepEqual(
      [...found].filter((row) => !rows.has(row)),
      [],
    );
    // Counted in another language: Maven package URLs with a SHA-1 that are none of POMs.
    assert.equal(found.size, 1_284);
  });
});

describe('one SHA-1 and several names', () => {
  const claimsOf = (...all: Contribution[][]): Sha1Claims => {
    const claims = new Sha1Claims();
    for (const contribution of all.flat()) claims.add(contribution);
    return claims;
  };
  const row = (k: string, ...digits: string[]): DatabaseRow => ({
    k: k.replaceAll(':', '\u001f'),
    v: Buffer.from(JSON.stringify({ jar: digits.map(sha1) })),
  });

  test('all SHA-1 of the same coordinates are kept, whoever says them', () => {
    const parts = [...gav('g', 'a', '1', '', sha1('2')), ...jarOf('g', 'a', '1')];
    const v = claimsOf(parts).combine('', parts);
    assert.deepEqual(v, { jar: [sha1('1'), sha1('2')] });
  });

  test('a better witness has it: who hashed it, before lists, before SBOMs', () => {
    const listed = gav('g', 'wrong', '1', '', sha1('1'));
    const claims = claimsOf(listed, jarOf('g', 'right', '1'));
    assert.equal(claims.combine('', listed), undefined);
    assert.deepEqual(claims.combine('', jarOf('g', 'right', '1')), { jar: [sha1('1')] });
    const both = [...gav('g', 'wrong', '1', '', sha1('1')), ...gav('g', 'wrong', '1', '', sha1('3'))];
    assert.deepEqual(claims.combine('', both), { jar: [sha1('3')] });
  });

  test('other databases lose what own evidence speaks of, and nothing else', async () => {
    const claims = claimsOf(gav('g', 'own', '1', '', sha1('1')));
    const rows = pageOf(row('h:a:1:', '1'), row('h:b:1:', '1', '2'), row('h:c:1:', '3'));
    assert.deepEqual(await allOf(claims.withoutClaimed(rows)), [
      ['h:b:1:', { jar: [sha1('2')] }],
      ['h:c:1:', { jar: [sha1('3')] }],
    ]);
  });

  test('without own evidence another database goes through as it is', async () => {
    assert.deepEqual(await allOf(claimsOf().withoutClaimed(pageOf(row('h:a:1:', '1')))), [
      ['h:a:1:', { jar: [sha1('1')] }],
    ]);
  });
});

describe('artifacts that advisories speak of', () => {
  test('are those of Maven packages in OSV documents and in the buckets of a database', () => {
    const affected = [
      { package: { ecosystem: 'Maven', name: 'org.example:Core' } },
      { package: { ecosystem: 'Maven:https://repo.example', name: 'org.example:web' } },
      { package: { ecosystem: 'npm', name: 'a:b' } },
      {},
    ];
    assert.deepEqual(advisedByOsv({ id: 'X', affected }), ['core', 'web']);
    assert.equal(advisedByRow('maven::GitHub Security Advisory Maven\u001forg.example:Core\u001fCVE-1'), 'core');
    assert.equal(advisedByRow('seal maven::Seal\u001forg.example:core\u001fCVE-1'), 'core');
    assert.equal(advisedByRow('npm::x\u001fa:b\u001fCVE-1'), undefined);
    assert.equal(advisedByRow('vulnerability\u001fCVE-1'), undefined);
  });

  test('keep their rows under every group, and no other row stays', async () => {
    const v = Buffer.from(`{"jar":["${sha1('1')}"]}`);
    const rows = ['a:core:1:', 'b:Core:2:tests', 'b:core-api:1:', 'core:x:1:'].map((k) => ({
      k: k.replaceAll(':', '\u001f'),
      v,
    }));
    const kept = await allOf(advisedRows(pageOf(...rows), new Set(['core'])));
    assert.deepEqual(
      kept.map(([k]) => k),
      ['a:core:1:', 'b:Core:2:tests'],
    );
  });
});
