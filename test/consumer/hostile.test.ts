// Registries that serve something else than they should (mirror-deltas §3.3): refused, and the folder stays.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import { describe as describeBytes } from '../../src/oci/descriptor.ts';
import { parseManifest, imageIndex, imageManifest, isIndex } from '../../src/oci/manifest.ts';
import { headFieldsOf } from '../../src/profiles/sharded/documents.ts';
import { composeMirror } from '../../src/profiles/mirror/build.ts';
import { manifestsOf, smallBlobsOf, type ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import type { MemoryRepository } from '../trust/memory-repository.ts';
import { madeUp } from './publisher.ts';
import { edited, hasAll, openWorld, type World } from './world.ts';

/** Two states held, a third one published without a delta; then `spoil` happens to the registry. */
async function refuses(
  world: World,
  spoil: (next: ShardedBundle) => void | Promise<void>,
  code: RegExp,
): Promise<void> {
  const { publisher, dir, pull } = world;
  await publisher.publish(madeUp(300));
  const good = await publisher.publish(edited(3, 'two'));
  await pull();
  const before = await readFile(join(dir, 'index.json'));
  await spoil(await publisher.publish(edited(4, 'three'), { delta: false }));
  await assert.rejects(pull(), (error: { code: string }) => code.test(error.code));
  assert.deepEqual(await readFile(join(dir, 'index.json')), before);
  await hasAll(dir, good);
  world.registry.tamper = undefined;
}

const flipped = (body: Buffer): Buffer =>
  Buffer.from(body.map((byte, at) => (at === body.length >> 1 ? byte ^ 1 : byte)));

function journalPath(bundle: ShardedBundle): string {
  return `blobs/${bundle.journals.at(-1)?.layers[0]?.digest}`;
}

async function serve(repository: MemoryRepository, bundle: ShardedBundle): Promise<void> {
  for (const { descriptor, bytes } of smallBlobsOf(bundle)) await repository.pushBlob(descriptor, bytes);
  for (const manifest of manifestsOf(bundle)) await repository.pushManifest(manifest);
  await repository.pushManifest(bundle.index, ['latest']);
}

describe('a pull from a registry that misbehaves', () => {
  it('refuses wrong bytes', async (t) => {
    const world = await openWorld(t);
    await refuses(
      world,
      (next) => {
        world.registry.tamper = (path, body) => (path === journalPath(next) ? flipped(body) : body);
      },
      /^DIGEST_MISMATCH$/,
    );
    // Honest again: the next pull goes through.
    await world.pull();
  });

  it('refuses short bytes', async (t) => {
    const world = await openWorld(t);
    await refuses(
      world,
      (next) => {
        world.registry.tamper = (path, body) => (path === journalPath(next) ? body.subarray(0, -5) : body);
      },
      /^DIGEST_MISMATCH$/,
    );
    await world.pull();
  });

  it('refuses a swapped manifest', async (t) => {
    const world = await openWorld(t);
    await refuses(
      world,
      (next) => {
        const path = `manifests/${next.head.descriptor.digest}`;
        world.registry.tamper = (asked, body) =>
          asked === path ? (world.publisher.bundle?.bases[0]?.manifest.bytes ?? body) : body;
      },
      /^DIGEST_MISMATCH$/,
    );
  });

  it('refuses an index that another one signed, or nobody', async (t) => {
    const world = await openWorld(t);
    await refuses(
      world,
      (next) => {
        const { mediaType } = next.index.descriptor;
        const index = parseManifest(next.index.bytes, mediaType);
        assert.ok(isIndex(index));
        const { manifests, annotations = {} } = index;
        const other = imageIndex({
          ...(index.artifactType ? { artifactType: index.artifactType } : {}),
          manifests,
          annotations: { ...annotations, 'vnd.export-center.profile': 'other' },
        });
        world.registry.tamper = undefined;
        return world.repository.pushManifest(other, ['latest']).then(() => undefined);
      },
      /^VERIFICATION_FAILED$/,
    );
  });

  it('refuses journals with a gap, whoever signed them', async (t) => {
    const world = await openWorld(t);
    const { publisher, repository, pull, dir } = world;
    await publisher.publish(madeUp(300));
    await pull();
    await publisher.publish(edited(3, 'two'));
    const whole = await publisher.publish(edited(4, 'three'));
    // Without the first journal the chain neither begins at the base nor leads to the state.
    const gap = composeMirror(headFieldsOf(whole.exportManifest), whole.bases, whole.journals.slice(1), null);
    await serve(repository, gap);
    const { descriptor } = gap.index;
    await assert.rejects(pull({ key: undefined as never }), { code: 'VERIFICATION_FAILED', message: /set root/ });
    assert.notEqual((await readFile(join(dir, 'index.json'), 'utf8')).includes(descriptor.digest), true);
  });

  it('refuses a journal with other numbers of puts and dels than its export manifest says', async (t) => {
    const world = await openWorld(t);
    const { publisher, repository, pull } = world;
    await publisher.publish(madeUp(300));
    await pull();
    const { bases, exportManifest, journals } = await publisher.publish(edited(3, 'two'));
    for (const count of [{ puts: 4 }, { dels: 1 }]) {
      const other = journals.map((journal) => ({ ...journal, row: { ...journal.row, ...count } }));
      await serve(repository, composeMirror(headFieldsOf(exportManifest), bases, other, exportManifest.previous));
      await assert.rejects(pull({ key: undefined as never }), { code: 'VERIFICATION_FAILED', message: /puts/ });
    }
  });

  it('refuses a journal that its export manifest does not continue', async (t) => {
    const world = await openWorld(t);
    const { publisher, repository, pull } = world;
    const first = await publisher.publish(madeUp(300));
    await publisher.publish(edited(3, 'two'));
    const whole = await publisher.publish(edited(4, 'three'));
    const [one, two] = whole.exportManifest.journals;
    assert.ok(one && two);
    const rows = [one, { ...two, from: first.exportManifest.state.setRoot }];
    const config = canonicalBytes({ ...whole.exportManifest, journals: rows } as unknown as Json);
    const described = describeBytes(whole.config.descriptor.mediaType, config);
    const image = parseManifest(whole.head.bytes, whole.head.descriptor.mediaType);
    assert.ok(!isIndex(image));
    const head = imageManifest({
      ...(image.artifactType ? { artifactType: image.artifactType } : {}),
      config: described,
      layers: image.layers,
    });
    await repository.pushBlob(described, config);
    await repository.pushManifest(head);
    const index = parseManifest(whole.index.bytes, whole.index.descriptor.mediaType);
    assert.ok(isIndex(index));
    const manifests = [...index.manifests.slice(0, -1), head.descriptor];
    await repository.pushManifest(
      imageIndex({ ...(index.artifactType ? { artifactType: index.artifactType } : {}), manifests }),
      ['latest'],
    );
    await assert.rejects(pull({ key: undefined as never }), { code: 'VERIFICATION_FAILED', message: /gap/ });
  });

  it('takes the journal when the patch is damaged', async (t) => {
    const world = await openWorld(t);
    const { publisher, registry, pull, dir } = world;
    await publisher.publish(madeUp(300));
    await pull();
    const next = await publisher.publish(edited(4, 'two'));
    const delta = await world.repository.manifest('delta');
    assert.ok(delta);
    const manifest = parseManifest(delta.bytes, delta.descriptor.mediaType);
    assert.ok(!isIndex(manifest));
    const patch = `blobs/${manifest.layers[0]?.digest}`;
    registry.tamper = (path, body) => (path === patch ? flipped(body) : body);
    await pull();
    await hasAll(dir, next);
    assert.ok(registry.requests.includes(`GET ${journalPath(next)}`));
  });

  it('takes up a blob at the byte where the line broke', async (t) => {
    const world = await openWorld(t);
    const { publisher, registry, pull, dir } = world;
    const bundle = await publisher.publish(madeUp(4000));
    const size = Math.max(...bundle.bases.flatMap(({ shards }) => shards).map(({ layer }) => layer.size));
    registry.cutAfter = Math.ceil(size * 0.7);
    const result = await pull();
    await hasAll(dir, bundle);
    assert.ok(result.bytesFetched < result.bytesTotal + 8192, `${result.bytesFetched} of ${result.bytesTotal}`);
  });
});
