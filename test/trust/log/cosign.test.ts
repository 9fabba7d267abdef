// cosign 3 and 2.6 as judges of the log: by the trusted root alone they verify without any insecure flag, and refuse
// what lacks its entry. There is no network, and no state of a user.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { sha256 } from '../../../src/core/digest.ts';
import { generateSigningKey, signerOf } from '../../../src/trust/signing-key.ts';
import { writeTrustFiles } from '../../../src/trust/trust-files.ts';
import { judge, skipWithout } from '../../judges.ts';
import { runProgram, type ProgramResult } from '../../support/run-program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { replaceSignatures, stripLogEntries, swapStatement, transplant } from '../forge.ts';
import { startMemoryRegistry } from '../memory-registry.ts';
import { pushArtifact, type MemoryRepository } from '../memory-repository.ts';
import { attested } from '../signing.ts';
import { openTestLog, type TestLog } from './test-log.ts';

type Bench = TestLog & {
  readonly repository: MemoryRepository;
  readonly reference: string;
  /** `verify` and `verify-attestation` of both versions on both layouts; what each said. */
  verify(key: string, reference: string): Promise<{ readonly name: string; readonly result: ProgramResult }[]>;
  /** A file passes by its bundle with both versions, and another file does not. */
  verifyFile(key: string, verb: readonly string[], bundle: Buffer, file: Buffer): Promise<void>;
};

function isProvenanceBundle(blob: Buffer): boolean {
  if (!blob.includes('dsseEnvelope')) return false;
  const { dsseEnvelope } = JSON.parse(blob.toString()) as { dsseEnvelope: { payload: string } };
  return Buffer.from(dsseEnvelope.payload, 'base64').includes('slsa.dev/provenance');
}

const verbs = [['verify'], ['verify-attestation', '--type', 'slsaprovenance1']];

async function bench(t: TestContext): Promise<Bench> {
  const folder = await temporaryFolder(t, 'cosign');
  const registry = await startMemoryRegistry(t);
  const log = await openTestLog(t);
  const root = await writeTrustFiles(folder, log.files);
  const env = { HOME: folder, HTTPS_PROXY: 'http://localhost:9' };
  return {
    ...log,
    ...registry,
    async verify(pem, reference) {
      const key = join(folder, 'key.pub');
      await writeFile(key, pem);
      const runs = (['cosign', 'cosign2'] as const).flatMap((version) =>
        ['true', 'false'].flatMap((bundles) => verbs.map((verb) => ({ version, bundles, verb }))),
      );
      const results = [];
      for (const { version, bundles, verb } of runs) {
        const args = [...verb, '--key', key, '--trusted-root', root, `--new-bundle-format=${bundles}`, reference];
        results.push({ name: `${version} ${args.join(' ')}`, result: await runProgram(judge(version), args, { env }) });
      }
      return results;
    },
    async verifyFile(pem, verb, bundle, file) {
      await writeFile(join(folder, 'key.pub'), pem);
      await writeFile(join(folder, 'bundle.json'), bundle);
      for (const [bytes, passes] of [
        [file, true],
        [Buffer.from('another'), false],
      ] as const) {
        await writeFile(join(folder, 'file'), bytes);
        for (const version of ['cosign', 'cosign2'] as const) {
          // cosign 3 needs no switch for bundles, 2.6 does.
          const format = version === 'cosign2' ? ['--new-bundle-format'] : [];
          const args = [
            ...verb,
            '--key',
            'key.pub',
            '--trusted-root',
            root,
            ...format,
            '--bundle',
            'bundle.json',
            'file',
          ];
          const { code, stderr } = await runProgram(judge(version), args, { env, cwd: folder });
          assert.equal(code === 0, passes, `${version} ${args.join(' ')}\n${stderr}`);
        }
      }
    },
  };
}

describe('cosign and the log', { skip: skipWithout('cosign', 'cosign2') }, () => {
  it('verifies signature and provenance in both layouts, also of what got its entries later', async (t) => {
    const b = await bench(t);
    const subject = await pushArtifact(b.repository, 'artifact');
    const signer = signerOf(generateSigningKey());
    await attested(b.repository, subject, signer);
    const reference = `${b.reference}@${subject.digest}`;
    for (const { name, result } of await b.verify(signer.publicKeyPem, reference))
      assert.notEqual(result.code, 0, name);
    await attested(b.repository, subject, signer, { policy: b.policy });
    for (const { name, result } of await b.verify(signer.publicKeyPem, reference)) {
      assert.equal(result.code, 0, `${name}\n${result.stderr}`);
    }
  });

  it('verifies a signed file, and a manifest as a file by its provenance', async (t) => {
    const b = await bench(t);
    const signer = signerOf(generateSigningKey());
    const subject = await pushArtifact(b.repository, 'artifact');
    await attested(b.repository, subject, signer, { policy: b.policy });
    const manifest = b.repository.manifests.get(subject.digest)?.bytes ?? Buffer.alloc(0);
    const provenance = [...b.repository.blobs.values()].find(isProvenanceBundle) ?? Buffer.alloc(0);
    const payload = Buffer.from('any file');
    const signature = await signer.sign(payload);
    const [witness] = b.policy.witnesses;
    const testimony = await witness?.testify({ kind: 'raw', payload, signature, publicKeyPem: signer.publicKeyPem });
    const bundle = {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { ...testimony?.material, publicKey: { hint: signer.hint } },
      messageSignature: {
        messageDigest: { algorithm: 'SHA2_256', digest: sha256(payload).toString('base64') },
        signature: signature.toString('base64'),
      },
    };
    await b.verifyFile(signer.publicKeyPem, ['verify-blob'], Buffer.from(JSON.stringify(bundle)), payload);
    const verb = ['verify-blob-attestation', '--type', 'slsaprovenance1'];
    await b.verifyFile(signer.publicKeyPem, verb, provenance, manifest);
  });

  it('refuses another key, and signatures whose log entry was taken away', async (t) => {
    const b = await bench(t);
    const subject = await pushArtifact(b.repository, 'artifact');
    const { signer } = await attested(b.repository, subject, undefined, { policy: b.policy });
    const reference = `${b.reference}@${subject.digest}`;
    const stranger = generateSigningKey().publicKey.pem;
    for (const { name, result } of await b.verify(stranger, reference)) assert.notEqual(result.code, 0, name);
    await stripLogEntries(b.repository, subject);
    for (const { name, result } of await b.verify(signer.publicKeyPem, reference))
      assert.notEqual(result.code, 0, name);
  });

  it('refuses signatures of another artifact, as they are and with a swapped statement', async (t) => {
    const b = await bench(t);
    const subject = await pushArtifact(b.repository, 'artifact');
    const { signer } = await attested(b.repository, subject, undefined, { policy: b.policy });
    const other = await pushArtifact(b.repository, 'not signed');
    const elsewhere = `${b.reference}@${other.digest}`;
    await transplant(b.repository, subject, other);
    for (const { name, result } of await b.verify(signer.publicKeyPem, elsewhere))
      assert.notEqual(result.code, 0, name);
    await replaceSignatures(b.repository, other, swapStatement(subject, other));
    for (const { name, result } of await b.verify(signer.publicKeyPem, elsewhere))
      assert.notEqual(result.code, 0, name);
  });
});
