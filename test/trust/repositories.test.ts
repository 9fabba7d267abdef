// Attesting and verifying on every kind of repository that the product has: disk, OCI layout, a foreign registry
// without referrers API. What the foreign registry then holds is judged by cosign.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import type { Repository } from '../../src/oci/repository.ts';
import { createHttp } from '../../src/registry/client/http.ts';
import { remoteRepository } from '../../src/registry/client/remote-repository.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { openDiskStorage } from '../../src/registry/storage/disk-storage.ts';
import { cosignTag } from '../../src/trust/cosign-tags.ts';
import { generateSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import type { Signer } from '../../src/trust/types.ts';
import { verifySubject } from '../../src/trust/verify-subject.ts';
import { judge, skipWithout } from '../judges.ts';
import { startDistribution } from '../support/distribution.ts';
import { mustRun } from '../support/run-program.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { pushArtifact } from './memory-repository.ts';
import { attested, emptyTrustedRoot } from './signing.ts';

/** Signs, verifies, signs again, signs with a second key, loses a tag and repairs it. Gives back signer and digest. */
async function goThrough(repository: Repository): Promise<{ signer: Signer; digest: string }> {
  const subject = await pushArtifact(repository, 'artifact', ['latest']);
  const { signer, result } = await attested(repository, subject);
  assert.ok(result.written >= 8);
  assert.ok((await verifySubject(repository, subject, signer.publicKeyPem)).ok);
  assert.deepEqual((await attested(repository, subject, signer)).result, { written: 0, bytes: 0 });
  const second = signerOf(generateSigningKey());
  await attested(repository, subject, second);
  for (const { publicKeyPem } of [signer, second]) {
    assert.ok((await verifySubject(repository, subject, publicKeyPem)).ok);
  }
  assert.equal((await repository.referrers(subject.digest)).length, 4);
  await repository.deleteTag(cosignTag(subject.digest, 'att'));
  await attested(repository, subject, signer);
  assert.ok(await repository.resolve(cosignTag(subject.digest, 'att')));
  return { signer, digest: subject.digest };
}

async function cosignAgrees(t: TestContext, reference: string, signer: Signer): Promise<void> {
  const folder = await temporaryFolder(t, 'cosign');
  const key = join(folder, 'key.pub');
  await writeFile(key, signer.publicKeyPem);
  const trust = ['--key', key, '--insecure-ignore-tlog', '--trusted-root', await emptyTrustedRoot(folder)];
  for (const version of ['cosign', 'cosign2'] as const) {
    const env = { HOME: folder };
    await mustRun(judge(version), ['verify', ...trust, reference], { env });
    await mustRun(judge(version), ['verify-attestation', '--type', 'slsaprovenance1', ...trust, reference], { env });
  }
}

describe('signatures in every kind of repository', () => {
  it('stay on disk', async (t) => {
    const storage = await openDiskStorage(await temporaryFolder(t), { clock: systemClock });
    await goThrough(storage.repository('default/mirror'));
  });

  it('stay in an OCI layout', async (t) => {
    await goThrough(await openLayout(join(await temporaryFolder(t), 'layout'), { create: true }));
  });

  it(
    'reach a registry without referrers API, where cosign finds them',
    { skip: skipWithout('registry', 'cosign', 'cosign2') },
    async (t) => {
      const { host } = await startDistribution(t);
      const http = createHttp();
      atEnd(t, () => http.close());
      const repository = remoteRepository({ registry: host, repository: 'default/mirror' }, { http });
      const { signer, digest } = await goThrough(repository);
      await cosignAgrees(t, `${host}/default/mirror@${digest}`, signer);
    },
  );
});
