// Databases of others as evidence: from files, archives, layouts and registries, row by row what the file holds; kept
// from the collection of garbage as long as the evidence names them; damage and hostile archives refused whole.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { digestOf } from '../../src/core/digest.ts';
import type { DatabasePointer } from '../../src/evidence/database-pointer.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { fileOf } from '../boltdb/memory-file.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { tenant } from '../support/center.ts';

import { rows, factsOf, openWorld, heldRows, wantedRows, tarred, pushArtifact } from './overlay-world.ts';

describe('a database of somebody else', () => {
  test('is the same rows as a file, a folder, an archive, a layout and an artifact in a registry', async (t) => {
    const world = await openWorld(t);
    const archive = await tarred(world, 'db.tar.gz');
    const layer = await readFile(archive);
    // As many gzip members as there are pieces, which other programs read as one stream.
    const members = join(world.folder, 'members.tar.gz');
    const tar = gunzipSync(layer);
    const ends = [0, 40_000, 40_001, 90_000, tar.length];
    await writeFile(members, Buffer.concat(ends.map((end, i) => gzipSync(tar.subarray(ends[i - 1] ?? 0, end)))));
    const layoutDir = join(world.folder, 'layout');
    const layout = await openLayout(layoutDir, { create: true });
    const manifestDigest = await pushArtifact(layout, layer, '2');
    const registry = await startRegistry(t);
    await pushArtifact(registry.storage.repository('aquasecurity/trivy-db'), layer, '2');
    const reference = `${registry.host}/aquasecurity/trivy-db`;
    const ways = [
      { from: join(world.plain, 'trivy.db'), origin: { kind: 'file' } },
      { from: world.plain, origin: { kind: 'file' } },
      { from: archive, origin: { kind: 'file' } },
      { from: members, origin: { kind: 'file' } },
      { from: `${layoutDir}:2`, origin: { kind: 'layout', manifestDigest } },
      { from: layoutDir, origin: { kind: 'layout', manifestDigest } },
      { from: `oci:${reference}`, origin: { kind: 'registry', reference: `${reference}:2`, manifestDigest } },
      {
        from: `oci:${reference}@${manifestDigest}`,
        origin: { kind: 'registry', reference: `${reference}@${manifestDigest}`, manifestDigest },
      },
    ];
    const states = new Set<string>();
    for (const [i, { from, origin }] of ways.entries()) {
      const source = `up${i}`;
      const result = await world.take(from, { source });
      assert.deepEqual(
        { added: result.added, rejected: result.rejected, warnings: result.warnings },
        {
          added: 1,
          rejected: [],
          warnings: [],
        },
      );
      const { text, modified } = await world.center.evidenceDocument(tenant, source, 'trivy-db.json');
      const pointer = JSON.parse(text) as DatabasePointer;
      assert.deepEqual(pointer.origin, origin);
      assert.equal(modified, '2026-07-01T12:00:00Z');
      assert.equal(pointer.state.records, rows.length);
      states.add(`${pointer.state.setRoot} ${pointer.shards.digest}`);
    }
    assert.equal(states.size, 1, 'whatever the way, the state is one');
    await world.take(archive);
    assert.equal((await world.pointer()).layerDigest, digestOf(layer));
    assert.deepEqual(await heldRows(world), wantedRows);
  });

  test('with the same digest again is unchanged, and its layer is not fetched', async (t) => {
    const world = await openWorld(t);
    const registry = await startRegistry(t);
    const layer = await readFile(await tarred(world, 'db.tar.gz'));
    await pushArtifact(registry.storage.repository('aquasecurity/trivy-db'), layer, '2');
    const from = `oci:${registry.host}/aquasecurity/trivy-db:2`;
    const first = await world.take(from);
    const blobs = (): number => registry.log.filter(({ path }) => path.includes(`/blobs/${digestOf(layer)}`)).length;
    assert.equal(blobs(), 1);
    const again = await world.take(from);
    assert.equal(blobs(), 1);
    assert.deepEqual({ ...again, added: 1, unchanged: 0 }, { ...first, unchanged: 0 });
    assert.deepEqual([again.added, again.unchanged], [0, 1]);
    assert.equal((await world.take(join(world.folder, 'db.tar.gz'))).unchanged, 1);
  });

  test('is told by evidence list with its rows, and by mirror:full with the document that points to it', async (t) => {
    const world = await openWorld(t);
    await world.take(world.plain);
    const [summary] = await world.center.evidenceSources(tenant);
    assert.deepEqual(summary?.databases, [
      { format: 'trivy-db', records: rows.length, layerDigest: (await world.pointer()).layerDigest },
    ]);
    const { records } = await world.succeed('mirror:full');
    assert.equal(records, 1);
  });

  test('is kept from the collection of garbage until the evidence names another one', async (t) => {
    const world = await openWorld(t);
    await world.take(world.plain);
    const old = await world.pointer();
    const overlays = await world.overlays();
    await world.center.collectGarbage({ dryRun: false });
    assert.equal((await overlays.tags()).length, 1);
    await writeFile(join(world.plain, 'trivy.db'), (await fileOf(factsOf(rows.slice(0, 2_000)))).bytes);
    assert.equal((await world.take(world.plain)).changed, 1);
    assert.equal((await overlays.tags()).length, 2);
    await world.center.collectGarbage({ dryRun: false });
    const { shards } = await world.pointer();
    assert.deepEqual(await overlays.tags(), [`o-${shards.digest.slice(7)}`]);
    assert.notEqual(shards.digest, old.shards.digest);
    assert.deepEqual(await heldRows(world), wantedRows.slice(0, 2_000));
  });

  test('is taken away by a line that deletes its document', async (t) => {
    const world = await openWorld(t);
    await world.take(world.plain);
    const lines = join(world.folder, 'gone.jsonl');
    await writeFile(lines, '{"op":"del","path":"trivy-db.json"}\n');
    assert.equal((await world.take(lines)).removed, 1);
    await world.center.collectGarbage({ dryRun: false });
    assert.deepEqual(await (await world.overlays()).tags(), []);
  });

  test('says how many rows have no form here', async (t) => {
    const odd: BoltFact[] = [
      { path: ['npm::x', Buffer.from([0xff])], key: 'CVE-1', value: '{}' },
      { path: ['npm::x', `a${'b'.repeat(1_100)}`], key: 'CVE-1', value: '{}' },
    ];
    const world = await openWorld(
      t,
      [odd[1], odd[0]].map((fact) => fact as BoltFact),
    );
    const { warnings } = await world.take(world.plain);
    assert.deepEqual((await world.pointer()).leftOut, [{ code: 'key-not-writable', count: 2 }]);
    assert.match(warnings[0]?.message ?? '', /^2 rows are left out/);
  });
});
