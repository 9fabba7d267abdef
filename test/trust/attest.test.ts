// Attesting: what is written, in which order, how little, and that nothing is written twice (formats.md §8).

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { imageIndex, parseManifest, type ImageManifest } from '../../src/oci/manifest.ts';
import { attest } from '../../src/trust/attest.ts';
import { cosignTag } from '../../src/trust/cosign-tags.ts';
import { provenancePredicateType, signPredicateType } from '../../src/trust/predicate-types.ts';
import { generateSigningKey, importSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import type { Signer } from '../../src/trust/types.ts';
import type { Witness } from '../../src/trust/signing-policy.ts';
import { SubjectQueue } from '../../src/trust/subject-queue.ts';
import { verifySubject } from '../../src/trust/verify-subject.ts';
import { MemoryRepository, pushArtifact } from './memory-repository.ts';
import { attested, attestOptions, later, provenanceInput } from './signing.ts';

async function setUp(): Promise<{ repository: MemoryRepository; subject: Descriptor }> {
  const repository = new MemoryRepository();
  const subject = await pushArtifact(repository, 'artifact');
  repository.writes.length = 0;
  return { repository, subject };
}

async function manifestAt(repository: MemoryRepository, reference: string): Promise<ImageManifest> {
  const stored = await repository.manifest(reference);
  assert.ok(stored);
  return parseManifest(stored.bytes, stored.descriptor.mediaType) as ImageManifest;
}

describe('attest', () => {
  it('writes referrers with the fields that clients filter by, and both cosign tags', async () => {
    const { repository, subject } = await setUp();
    await attested(repository, subject);
    const referrers = await repository.referrers(subject.digest);
    const types = ['https://sigstore.dev/cosign/sign/v1', 'https://slsa.dev/provenance/v1'];
    assert.deepEqual(
      referrers.map(({ artifactType, annotations }) => ({ artifactType, annotations })),
      types.map((type) => ({
        artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        annotations: {
          'dev.sigstore.bundle.content': 'dsse-envelope',
          'dev.sigstore.bundle.predicateType': type,
          'org.opencontainers.image.created': '2026-07-16T00:00:00Z',
        },
      })),
    );
    const hex = subject.digest.slice('sha256:'.length);
    assert.deepEqual(await repository.tags(), [`sha256-${hex}.att`, `sha256-${hex}.sig`]);
  });

  it('signs the statement that cosign signs, with one subject and without keyid', async () => {
    const { repository, subject } = await setUp();
    const { signer } = await attested(repository, subject);
    const [signature] = await repository.referrers(subject.digest);
    const { layers } = await manifestAt(repository, signature?.digest ?? '');
    assert.equal(layers.length, 1);
    const bytes = repository.blobs.get(layers[0]?.digest ?? '') ?? Buffer.alloc(0);
    const bundle = JSON.parse(bytes.toString()) as Record<string, Record<string, unknown>>;
    assert.ok(canonicalBytes(bundle as Json).equals(bytes));
    assert.deepEqual(bundle['verificationMaterial'], { publicKey: { hint: signer.hint } });
    const { payload, payloadType, signatures } = bundle['dsseEnvelope'] ?? {};
    assert.equal(payloadType, 'application/vnd.in-toto+json');
    assert.deepEqual(Object.keys((signatures as object[])[0] ?? {}), ['sig']);
    assert.deepEqual(JSON.parse(Buffer.from(String(payload), 'base64').toString()), {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: subject.digest.slice(7) } }],
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
    });
  });

  it('puts blobs before the manifests that name them, and tags last', async () => {
    const { repository, subject } = await setUp();
    // The repository refuses a manifest whose parts are not there.
    await attested(repository, subject);
    const kinds = repository.writes.map((write) => write.split(' ')[0]);
    assert.ok(kinds.indexOf('tag') > kinds.indexOf('manifest'));
    assert.equal(kinds.at(-1), 'tag');
    assert.equal(kinds.filter((kind) => kind === 'manifest').length, 4);
  });

  it('writes nothing when the same key has signed, whatever the run says of itself', async () => {
    const { repository, subject } = await setUp();
    const { signer, result } = await attested(repository, subject);
    assert.ok(result.written > 0 && result.bytes > 0);
    repository.writes.length = 0;
    const another = later({ ...provenanceInput, invocationId: 'another run', finishedOn: '2027-01-01T00:00:00Z' });
    const again = await attest(
      repository,
      subject,
      attestOptions(signer, { provenance: another, created: '2027-01-01T00:00:00Z' }),
    );
    assert.deepEqual(again, { written: 0, bytes: 0 });
    assert.deepEqual(repository.writes, []);
  });

  it('writes once when called many times at once', async () => {
    const { repository, subject } = await setUp();
    const signer = signerOf(generateSigningKey());
    const options = attestOptions(signer);
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => attest(repository, subject, options)));
    assert.equal(results.filter(({ written }) => written > 0).length, 1);
    assert.equal((await repository.referrers(subject.digest)).length, 2);
  });

  it('keeps the signatures of other keys in every layout', async () => {
    const { repository, subject } = await setUp();
    const queue = new SubjectQueue();
    const signers = [1, 2, 3].map(() => signerOf(generateSigningKey()));
    await Promise.all(signers.map((signer) => attested(repository, subject, signer, { queue })));
    assert.equal((await manifestAt(repository, cosignTag(subject.digest, 'sig'))).layers.length, 3);
    for (const { publicKeyPem } of signers) assert.ok((await verifySubject(repository, subject, publicKeyPem)).ok);
    // And below the tags alone.
    for (const { digest } of await repository.referrers(subject.digest)) repository.manifests.delete(digest);
    for (const { publicKeyPem } of signers) assert.ok((await verifySubject(repository, subject, publicKeyPem)).ok);
  });

  it('writes again what a writer without any queue of ours overwrites, and keeps what that one wrote', async () => {
    for (const suffix of ['sig', 'att'] as const) {
      const { repository, subject } = await setUp();
      const tag = cosignTag(subject.digest, suffix);
      const [ours, theirs] = [signerOf(generateSigningKey()), signerOf(generateSigningKey())];
      // The other one has read the tag while it was empty, and writes right after our first write.
      const other = new MemoryRepository();
      await pushArtifact(other, 'artifact');
      await attested(other, subject, theirs);
      for (const [digest, bytes] of other.blobs) repository.blobs.set(digest, bytes);
      const overwriting = await other.manifest(tag);
      assert.ok(overwriting);
      const push = repository.pushManifest.bind(repository);
      let overwritten = 0;
      repository.pushManifest = async (manifest, tags) => {
        const result = await push(manifest, tags);
        if (tags?.includes(tag) && overwritten++ === 0) await push(overwriting, [tag]);
        return result;
      };
      await attested(repository, subject, ours);
      assert.ok(overwritten > 1);
      for (const { digest } of await repository.referrers(subject.digest)) repository.manifests.delete(digest);
      const types = [suffix === 'sig' ? signPredicateType : provenancePredicateType];
      for (const { publicKeyPem } of [ours, theirs]) {
        assert.ok((await verifySubject(repository, subject, publicKeyPem, { predicateTypes: types })).ok, suffix);
      }
    }
  });

  it('lets several keys sign at once, and a later one say what was said first', async () => {
    const { repository, subject } = await setUp();
    const [first, second, third] = [1, 2, 3].map(() => signerOf(generateSigningKey())) as [Signer, Signer, Signer];
    await attest(repository, subject, { ...attestOptions(first), signers: [first, second] });
    const another = later({ ...provenanceInput, invocationId: 'a later run' });
    await attest(repository, subject, { ...attestOptions(first, { provenance: another }), signers: [third, first] });
    const runs: unknown[] = [];
    for (const { publicKeyPem } of [first, second, third]) {
      const { ok, evidence } = await verifySubject(repository, subject, publicKeyPem);
      assert.ok(ok);
      const statement = evidence[1]?.statement as { predicate: { runDetails: { metadata: unknown } } } | undefined;
      runs.push(statement?.predicate.runDetails.metadata);
    }
    assert.ok(runs[0]);
    assert.deepEqual(runs, [runs[0], runs[0], runs[0]]);
    assert.equal((await repository.referrers(subject.digest)).length, 6);
  });

  it('repairs what one layout lacks and says the same provenance there', async () => {
    const another = later({ ...provenanceInput, invocationId: 'the repairing run' });
    const losses: Record<string, (repository: MemoryRepository, subject: Descriptor) => Promise<void>> = {
      'the .att tag': async (repository, subject) => repository.deleteTag(cosignTag(subject.digest, 'att')),
      'the .sig tag': async (repository, subject) => repository.deleteTag(cosignTag(subject.digest, 'sig')),
      'the referrers': async (repository, subject) => {
        for (const { digest } of await repository.referrers(subject.digest)) repository.manifests.delete(digest);
      },
      'the bundles': async (repository, subject) => {
        for (const { digest } of await repository.referrers(subject.digest)) {
          for (const layer of (await manifestAt(repository, digest)).layers) repository.blobs.delete(layer.digest);
        }
      },
      'the blobs below the tags': async (repository, subject) => {
        for (const suffix of ['sig', 'att'] as const) {
          const { layers } = await manifestAt(repository, cosignTag(subject.digest, suffix));
          for (const layer of layers) repository.blobs.delete(layer.digest);
        }
      },
    };
    for (const [what, lose] of Object.entries(losses)) {
      const { repository, subject } = await setUp();
      const { signer } = await attested(repository, subject);
      await lose(repository, subject);
      await attested(repository, subject, signer, { provenance: another });
      repository.writes.length = 0;
      await attested(repository, subject, signer);
      assert.deepEqual(repository.writes, [], `${what} was not repaired`);
      for (const blob of repository.blobs.values()) {
        const payload = /"payload":"([^"]+)"/.exec(blob.toString())?.[1] ?? '';
        assert.ok(!Buffer.from(payload, 'base64').includes('the repairing run'), what);
      }
    }
  });

  it('finishes what a crash left half done', async () => {
    const key = await importSigningKey(
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    );
    const whole = await setUp();
    await attested(whole.repository, whole.subject, signerOf(key));
    const steps = whole.repository.writes.length;
    for (let survived = 0; survived < steps; survived++) {
      const { repository, subject } = await setUp();
      const writes = repository.writes;
      const push = writes.push.bind(writes);
      // The write that would come next kills the process.
      writes.push = (...items) => {
        if (writes.length >= survived) throw new Error('killed');
        return push(...items);
      };
      await assert.rejects(attested(repository, subject, signerOf(key)), /killed/);
      writes.push = push;
      await attested(repository, subject, signerOf(key));
      // Ed25519 is deterministic, so the end is the same to the byte.
      assert.deepEqual(new Set(repository.manifests.keys()), new Set(whole.repository.manifests.keys()));
      assert.deepEqual(repository.tagged, whole.repository.tagged);
    }
  });

  it('refuses to add to a tag that is an index, and keeps it', async () => {
    const { repository, subject } = await setUp();
    const tag = cosignTag(subject.digest, 'sig');
    await repository.pushManifest(imageIndex({ manifests: [] }), [tag]);
    const before = repository.tagged.get(tag);
    await assert.rejects(attested(repository, subject), { code: 'CONFLICT' });
    assert.equal(repository.tagged.get(tag), before);
  });

  it('attaches the testimony of a witness that the policy gained, and again nothing after that', async () => {
    const { repository, subject } = await setUp();
    const { signer } = await attested(repository, subject);
    const witness: Witness = {
      name: 'a log',
      testify: async () => ({ material: { tlogEntries: [{ logIndex: '1' }] }, annotations: { 'x-log': '1' } }),
      recognises: (_, { material, annotations }) =>
        material?.['tlogEntries'] !== undefined || annotations?.['x-log'] !== undefined,
    };
    const policy = { witnesses: [witness] };
    await attested(repository, subject, signer, { policy });
    assert.equal((await repository.referrers(subject.digest)).length, 4);
    repository.writes.length = 0;
    await attested(repository, subject, signer, { policy });
    await attested(repository, subject, signer);
    assert.deepEqual(repository.writes, []);
  });

  it('costs a consumer of one bundle less than 5 KB', async (t) => {
    const { repository, subject } = await setUp();
    await attested(repository, subject);
    const sizes: number[] = [];
    for (const { digest, size } of await repository.referrers(subject.digest)) {
      const [layer] = (await manifestAt(repository, digest)).layers;
      sizes.push(size, layer?.size ?? 0);
    }
    t.diagnostic(`signature manifest, bundle, provenance manifest, bundle: ${sizes.join(', ')} bytes`);
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) < 5_000);
  });
});
