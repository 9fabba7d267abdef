// Version schemes against the comparers that Trivy links, and what must not be written because they would refuse it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apkScheme, debScheme, rpmScheme } from '../../../src/profiles/trivy-db/versions/distribution.ts';
import { gemScheme } from '../../../src/profiles/trivy-db/versions/gem.ts';
import { mavenScheme } from '../../../src/profiles/trivy-db/versions/maven.ts';
import { pep440Scheme } from '../../../src/profiles/trivy-db/versions/pep440.ts';
import type { BoundOperator, VersionScheme } from '../../../src/profiles/trivy-db/versions/scheme.ts';
import { bitnamiScheme, genericScheme, npmScheme } from '../../../src/profiles/trivy-db/versions/semantic.ts';

const schemes: { readonly [name: string]: VersionScheme } = {
  apk: apkScheme,
  bitnami: bitnamiScheme,
  deb: debScheme,
  gem: gemScheme,
  generic: genericScheme,
  maven: mavenScheme,
  npm: npmScheme,
  pep440: pep440Scheme,
  rpm: rpmScheme,
};

const lines = readFileSync(join(import.meta.dirname, 'version-vectors.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .filter((line) => !line.startsWith('#'));

test('versions order as in the comparers of Trivy', () => {
  for (const line of lines) {
    const [name = '', installed = '', constraint = '', holds] = line.split('\t');
    const [, operator = '', version = ''] = /^(<=|>=|<|=)(.+)$/.exec(constraint) ?? [];
    const scheme = schemes[name] as VersionScheme;
    assert.notEqual(scheme.write(version, operator as BoundOperator), undefined, line);
    const order = scheme.compare(installed, version);
    const own = { '<': order < 0, '<=': order <= 0, '>=': order >= 0, '=': order === 0 }[operator];
    assert.equal(own, holds === 'yes', line);
  }
  assert.ok(lines.length > 200);
});

test('what a comparer cannot read is not written', () => {
  for (const [name, version] of [
    ['npm', '1.2.3.4'],
    ['npm', '1.x'],
    ['npm', '1.2.3rc1'],
    ['npm', '99999999999999999999.0.0'],
    ['generic', '1.0.Final'],
    ['generic', 'nightly.2026-03-10.0'],
    ['generic', ''],
    ['generic', '1.0 || >0'],
    ['pep440', '1.0-dev-abc'],
    ['pep440', '1.0, >0'],
    ['pep440', '2011k.1x'],
    ['gem', 'v1.0'],
    ['maven', '[1.0,2.0)'],
    ['maven', '1.0 <2'],
    ['deb', 'a1'],
    ['deb', '<end-of-life>'],
    ['apk', '1.2.3-1'],
    ['rpm', '1.0 2'],
  ] as const) {
    assert.equal((schemes[name] as VersionScheme).write(version, '<'), undefined, `${name} ${version}`);
  }
});

test('versions are written so that the comparer reads what was meant', () => {
  // Missing parts would be wildcards.
  assert.equal(npmScheme.write('2', '<'), '2.0.0');
  assert.equal(npmScheme.write('2.1-beta', '<'), '2.1.0-beta');
  // It would read `1.0b` and `2` out of 1.0beta2, and refuses capitals and local parts behind `<`.
  assert.equal(pep440Scheme.write('1.0beta2', '<'), '1.0b2');
  assert.equal(pep440Scheme.write('1!1.0RC1.POST2.DEV3', '<'), '1!1.0rc1.post2.dev3');
  assert.equal(pep440Scheme.write('1.0+cpu', '='), '1.0+cpu');
  assert.equal(pep440Scheme.write('1.0+cpu', '<'), undefined);
});
