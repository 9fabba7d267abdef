// CVSS scores against those of another program, and what leads to a severity.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scoreV2 } from '../../../src/profiles/trivy-db/severity/cvss2.ts';
import { scoreV3 } from '../../../src/profiles/trivy-db/severity/cvss3.ts';
import { scoreV4 } from '../../../src/profiles/trivy-db/severity/cvss4.ts';
import { severityOfScore, severityOfWord } from '../../../src/profiles/trivy-db/severity/severity.ts';

const vectors = readFileSync(join(import.meta.dirname, 'cvss-vectors.txt'), 'utf8')
  .trimEnd()
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .map((line) => line.split(' ') as [vector: string, score: string]);

test('vectors of versions 2, 3 and 4 score as another program says', () => {
  for (const [vector, score] of vectors) {
    const own = vector.startsWith('CVSS:4') ? scoreV4 : vector.startsWith('CVSS:3') ? scoreV3 : scoreV2;
    assert.equal(own(vector), Number(score), vector);
  }
  assert.equal(vectors.length, 268);
});

test('a score that lies halfway rounds up', () => {
  // 8.55 exactly; programs that compute in binary fractions come to either side of it.
  assert.equal(scoreV4('CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:N/VC:L/VI:H/VA:N/SC:H/SI:H/SA:H'), 8.6);
});

test('a vector that breaks a rule has no score', () => {
  for (const vector of [
    '',
    'CVSS:3.1/AV:N',
    'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X',
    'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/A:H',
    'CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/__proto__:H',
  ]) {
    assert.equal(scoreV3(vector), undefined, vector);
  }
  assert.equal(scoreV4('CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N'), undefined);
  assert.equal(scoreV2('AV:N/AC:L/Au:N/C:N/I:P'), undefined);
});

test('bands and words lead to severities', () => {
  assert.deepEqual([9, 8.9, 7, 6.9, 4, 3.9, 0.1, 0].map(severityOfScore), [4, 3, 3, 2, 2, 1, 1, 0]);
  assert.deepEqual(['MODERATE', 'Important', 'critical', 'low', 'none'].map(severityOfWord), [2, 3, 4, 1, 0]);
});
