// Verifying: every way to be wrong is refused with its reason, and one good signature among bad ones is enough.

import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, Verifier } from '@sigstore/verify';
import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import { digestOf } from '../../src/core/digest.ts';
import { ExportError } from '../../src/core/errors.ts';
import { describe as describeBytes, type Descriptor } from '../../src/oci/descriptor.ts';
import { emptyDescriptor, imageManifest } from '../../src/oci/manifest.ts';
import { envelopeJson, inTotoPayloadType, preAuthEncoding } from '../../src/trust/envelope.ts';
import { signPredicateType } from '../../src/trust/predicate-types.ts';
import { generateSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import { signatureEvidence } from '../../src/trust/sigstore-bundle.ts';
import { verifySubject } from '../../src/trust/verify-subject.ts';
import { replaceSignatures, swapStatement, transplant } from './forge.ts';
import { MemoryRepository, pushArtifact } from './memory-repository.ts';
import { attested } from './signing.ts';

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const signer = signerOf(generateSigningKey());
const subject = digestOf('the subject');

type Changes = {
  statement?: Record<string, Json>;
  envelope?: Record<string, Json> & { payloadType?: string };
  bundle?: Record<string, Json | undefined>;
};

/** A signed bundle, with members replaced: those of the statement before signing, the others after. */
async function makeBundle({ statement = {}, envelope = {}, bundle = {} }: Changes = {}): Promise<Buffer> {
  const payload = canonicalBytes({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: subject.slice(7) } }],
    predicateType: signPredicateType,
    predicate: {},
    ...statement,
  });
  const payloadType = envelope['payloadType'] ?? inTotoPayloadType;
  const signature = await signer.sign(preAuthEncoding(payloadType, payload));
  return canonicalBytes({
    mediaType: bundleType,
    verificationMaterial: { publicKey: { hint: signer.hint } },
    dsseEnvelope: { ...envelopeJson({ payload, payloadType, signature }), ...envelope },
    ...bundle,
  });
}

function evidence(bytes: Uint8Array): { predicateType: string } {
  return signatureEvidence(bytes, signer.publicKeyPem, subject);
}

describe('pre-authentication encoding', () => {
  it('is what the DSSE specification gives as its example', () => {
    const encoded = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    assert.equal(encoded.toString(), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('counts bytes, not characters', () => {
    assert.equal(preAuthEncoding('é', Buffer.from('€')).toString(), 'DSSEv1 2 é 3 €');
  });
});

describe('a sigstore bundle', () => {
  it('proves its subject and predicate type', async () => {
    assert.equal(evidence(await makeBundle()).predicateType, signPredicateType);
  });

  it('is read by @sigstore/bundle and verified by @sigstore/verify', async () => {
    const repository = new MemoryRepository();
    const artifact = await pushArtifact(repository, 'artifact');
    await attested(repository, artifact, signer);
    const key: KeyObject = createPublicKey(signer.publicKeyPem);
    const publicKey = (): { publicKey: KeyObject; validFor: () => boolean } => ({
      publicKey: key,
      validFor: () => true,
    });
    const trust = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [], publicKey };
    const verifier = new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
    const bundles = [...repository.blobs.values()].filter((blob) => blob.includes('verificationMaterial'));
    assert.equal(bundles.length, 2);
    for (const bytes of bundles) verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(bytes.toString()))));
  });

  const refused: Record<string, [Changes, RegExp]> = {
    'about another artifact': [
      { statement: { subject: [{ digest: { sha256: 'ab'.repeat(32) } }] } },
      /another artifact/,
    ],
    'whose digest is upper case': [
      { statement: { subject: [{ digest: { sha256: subject.slice(7).toUpperCase() } }] } },
      /another artifact/,
    ],
    'with a second subject': [
      { statement: { subject: [{ digest: { sha256: subject.slice(7) } }, { digest: { sha256: 'ab'.repeat(32) } }] } },
      /more than one subject/,
    ],
    'without subject': [{ statement: { subject: [] } }, /no subject/],
    'with a strange subject': [{ statement: { subject: [null] } }, /not an object/],
    'of another statement type': [{ statement: { _type: 'https://in-toto.io/Statement/v9' } }, /not an in-toto/],
    'without predicate type': [{ statement: { predicateType: '' } }, /no predicateType/],
    'with another payload type': [{ envelope: { payloadType: 'application/json' } }, /not an in-toto statement/],
    'with two signatures': [{ envelope: { signatures: [{ sig: 'AA==' }, { sig: 'AA==' }] } }, /exactly one/],
    'without signatures': [{ envelope: { signatures: [] } }, /exactly one/],
    'with an empty signature': [{ envelope: { signatures: [{ sig: '' }] } }, /not base64/],
    'with another signature': [{ envelope: { signatures: [{ sig: 'AAAA' }] } }, /does not match the key/],
    'with a payload that is not base64': [{ envelope: { payload: '!!' } }, /not base64/],
    'with another payload': [{ envelope: { payload: Buffer.from('{}').toString('base64') } }, /does not match the key/],
    'of another version': [{ bundle: { mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2' } }, /0\.3/],
    'without envelope': [{ bundle: { dsseEnvelope: undefined, messageSignature: {} } }, /no DSSE envelope/],
    'signed with a certificate': [{ bundle: { verificationMaterial: { certificate: {} } } }, /plain key/],
  };
  for (const [what, [changes, reason]] of Object.entries(refused)) {
    it(`${what} is refused`, async () => {
      const bytes = await makeBundle(changes);
      assert.throws(() => evidence(bytes), { code: 'VERIFICATION_FAILED', message: reason });
    });
  }

  it('that is no JSON, cut off or far too large is refused', async () => {
    const bytes = await makeBundle();
    for (const bad of [Buffer.from('null'), Buffer.from('[]'), Buffer.alloc(3, 0xff), bytes.subarray(0, -1)]) {
      assert.throws(() => evidence(bad), { code: 'VERIFICATION_FAILED' });
    }
    assert.throws(() => evidence(Buffer.alloc(17 << 20, 32)), /too large/);
  });

  it('never passes with one byte changed, unless the change is outside of what is proven', async () => {
    const bytes = await makeBundle();
    const hintAt = bytes.indexOf('"verificationMaterial"');
    for (let at = 0; at < hintAt; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.throws(() => evidence(changed), ExportError, `byte ${at}`);
    }
  });
});

describe('verifySubject', () => {
  async function setUp(): Promise<{ repository: MemoryRepository; artifact: Descriptor }> {
    const repository = new MemoryRepository();
    return { repository, artifact: await pushArtifact(repository, 'artifact') };
  }

  it('names signature and provenance with the manifest that carried them', async () => {
    const { repository, artifact } = await setUp();
    await attested(repository, artifact, signer);
    const { ok, checks, evidence } = await verifySubject(repository, artifact, signer.publicKeyPem);
    assert.ok(ok);
    assert.deepEqual(
      checks.map((check) => check.name),
      ['signature', 'provenance'],
    );
    const carriers = (await repository.referrers(artifact.digest)).map(({ digest }) => digest);
    assert.deepEqual(
      evidence.map(({ carrier }) => carrier),
      carriers,
    );
  });

  it('is not ok without any signature and says where it looked', async () => {
    const { repository, artifact } = await setUp();
    const { ok, checks } = await verifySubject(repository, artifact, signer.publicKeyPem);
    assert.equal(ok, false);
    const reasons = checks.map((check) => (check.ok ? '' : check.reason));
    assert.match(
      reasons[0] ?? '',
      /none found among the referrers of sha256:[0-9a-f]{64} and at the tag sha256-\S+\.sig/,
    );
    assert.match(reasons[1] ?? '', /\.att$/);
  });

  it('is not ok when nothing is asked for', async () => {
    const { repository, artifact } = await setUp();
    assert.equal((await verifySubject(repository, artifact, signer.publicKeyPem, { predicateTypes: [] })).ok, false);
  });

  it('is not ok with another key and names the reason', async () => {
    const { repository, artifact } = await setUp();
    await attested(repository, artifact, signer);
    const { ok, checks } = await verifySubject(repository, artifact, generateSigningKey().publicKey.pem);
    assert.equal(ok, false);
    for (const check of checks) assert.match(check.ok ? '' : check.reason, /does not match the key/);
  });

  it('is not ok with signatures of another artifact, as they are or rewritten', async () => {
    const { repository, artifact } = await setUp();
    const other = await pushArtifact(repository, 'other');
    await attested(repository, artifact, signer);
    await transplant(repository, artifact, other);
    assert.equal((await verifySubject(repository, other, signer.publicKeyPem)).ok, false);
    await replaceSignatures(repository, other, swapStatement(artifact, other));
    assert.equal((await verifySubject(repository, other, signer.publicKeyPem)).ok, false);
  });

  it('does not take a provenance for a signature or the other way round', async () => {
    const { repository, artifact } = await setUp();
    await attested(repository, artifact, signer);
    for (const { digest, annotations } of await repository.referrers(artifact.digest)) {
      if (annotations?.['dev.sigstore.bundle.predicateType'] === signPredicateType) repository.manifests.delete(digest);
    }
    repository.tagged.clear();
    const { checks } = await verifySubject(repository, artifact, signer.publicKeyPem);
    assert.deepEqual(
      checks.map((check) => [check.name, check.ok]),
      [
        ['signature', false],
        ['provenance', true],
      ],
    );
  });

  it('passes over foreign, damaged and lying referrers beside a good one', async () => {
    const { repository, artifact } = await setUp();
    await attested(repository, artifact);
    const attach = async (blob: Buffer, layers = 1, mediaType = bundleType): Promise<void> => {
      const layer = describeBytes(mediaType, blob);
      await repository.pushBlob(layer, blob);
      const fields = { artifactType: bundleType, config: emptyDescriptor, subject: artifact };
      await repository.pushManifest(imageManifest({ ...fields, layers: Array<Descriptor>(layers).fill(layer) }));
    };
    await attach(Buffer.from('garbage'));
    await attach(await makeBundle());
    await attach(await makeBundle(), 2);
    await attach(Buffer.from('{}'), 1, 'application/x-something');
    await attach(Buffer.from('lost'));
    repository.blobs.delete(digestOf('lost'));
    await attach(Buffer.from('damaged'));
    repository.blobs.set(digestOf('damaged'), Buffer.from('Damaged'));
    await attested(repository, artifact, signer);
    assert.ok((await verifySubject(repository, artifact, signer.publicKeyPem)).ok);
  });

  it('does not fetch a layer that claims to be larger than any signature', async () => {
    const { repository, artifact } = await setUp();
    const layer = { mediaType: bundleType, digest: digestOf('huge'), size: 2 ** 40 };
    repository.blobs.set(layer.digest, Buffer.from('huge'));
    repository.openBlob = () => assert.fail('it was fetched');
    const config = emptyDescriptor;
    await repository.pushManifest(
      imageManifest({ artifactType: bundleType, config, layers: [layer], subject: artifact }),
    );
    const { checks } = await verifySubject(repository, artifact, signer.publicKeyPem);
    assert.match(checks[0]?.ok === false ? checks[0].reason : '', /too large/);
  });

  it('fails when the registry cannot be read, instead of saying that there is no signature', async () => {
    const { repository, artifact } = await setUp();
    await attested(repository, artifact, signer);
    const manifest = repository.manifest.bind(repository);
    repository.manifest = async (reference) => {
      if (reference !== artifact.digest) throw new ExportError('UNREACHABLE', 'the line is down');
      return manifest(reference);
    };
    await assert.rejects(verifySubject(repository, artifact, signer.publicKeyPem), { code: 'UNREACHABLE' });
  });
});
