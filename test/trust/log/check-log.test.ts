// What the log's entries prove, checked offline: here, by @sigstore/verify, and not at all once anything is changed.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { parseManifest, type ImageManifest } from '../../../src/oci/manifest.ts';
import { cosignTag, signatureAnnotation } from '../../../src/trust/cosign-tags.ts';
import type { JsonObject } from '../../../src/trust/envelope.ts';
import { checkLog, trustedLogs, type LogEvidence } from '../../../src/trust/log/check-log.ts';
import { bundleAnnotation } from '../../../src/trust/log/logged-entry.ts';
import { logUrl } from '../../../src/trust/log/log-identity.ts';
import { keyOfPublicKey } from '../../../src/trust/log/search-keys.ts';
import type { SignedContent, Testimony } from '../../../src/trust/signing-policy.ts';
import { parseBundle } from '../../../src/trust/sigstore-bundle.ts';
import { generateSigningKey, signerOf } from '../../../src/trust/signing-key.ts';
import { trustedLogJson, trustedRootJson } from '../../../src/trust/trusted-root.ts';
import { verifySubject } from '../../../src/trust/verify-subject.ts';
import type { Scope } from '../../support/scope.ts';
import { MemoryRepository, pushArtifact } from '../memory-repository.ts';
import { attested } from '../signing.ts';
import { openTestLog, type TestLog } from './test-log.ts';

const signer = signerOf(generateSigningKey());

type World = TestLog & { readonly repository: MemoryRepository; readonly subject: Descriptor };

/** An artifact signed with the log, which has other entries before and after. */
async function signedWorld(scope: Scope): Promise<World> {
  const log = await openTestLog(scope);
  const repository = new MemoryRepository();
  for (const name of ['before', 'after']) await attestNew(log, repository, name);
  const subject = await attestNew(log, repository, 'artifact');
  return { ...log, repository, subject };
}

async function attestNew({ policy }: TestLog, repository: MemoryRepository, name: string): Promise<Descriptor> {
  const subject = await pushArtifact(repository, name);
  await attested(repository, subject, signer, { policy });
  return subject;
}

type Carried = { readonly content: SignedContent; readonly carried: Partial<Testimony>; readonly bytes: Buffer };

/** Signature and provenance as referrers carry them. */
async function referrersOf({ repository, subject }: World): Promise<Carried[]> {
  const referrers = await repository.referrers(subject.digest);
  return referrers.map(({ digest }) => {
    const bytes = firstLayer(repository, digest).blob;
    const { envelope, material } = parseBundle(bytes);
    const { payload, signature } = envelope;
    return {
      content: { kind: 'dsse', payload, signature, publicKeyPem: signer.publicKeyPem },
      carried: { material },
      bytes,
    };
  });
}

function firstLayer(repository: MemoryRepository, digest: string): { layer: Descriptor; blob: Buffer } {
  const stored = repository.manifests.get(digest);
  assert.ok(stored);
  const [layer] = (parseManifest(stored.bytes, stored.descriptor.mediaType) as ImageManifest).layers;
  assert.ok(layer);
  return { layer, blob: repository.blobs.get(layer.digest) ?? Buffer.alloc(0) };
}

/** The signature as the cosign tag carries it. */
function tagOf({ repository, subject }: World): Carried {
  const { layer, blob } = firstLayer(repository, repository.tagged.get(cosignTag(subject.digest, 'sig')) ?? '');
  const { annotations = {} } = layer;
  const signature = Buffer.from(annotations[signatureAnnotation] ?? '', 'base64');
  const content: SignedContent = { kind: 'raw', payload: blob, signature, publicKeyPem: signer.publicKeyPem };
  return { content, carried: { annotations }, bytes: blob };
}

function entryOf({ material }: Partial<Testimony>): JsonObject {
  const [entry] = (material?.['tlogEntries'] ?? []) as JsonObject[];
  assert.ok(entry);
  return entry;
}

/** `value` with the member at `path` replaced. */
function changed(value: unknown, [first, ...rest]: readonly (string | number)[], replacement: unknown): unknown {
  if (first === undefined) return replacement;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[first] = changed(copy[first], rest, replacement);
  return copy;
}

const zeros = Buffer.alloc(32).toString('base64');

describe('the check of a log entry', () => {
  it('passes for signature and provenance, in bundles and in cosign tags, and says where they are', async (t) => {
    const world = await signedWorld(t);
    const found: LogEvidence[] = [...(await referrersOf(world)), tagOf(world)].map(({ content, carried }) =>
      checkLog(content, carried, world.trusted),
    );
    assert.deepEqual(
      found.map(({ logId }) => logId),
      found.map(() => world.log.identity.logId),
    );
    assert.deepEqual(
      found.map(({ treeSize }) => treeSize),
      [...found.slice(0, -1).map(({ index }) => index + 1), undefined],
    );
    assert.ok(found.every(({ integratedAt }) => Math.abs(integratedAt.getTime() - Date.now()) < 60_000));
  });

  it('is what @sigstore/verify finds, too', async (t) => {
    const world = await signedWorld(t);
    const root = TrustedRoot.fromJSON(JSON.parse(world.files['trusted_root.json']));
    const key = keyFinder();
    for (const { bytes } of await referrersOf(world)) {
      const bundle = bundleFromJSON(JSON.parse(bytes.toString()));
      const verifier = new Verifier(toTrustMaterial(root, key), { ctlogThreshold: 0 });
      assert.ok(verifier.verify(toSignedEntity(bundle)).key);
      const stranger = TrustedRoot.fromJSON(JSON.parse(strangersRoot()));
      assert.throws(() =>
        new Verifier(toTrustMaterial(stranger, key), { ctlogThreshold: 0 }).verify(toSignedEntity(bundle)),
      );
    }
  });

  it('fails with the reason when anything in a bundle is changed', async (t) => {
    const world = await signedWorld(t);
    const [signature, provenance] = await referrersOf(world);
    assert.ok(signature && provenance);
    const { content, carried } = signature;
    const [entry, other] = [entryOf(carried), entryOf(provenance.carried)];
    const cases: [unknown, RegExp][] = [
      [undefined, /no entry of a transparency log/],
      [other, /about another signature/],
      [changed(entry, ['integratedTime'], '1'), /did not promise/],
      [changed(entry, ['logIndex'], '0'), /did not promise/],
      [changed(entry, ['inclusionPromise', 'signedEntryTimestamp'], zeros), /did not promise/],
      [changed(entry, ['logId', 'keyId'], zeros), /is not trusted/],
      [changed(entry, ['inclusionProof', 'logIndex'], '0'), /about another entry/],
      [changed(entry, ['inclusionProof', 'hashes', 0], zeros), /does not lead to the root/],
      [changed(entry, ['inclusionProof', 'hashes'], []), /does not lead to the root/],
      [changed(entry, ['inclusionProof', 'rootHash'], zeros), /does not lead to the root/],
      [changed(entry, ['inclusionProof', 'checkpoint', 'envelope'], 'a\n1\nAA==\n\n'), /not signed by the log/],
      [changed(entry, ['inclusionProof', 'checkpoint', 'envelope'], 'no note'), /not a signed note/],
      [
        changed(entry, ['inclusionProof', 'checkpoint'], (other['inclusionProof'] as JsonObject)['checkpoint']),
        /of another tree/,
      ],
      [changed(entry, ['inclusionProof'], undefined), /inclusion proof is not an object/],
      [changed(entry, ['inclusionPromise'], undefined), /promise is not an object/],
    ];
    for (const [changedEntry, reason] of cases) {
      const tlogEntries = changedEntry === undefined ? [] : [changedEntry];
      const material = { tlogEntries } as unknown as JsonObject;
      assert.throws(() => checkLog(content, { material }, world.trusted), {
        code: 'VERIFICATION_FAILED',
        message: reason,
      });
    }
    const both = { tlogEntries: [changed(entry, ['logIndex'], '0'), entry] } as unknown as JsonObject;
    assert.ok(checkLog(content, { material: both }, world.trusted), 'one good entry is enough');
  });

  it('fails when an annotation of a cosign tag is missing, is of another signature or is changed', async (t) => {
    const world = await signedWorld(t);
    const { content, carried } = tagOf(world);
    const text = carried.annotations?.[bundleAnnotation] ?? '';
    const payload = (value: unknown) => JSON.stringify(changed(JSON.parse(text), ['Payload', 'integratedTime'], value));
    const cases: [string | undefined, RegExp][] = [
      [undefined, /no entry of a transparency log/],
      ['{', /not JSON/],
      [payload(1), /did not promise/],
      [payload('soon'), /not a number/],
    ];
    for (const [annotation, reason] of cases) {
      const annotations = annotation === undefined ? {} : { [bundleAnnotation]: annotation };
      assert.throws(() => checkLog(content, { annotations }, world.trusted), { message: reason });
    }
    const other = { ...content, signature: Buffer.from('other') };
    assert.throws(() => checkLog(other, carried, world.trusted), { message: /about another signature/ });
  });

  it('fails outside of the time for which the log is trusted', async (t) => {
    const world = await signedWorld(t);
    const { content, carried } = tagOf(world);
    const { pem } = world.log.identity.publicKey;
    for (const validity of [
      { start: '2999-01-01T00:00:00Z' },
      { start: '1970-01-01T00:00:00Z', end: '2001-01-01T00:00:00Z' },
    ]) {
      const logs = trustedLogs(Buffer.from(trustedRootJson({ tlogs: [trustedLogJson(pem, validity, logUrl)] })));
      assert.throws(() => checkLog(content, carried, logs), { message: /is not trusted for 20/ });
    }
  });
});

describe('attesting with the log', () => {
  it('gives what was signed without it the log, keeps its provenance, and then writes nothing', async (t) => {
    const { policy, log, trusted } = await openTestLog(t);
    const repository = new MemoryRepository();
    const subject = await pushArtifact(repository, 'artifact');
    await attested(repository, subject, signer);
    assert.ok(!(await verifySubject(repository, subject, signer.publicKeyPem, { policy })).ok);
    const before = await verifySubject(repository, subject, signer.publicKeyPem);
    await attested(repository, subject, signer, { policy });
    const after = await verifySubject(repository, subject, signer.publicKeyPem, { policy });
    assert.ok(after.ok, JSON.stringify(after.checks));
    assert.deepEqual(after.evidence[1]?.statement, before.evidence[1]?.statement);
    assert.equal((await log.head()).size, 3);
    repository.writes.length = 0;
    await attested(repository, subject, signer, { policy });
    assert.deepEqual(repository.writes, []);
    assert.equal((await log.head()).size, 3);
    assert.equal(trusted.length, 1);
  });

  it('finds entries by the artifact, by what was signed and by the key', async (t) => {
    const { policy, log } = await openTestLog(t);
    const repository = new MemoryRepository();
    const subject = await pushArtifact(repository, 'artifact');
    await attested(repository, subject, signer, { policy });
    await attested(repository, await pushArtifact(repository, 'another'), signer, { policy });
    assert.equal((await log.leavesOf(subject.digest, 10)).length, 3);
    assert.equal((await log.leavesOf(keyOfPublicKey(signer.publicKeyPem), 10)).length, 6);
    assert.equal((await log.leavesOf(keyOfPublicKey(signer.publicKeyPem), 4)).length, 4);
  });
});

function keyFinder() {
  const publicKey = { publicKey: createPublicKey(signer.publicKeyPem), validFor: () => true };
  return () => publicKey;
}

function strangersRoot(): string {
  const { pem } = generateSigningKey().publicKey;
  return trustedRootJson({ tlogs: [trustedLogJson(pem, { start: '1970-01-01T00:00:00Z' }, logUrl)] });
}
