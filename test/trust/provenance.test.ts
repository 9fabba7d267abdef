// SLSA provenance: the fields that the specification requires, and a size that is worth fetching every day.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../src/core/digest.ts';
import { provenance } from '../../src/trust/provenance.ts';
import { statementBytes } from '../../src/trust/statement.ts';
import { provenanceInput } from './signing.ts';

type Members = Record<string, Record<string, unknown>>;

describe('provenance', () => {
  it('has what SLSA v1 requires', () => {
    const { predicateType, predicate } = provenance(provenanceInput);
    assert.equal(predicateType, 'https://slsa.dev/provenance/v1');
    const { buildDefinition = {}, runDetails = {} } = predicate as Members;
    assert.ok(URL.canParse(String(buildDefinition['buildType'])));
    assert.deepEqual(buildDefinition['externalParameters'], {
      profile: 'mirror:full',
      revision: digestOf('revision'),
      scope: { sources: ['osv'] },
    });
    assert.ok(URL.canParse((runDetails['builder'] as { id: string }).id));
    assert.deepEqual(runDetails['metadata'], {
      invocationId: '01JZ8M3C5W9V4T2R7Q6P1N0K8H',
      startedOn: '2026-07-16T04:00:00Z',
      finishedOn: '2026-07-16T04:00:12Z',
    });
  });

  it('names every dependency by uri or digest, as a ResourceDescriptor must', () => {
    const { predicate } = provenance({ ...provenanceInput, policyVersion: digestOf('policy') });
    const { resolvedDependencies } = (predicate as Members)['buildDefinition'] as {
      resolvedDependencies: { name?: string; uri?: string; digest?: Record<string, string> }[];
    };
    assert.deepEqual(
      resolvedDependencies.map(({ name, uri }) => name ?? uri),
      ['evidence', 'urn:export-center:source:osv', 'policy', 'previous'],
    );
    for (const { uri, digest } of resolvedDependencies) assert.ok(uri !== undefined || digest !== undefined);
  });

  it('says in which state every source was', () => {
    const { predicate } = provenance(provenanceInput);
    const { resolvedDependencies } = (predicate as Members)['buildDefinition'] as { resolvedDependencies: unknown[] };
    assert.deepEqual(resolvedDependencies[1], {
      uri: 'urn:export-center:source:osv',
      digest: { setRoot: digestOf('source').slice(7) },
      annotations: { records: 3, newest: '2026-07-16T00:00:00Z' },
    });
  });

  it('is about the artifact first, and about its export manifest', () => {
    const { subject } = JSON.parse(statementBytes(digestOf('artifact'), provenance(provenanceInput)).toString()) as {
      subject: unknown;
    };
    assert.deepEqual(subject, [
      { digest: { sha256: digestOf('artifact').slice(7) } },
      { name: 'export-manifest', digest: { sha256: digestOf('export manifest').slice(7) } },
    ]);
  });

  it('records that a shrunken state was accepted, and the base that was asked for', () => {
    const { predicate } = provenance({ ...provenanceInput, scope: {}, acceptShrink: true, base: 'none' });
    assert.deepEqual((predicate as Members)['buildDefinition']?.['externalParameters'], {
      profile: 'mirror:full',
      revision: digestOf('revision'),
      acceptShrink: true,
      base: 'none',
    });
  });

  it('stays near one kilobyte', (t) => {
    const { length } = statementBytes(digestOf('subject'), provenance(provenanceInput));
    t.diagnostic(`${length} bytes`);
    assert.ok(length < 1_400);
  });

  it('is refused for a subject that cosign cannot match', () => {
    const sha512 = `sha512:${'ab'.repeat(64)}` as ReturnType<typeof digestOf>;
    assert.throws(() => statementBytes(sha512, provenance(provenanceInput)), { code: 'INPUT_INVALID' });
  });
});
