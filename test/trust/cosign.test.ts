// cosign 3 and 2.6 as judges: what we sign passes there, what is wrong fails there, and what they sign passes here.

import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { keyStore } from '../../src/trust/key-store.ts';
import { exportSigningKey, generateSigningKey, importSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import { provenancePredicateType, signPredicateType } from '../../src/trust/predicate-types.ts';
import { verifySubject } from '../../src/trust/verify-subject.ts';
import type { Signer } from '../../src/trust/types.ts';
import { judge, skipWithout } from '../judges.ts';
import { startDistribution } from '../support/distribution.ts';
import { mustRun, runProgram, type ProgramResult } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { replaceSignatures, swapStatement, transplant } from './forge.ts';
import { startMemoryRegistry } from './memory-registry.ts';
import { pushArtifact, type MemoryRepository } from './memory-repository.ts';
import { attested, emptyTrustedRoot } from './signing.ts';

type Version = 'cosign' | 'cosign2';
const versions: readonly Version[] = ['cosign', 'cosign2'];

type Bench = {
  readonly folder: string;
  readonly repository: MemoryRepository;
  readonly reference: string;
  /** Runs `cosign ARGS…` with the flags of an offline machine. */
  cosign(version: Version, ...args: string[]): Promise<ProgramResult>;
  /** `verify` and `verify-attestation` as the documentation prints them. */
  verify(version: Version, key: string, reference: string): Promise<ProgramResult>;
  verifyProvenance(version: Version, key: string, reference: string): Promise<ProgramResult>;
  writeKey(signer: Signer): Promise<string>;
};

async function bench(t: TestContext): Promise<Bench> {
  const folder = await temporaryFolder(t, 'cosign');
  const { repository, reference } = await startMemoryRegistry(t);
  const root = await emptyTrustedRoot(folder);
  // No Internet, no state of the user: every "ok" is an ok behind an air gap.
  const env = { HOME: folder, COSIGN_PASSWORD: 'open sesame', HTTPS_PROXY: 'http://localhost:9' };
  const cosign = (version: Version, ...args: string[]) => runProgram(judge(version), args, { cwd: folder, env });
  const flags = (version: Version) => [
    '--insecure-ignore-tlog',
    ...(version === 'cosign2' ? ['--trusted-root', root] : []),
  ];
  return {
    folder,
    repository,
    reference,
    cosign,
    verify: (version, key, reference) => cosign(version, 'verify', '--key', key, ...flags(version), reference),
    verifyProvenance: (version, key, reference) =>
      cosign(version, 'verify-attestation', '--type', 'slsaprovenance1', '--key', key, ...flags(version), reference),
    async writeKey(signer) {
      const path = join(folder, `${signer.hint.replaceAll('/', '_')}.pub`);
      await writeFile(path, signer.publicKeyPem);
      return path;
    },
  };
}

function passes(result: ProgramResult): void {
  assert.equal(result.code, 0, result.stderr);
}

function fails(result: ProgramResult, why: RegExp): void {
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, why);
}

const kinds = {
  'ECDSA P-256': () => generateSigningKey(),
  Ed25519: () => fromPem(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
  'RSA-2048': () =>
    fromPem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' })),
};

function fromPem(pem: string | Buffer): ReturnType<typeof importSigningKey> {
  return importSigningKey(pem.toString());
}

describe('cosign as a judge', { skip: skipWithout('cosign', 'cosign2') }, () => {
  it('both versions follow a rotation of the signing key: the old key, both of them, then the new one alone', async (t) => {
    const b = await bench(t);
    const keys = keyStore(b.folder);
    const publish = async (name: string): Promise<string> => {
      const subject = await pushArtifact(b.repository, name);
      const signers = await keys.openSigners();
      await attested(b.repository, subject, signers[0], { signers, reference: b.reference });
      return `${b.reference}@${subject.digest}`;
    };
    const former = await keys.generate();
    const old = await b.writeKey(await keys.openSigner());
    await publish('before');
    await keys.generate({ until: new Date(Date.now() + 3_600_000) });
    const fresh = await b.writeKey(await keys.openSigner());
    const during = await publish('during');
    await keys.retire(former.id);
    const afterwards = await publish('afterwards');
    for (const version of versions) {
      for (const key of [old, fresh]) {
        passes(await b.verify(version, key, during));
        passes(await b.verifyProvenance(version, key, during));
      }
      passes(await b.verify(version, fresh, afterwards));
      fails(await b.verify(version, old, afterwards), /./);
    }
  });

  for (const [kind, makeKey] of Object.entries(kinds)) {
    it(`both versions verify signature and provenance by an ${kind} key, with either layout alone and with both`, async (t) => {
      const b = await bench(t);
      const subject = await pushArtifact(b.repository, kind);
      const signer = signerOf(await makeKey());
      await attested(b.repository, subject, signer, { reference: b.reference });
      const key = await b.writeKey(signer);
      const reference = `${b.reference}@${subject.digest}`;
      const both = new Map(b.repository.manifests);
      const layouts = { both: () => true, referrers: isReferrer, tags: (digest: string) => !isReferrer(digest) };
      const tags = new Map(b.repository.tagged);
      function isReferrer(digest: string): boolean {
        return both.get(digest)?.bytes.includes('"subject":') ?? false;
      }
      for (const [layout, keep] of Object.entries(layouts)) {
        b.repository.manifests.clear();
        for (const [digest, manifest] of both) {
          if (digest === subject.digest || keep(digest)) b.repository.manifests.set(digest, manifest);
        }
        b.repository.tagged.clear();
        for (const [tag, digest] of tags) if (b.repository.manifests.has(digest)) b.repository.tagged.set(tag, digest);
        for (const version of versions) {
          t.diagnostic(`${version}, ${layout}`);
          const verified = await b.verify(version, key, reference);
          passes(verified);
          assert.ok(verified.stdout.includes(subject.digest));
          passes(await b.verifyProvenance(version, key, reference));
        }
      }
    });
  }

  it('both versions refuse another key, another artifact and a swapped statement', async (t) => {
    const b = await bench(t);
    const subject = await pushArtifact(b.repository, 'signed');
    const { signer } = await attested(b.repository, subject);
    const other = await pushArtifact(b.repository, 'not signed');
    const key = await b.writeKey(signer);
    const stranger = await b.writeKey(signerOf(generateSigningKey()));
    for (const version of versions) {
      fails(await b.verify(version, stranger, `${b.reference}@${subject.digest}`), /signature|threshold/);
      fails(await b.verify(version, key, `${b.reference}@${other.digest}`), /no signatures found/);
    }
    await transplant(b.repository, subject, other);
    for (const version of versions) {
      fails(await b.verify(version, key, `${b.reference}@${other.digest}`), /digest|claim|no matching/i);
    }
    await replaceSignatures(b.repository, other, swapStatement(subject, other));
    for (const version of versions) {
      fails(await b.verify(version, key, `${b.reference}@${other.digest}`), /signature|threshold/i);
    }
  });

  it(
    'signatures survive `oras cp -r` to a registry without referrers API',
    { skip: skipWithout('oras', 'registry') },
    async (t) => {
      const b = await bench(t);
      const subject = await pushArtifact(b.repository, 'mirrored', ['latest']);
      const { signer } = await attested(b.repository, subject);
      const { host } = await startDistribution(t);
      await mustRun(judge('oras'), ['cp', '-r', `${b.reference}:latest`, `${host}/copy:latest`]);
      const key = await b.writeKey(signer);
      for (const version of versions) {
        passes(await b.verify(version, key, `${host}/copy:latest`));
        passes(await b.verifyProvenance(version, key, `${host}/copy:latest`));
      }
    },
  );

  for (const version of versions) {
    it(`a key that ${version} generated opens here and only with its password`, async (t) => {
      const b = await bench(t);
      passes(await b.cosign(version, 'generate-key-pair'));
      const text = await readFile(join(b.folder, 'cosign.key'), 'utf8');
      const key = await importSigningKey(text, 'open sesame');
      assert.equal(key.publicKey.pem, await readFile(join(b.folder, 'cosign.pub'), 'utf8'));
      await assert.rejects(importSigningKey(text, 'wrong'), {
        code: 'INPUT_INVALID',
        message: /could not be decrypted/,
      });
      const subject = await pushArtifact(b.repository, 'by an imported key');
      await attested(b.repository, subject, signerOf(key));
      passes(await b.verify(version, join(b.folder, 'cosign.pub'), `${b.reference}@${subject.digest}`));
    });

    it(`a key that we generated goes through ${version} import-key-pair and comes back`, async (t) => {
      const b = await bench(t);
      const key = generateSigningKey();
      await writeFile(join(b.folder, 'ours.pem'), exportSigningKey(key), { mode: 0o600 });
      passes(await b.cosign(version, 'import-key-pair', '--key', 'ours.pem', '--output-key-prefix', 'back'));
      assert.equal(await readFile(join(b.folder, 'back.pub'), 'utf8'), key.publicKey.pem);
      const back = await importSigningKey(await readFile(join(b.folder, 'back.key'), 'utf8'), 'open sesame');
      assert.ok(createPrivateKey(exportSigningKey(back)).equals(key.privateKey));
    });
  }

  it('what cosign 3 signs and attests itself verifies here, and is not signed again', async (t) => {
    const b = await bench(t);
    passes(await b.cosign('cosign', 'generate-key-pair'));
    passes(await b.cosign('cosign', 'signing-config', 'create', '--out', 'empty.json'));
    await writeFile(join(b.folder, 'p.json'), JSON.stringify({ buildDefinition: {}, runDetails: {} }));
    const subject = await pushArtifact(b.repository, 'signed by cosign');
    const reference = `${b.reference}@${subject.digest}`;
    const flags = ['--key', 'cosign.key', '-y', '--signing-config', 'empty.json'];
    passes(await b.cosign('cosign', 'sign', ...flags, reference));
    passes(
      await b.cosign('cosign', 'attest', ...flags, '--type', 'slsaprovenance1', '--predicate', 'p.json', reference),
    );
    const pem = await readFile(join(b.folder, 'cosign.pub'), 'utf8');
    const { ok, checks, evidence } = await verifySubject(b.repository, subject, pem);
    assert.ok(ok, JSON.stringify(checks));
    assert.deepEqual(
      evidence.map((item) => item.predicateType),
      [signPredicateType, provenancePredicateType],
    );
    const key = await importSigningKey(await readFile(join(b.folder, 'cosign.key'), 'utf8'), 'open sesame');
    const before = b.repository.manifests.size;
    await attested(b.repository, subject, signerOf(key));
    // Only the two cosign tags were missing.
    assert.equal(b.repository.manifests.size, before + 2);
  });

  it('what cosign 2.6 signs in the older layout verifies here, and its signature stays beside ours', async (t) => {
    const b = await bench(t);
    passes(await b.cosign('cosign2', 'generate-key-pair'));
    const subject = await pushArtifact(b.repository, 'signed by cosign 2.6');
    const reference = `${b.reference}@${subject.digest}`;
    passes(await b.cosign('cosign2', 'sign', '--key', 'cosign.key', '-y', '--tlog-upload=false', reference));
    const pem = await readFile(join(b.folder, 'cosign.pub'), 'utf8');
    const predicateTypes = [signPredicateType];
    assert.ok((await verifySubject(b.repository, subject, pem, { predicateTypes })).ok);
    const { signer } = await attested(b.repository, subject);
    assert.ok((await verifySubject(b.repository, subject, pem, { predicateTypes })).ok);
    assert.ok((await verifySubject(b.repository, subject, signer.publicKeyPem)).ok);
    passes(
      await b.cosign(
        'cosign',
        'verify',
        '--new-bundle-format=false',
        '--insecure-ignore-tlog',
        '--key',
        'cosign.pub',
        reference,
      ),
    );
  });
});
