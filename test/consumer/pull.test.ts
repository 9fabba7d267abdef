// `mirror pull` against a publisher in the same process: what the consumer derives is what the publisher published.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readFile, writeFile } from 'node:fs/promises';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { generateSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { madeUp, type Edit } from './publisher.ts';
import { edited, hasAll, openWorld } from './world.ts';

const firstSize = 4000;

describe('mirror pull', () => {
  it('brings a whole bundle with its signature into an empty folder', async (t) => {
    const { publisher, registry, dir, pull } = await openWorld(t);
    const bundle = await publisher.publish(madeUp(firstSize));
    const result = await pull();
    await hasAll(dir, bundle);
    assert.equal(result.digest, bundle.index.descriptor.digest);
    assert.equal(result.records, firstSize);
    assert.equal(result.bytesFetched, registry.sent);
    assert.ok(result.bytesFetched < result.bytesTotal + 8192);
    assert.deepEqual(result.verified, ['digests', 'journals', 'set-root', 'signature']);
  });

  it('fetches a patch on the next day, and no more than 8 KB for a small one', async (t) => {
    const { publisher, registry, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(firstSize));
    await pull();
    registry.sent = 0;
    const bundle = await publisher.publish(edited(1, 'day 2'));
    const result = await pull();
    await hasAll(dir, bundle);
    assert.equal(result.bytesFetched, registry.sent);
    assert.ok(result.bytesFetched <= 8192, `${result.bytesFetched} bytes`);
    assert.ok(!registry.requests.includes(`GET manifests/${bundle.index.descriptor.digest}`));
  });

  it('asks for nothing but the tag when nothing is new', async (t) => {
    const { publisher, registry, pull } = await openWorld(t);
    await publisher.publish(madeUp(50));
    await pull();
    registry.requests.length = 0;
    const result = await pull();
    assert.deepEqual(registry.requests, ['HEAD manifests/latest']);
    assert.equal(result.bytesFetched, 0);
  });

  it('derives the same digests through a compaction, a forced one too, and fetches no shard', async (t) => {
    const { publisher, registry, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(firstSize));
    await pull();
    // Day 3 touches so much that day 4 compacts by the rule; day 6 is told to.
    const days: [Edit[], boolean][] = [
      [edited(10, 'two'), false],
      [edited(3500, 'three'), false],
      [[...edited(5, 'four'), ...[...madeUp(40, 100)].map(({ c, k }) => ({ c, k }))], false],
      [[...madeUp(20, firstSize)], false],
      [edited(7, 'six'), true],
    ];
    let derived = 0;
    for (const [edits, compact] of days) {
      const bundle = await publisher.publish(edits, { compact });
      registry.requests.length = 0;
      derived += (await pull()).shardsDerived;
      await hasAll(dir, bundle);
      const shards = bundle.bases.flatMap(({ shards }) => shards).map(({ layer }) => `GET blobs/${layer.digest}`);
      const journals = bundle.journals.flatMap(({ layers }) => layers).map(({ digest }) => `GET blobs/${digest}`);
      assert.deepEqual(
        registry.requests.filter((request) => [...shards, ...journals].includes(request)),
        [],
      );
    }
    assert.ok(derived > 0);
  });

  it('catches up after four days with four patches', async (t) => {
    const { publisher, registry, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(firstSize));
    await pull();
    for (const day of ['2', '3', '4']) await publisher.publish(edited(5, day));
    const bundle = await publisher.publish(edited(6, '5'), { compact: true });
    registry.requests.length = 0;
    await pull();
    await hasAll(dir, bundle);
    assert.equal(registry.requests.filter((request) => request.endsWith('.delta')).length, 4);
    assert.ok(!registry.requests.some((request) => request.includes(`manifests/${bundle.index.descriptor.digest}`)));
  });

  it('fetches only the missing journal when there is no delta', async (t) => {
    const { publisher, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(firstSize));
    await pull();
    const bundle = await publisher.publish(edited(5, 'two'), { delta: false });
    const result = await pull();
    await hasAll(dir, bundle);
    assert.ok(result.bytesFetched < 20_000, `${result.bytesFetched} bytes`);
  });

  it('derives a new base without a delta and fetches only what it cannot derive', async (t) => {
    const { publisher, registry, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(firstSize));
    await publisher.publish(edited(9, 'two'));
    await pull();
    const bundle = await publisher.publish(edited(5, 'three'), { delta: false, compact: true });
    registry.requests.length = 0;
    const result = await pull();
    await hasAll(dir, bundle);
    assert.ok(result.shardsDerived > 0);
    for (const { layer } of bundle.bases.flatMap(({ shards }) => shards)) {
      assert.ok(!registry.requests.includes(`GET blobs/${layer.digest}`));
    }
  });

  it('keeps two states and nothing of older ones', async (t) => {
    const { publisher, dir, pull } = await openWorld(t);
    const digests: string[] = [];
    for (const day of ['1', '2', '3', '4']) {
      digests.push(
        (await publisher.publish(edited(60, day), { created: `2026-07-1${day}T00:00:00Z` })).index.descriptor.digest,
      );
      await pull({ signatureOnly: false });
    }
    const layout = await openLayout(dir);
    const short = (digest: string | undefined): string => (digest ?? '').slice(7, 19);
    const tags = (await layout.tags()).filter((tag) => !tag.startsWith('sha256-'));
    assert.deepEqual(tags, [
      'latest',
      `s-20260713T000000Z-${short(digests[2])}`,
      `s-20260714T000000Z-${short(digests[3])}`,
    ]);
    assert.equal(await layout.manifest(digests[1] ?? ''), undefined);
    for (const suffix of ['sig', 'att']) {
      assert.ok(await layout.resolve(`${digests[2]?.replace(':', '-')}.${suffix}`));
      assert.equal(await layout.resolve(`${digests[1]?.replace(':', '-')}.${suffix}`), undefined);
    }
  });

  it('refuses a bundle that the key did not sign, and leaves the folder as it was', async (t) => {
    const { publisher, dir, pull } = await openWorld(t);
    const bundle = await publisher.publish(madeUp(50));
    await pull();
    const before = await readFile(join(dir, 'index.json'));
    await publisher.publish(edited(3, 'two'));
    const other = signerOf(generateSigningKey()).publicKeyPem;
    await assert.rejects(pull({ key: other }), { code: 'VERIFICATION_FAILED' });
    assert.deepEqual(await readFile(join(dir, 'index.json')), before);
    await hasAll(dir, bundle);
  });

  it('refuses to go back to an older state unless its digest is given', async (t) => {
    const { publisher, registry, repository, dir, pull } = await openWorld(t);
    const old = await publisher.publish(madeUp(50), { created: '2026-07-01T00:00:00Z' });
    const next = await publisher.publish(edited(3, 'two'), { created: '2026-07-02T00:00:00Z' });
    await pull();
    await repository.pushManifest(old.index, ['latest']);
    await assert.rejects(pull(), { code: 'VERIFICATION_FAILED' });
    await hasAll(dir, next);
    const result = await pull({ reference: `${registry.name}@${old.index.descriptor.digest}` });
    assert.equal(result.digest, old.index.descriptor.digest);
    await hasAll(dir, next);
  });

  it('goes forward to a state whose newest document was removed', async (t) => {
    const { publisher, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(50), { created: '2026-07-02T00:00:00Z' });
    await pull();
    const next = await publisher.publish(edited(3, 'two'), { created: '2026-07-01T00:00:00Z', delta: false });
    await pull();
    await hasAll(dir, next);
  });

  it('applies a delta that was carried alone across a gap', async (t) => {
    const { publisher, registry, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(firstSize));
    await pull();
    const bundle = await publisher.publish(edited(2, 'two'));
    registry.requests.length = 0;
    await pull({ reference: `${registry.name}:delta` });
    await hasAll(dir, bundle);
    assert.ok(!registry.requests.includes(`GET manifests/${bundle.index.descriptor.digest}`));
  });

  it('pulls from a layout folder as from a registry', async (t) => {
    const { publisher, dir, pull, key } = await openWorld(t);
    const bundle = await publisher.publish(madeUp(60));
    await pull({ signatureOnly: false });
    const far = join(await temporaryFolder(t, 'far'), 'copy');
    const result = await mirrorPull({ reference: dir, dir: far, key });
    await hasAll(far, bundle);
    assert.deepEqual(result.verified, ['digests', 'journals', 'set-root', 'signature', 'provenance']);
    assert.ok(result.bytesFetched > result.bytesTotal);
  });

  it('pulls json:raw and keeps what was damaged in the folder from staying so', async (t) => {
    const { publisher, registry, dir, pull } = await openWorld(t);
    const raw = await publisher.publishRaw([{ c: 'osv/osv/go', k: 'a.json', text: '{ "id": "ä" }\n' }], 'raw');
    const reference = `${registry.name}:raw`;
    const result = await pull({ reference });
    assert.equal(result.setRoot, raw.exportManifest.state.setRoot);
    const shard = raw.bases[0]?.shards[0]?.layer.digest ?? assert.fail();
    const path = (await openLayout(dir)).blobPath(shard);
    const bytes = await readFile(path);
    await writeFile(path, Buffer.alloc(bytes.length));
    await pull({ reference });
    assert.deepEqual(await readFile(path), bytes);
  });
});
