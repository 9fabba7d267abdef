// Databases of others as evidence: from files, archives, layouts and registries, row by row what the file holds; kept
// from the collection of garbage as long as the evidence names them; damage and hostile archives refused whole.

import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { canonicalJson, type Json } from '../../src/core/canonical-json.ts';
import { digestOf, type Digest } from '../../src/core/digest.ts';
import { ExportError, type ErrorCode } from '../../src/core/errors.ts';
import type { DatabasePointer } from '../../src/evidence/database-pointer.ts';
import type { IngestOptions } from '../../src/evidence/types.ts';
import { describe as describeBytes } from '../../src/oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import type { Repository } from '../../src/oci/repository.ts';
import { overlayRows } from '../../src/profiles/database/overlay.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { fileOf } from '../boltdb/memory-file.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { openTestCenter, tenant, type TestCenter } from '../support/center.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder, type Scope } from '../support/temporary-folder.ts';

const sep = '\u001f';

/** Keys and values as Trivy's own database has them, and what has no form as a row. */
const rows: { readonly k: string; readonly json: Json }[] = [
  ...Array.from({ length: 3_000 }, (_, i) => ({
    k: ['alpine 3.20', `pkg-${String(i >> 2).padStart(4, '0')}`, `CVE-2024-${i % 4}`].join(sep),
    json: { FixedVersion: `1.${i}-r0`, AffectedVersion: '<2' },
  })),
  { k: ['data-source', 'alpine 3.20'].join(sep), json: { ID: 'alpine', Name: 'Alpine Secdb' } },
  { k: ['vulnerability', 'CVE-2024-0'].join(sep), json: { Title: 'a <b> & c', Severity: 'HIGH', Description: 'é €' } },
];

function factsOf(changed: readonly { readonly k: string; readonly json: Json }[] = rows): BoltFact[] {
  return changed.map(({ k, json }) => {
    const parts = k.split(sep);
    // Keys in the order of a Go program, and its escapes.
    const text = JSON.stringify(json).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
    return { path: parts.slice(0, -1), key: parts.at(-1) ?? '', value: text };
  });
}

const metadata = '{"Version":2,"NextUpdate":"2026-07-02T12:00:00Z","UpdatedAt":"2026-07-01T12:00:00.5Z"}\n';

type World = TestCenter & {
  readonly folder: string;
  /** Folder with trivy.db and metadata.json. */
  readonly plain: string;
  take(from: string, options?: Partial<IngestOptions>): ReturnType<TestCenter['center']['ingest']>;
  pointer(): Promise<DatabasePointer>;
  overlays(): Promise<Repository>;
};

async function openWorld(scope: Scope, facts: readonly BoltFact[] = factsOf()): Promise<World> {
  const opened = await openTestCenter(scope);
  const { center } = opened;
  const folder = await temporaryFolder(scope, 'overlay');
  const plain = join(folder, 'plain');
  await mkdir(plain);
  await writeFile(join(plain, 'trivy.db'), (await fileOf(facts)).bytes);
  await writeFile(join(plain, 'metadata.json'), metadata);
  return {
    ...opened,
    folder,
    plain,
    take: (from, options) => center.ingest(tenant, { source: 'up', from, format: 'trivy-db', ...options }),
    pointer: async () => {
      const { text } = await center.evidenceDocument(tenant, 'up', 'trivy-db.json');
      return JSON.parse(text) as DatabasePointer;
    },
    overlays: async () => (await center.registryStorage()).repository(`${tenant}/overlay`),
  };
}

async function heldRows(world: World): Promise<{ k: string; v: string }[]> {
  const found: { k: string; v: string }[] = [];
  const { shards } = await world.pointer();
  for await (const page of overlayRows(await world.overlays(), shards.digest)) {
    for (const { k, v } of page) found.push({ k, v: v.toString() });
  }
  return found;
}

const wantedRows = rows.map(({ k, json }) => ({ k, v: canonicalJson(json) }));

async function tarred(world: World, name: string): Promise<string> {
  const file = join(world.folder, name);
  await mustRun('tar', ['-C', world.plain, '-czf', file, 'trivy.db', 'metadata.json']);
  return file;
}

/** Pushes an archive as upstream's artifact. */
async function pushArtifact(repository: Repository, layer: Buffer, tag: string, type?: string): Promise<Digest> {
  const descriptor = describeBytes(type ?? mediaTypes.trivyDbLayer, layer, {
    'org.opencontainers.image.title': 'db.tar.gz',
  });
  await repository.pushBlob(emptyDescriptor, emptyJson);
  await repository.pushBlob(descriptor, layer);
  const manifest = imageManifest({
    artifactType: 'application/vnd.aquasec.trivy.config.v1+json',
    config: emptyDescriptor,
    layers: [descriptor],
  });
  await repository.pushManifest(manifest, [tag]);
  return manifest.descriptor.digest;
}

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

describe('refused whole, with nothing left behind, is', () => {
  type Case = {
    readonly name: string;
    readonly make: (world: World) => Promise<string>;
    readonly code: ErrorCode;
    readonly message: RegExp;
  };
  const withFile = (name: string, bytes: (plain: Buffer) => Buffer | string) => async (world: World) => {
    const file = join(world.folder, name);
    await writeFile(file, bytes(await readFile(join(world.plain, 'trivy.db'))));
    return file;
  };
  const withTar = (prepare: (world: World) => Promise<readonly string[]>) => async (world: World) => {
    const file = join(world.folder, 'made.tar.gz');
    await mustRun('tar', ['-C', world.plain, '-czPf', file, ...(await prepare(world))]);
    return file;
  };
  const cases: Case[] = [
    {
      name: 'a file with another magic',
      make: withFile('trivy.db', (bytes) =>
        Buffer.concat([Buffer.from('SQLite format 3\0'), bytes.subarray(16, 40), Buffer.alloc(90_000)]),
      ),
      code: 'VERIFICATION_FAILED',
      message: /not a bolt file/,
    },
    {
      name: 'a file that is cut short',
      make: withFile('trivy.db', (bytes) => bytes.subarray(0, -5_000)),
      code: 'VERIFICATION_FAILED',
      message: /ends early/,
    },
    {
      name: 'a file with a page that refers to itself',
      make: withFile('trivy.db', (bytes) => {
        const copy = Buffer.from(bytes);
        copy.copyWithin(3 * 4_096, 4 * 4_096, 5 * 4_096);
        return copy;
      }),
      code: 'VERIFICATION_FAILED',
      message: /page 3/,
    },
    {
      name: 'an archive that is cut short',
      make: async (world) => {
        const bytes = await readFile(await tarred(world, 'whole.tar.gz'));
        await writeFile(join(world.folder, 'cut.tar.gz'), bytes.subarray(0, bytes.length / 2));
        return join(world.folder, 'cut.tar.gz');
      },
      code: 'VERIFICATION_FAILED',
      message: /gzip|ends early/,
    },
    {
      name: 'an archive whose database is a link',
      make: withTar(async ({ plain }) => {
        await mustRun('ln', ['-sf', '/etc/passwd', join(plain, 'trivy.db')]);
        return ['trivy.db', 'metadata.json'];
      }),
      code: 'INPUT_INVALID',
      message: /no trivy\.db in it/,
    },
    {
      name: 'an archive whose only database lies above it',
      make: withTar(({ plain, folder }) => {
        return copyFile(join(plain, 'trivy.db'), join(folder, 'trivy.db')).then(() => ['../trivy.db']);
      }),
      code: 'INPUT_INVALID',
      message: /no trivy\.db in it/,
    },
    {
      name: 'an archive with two databases',
      make: withTar(() => Promise.resolve(['--hard-dereference', 'trivy.db', './trivy.db'])),
      code: 'VERIFICATION_FAILED',
      message: /trivy\.db twice/,
    },
    {
      name: 'a database of another schema',
      make: async (world) => {
        await writeFile(join(world.plain, 'metadata.json'), metadata.replace('"Version":2', '"Version":3'));
        return world.plain;
      },
      code: 'INPUT_INVALID',
      message: /schema 3, not 2/,
    },
    {
      name: 'an archive that unfolds to hundreds of times its size',
      make: withFile('bomb.tar.gz', () => {
        const zeros = gzipSync(Buffer.alloc(32 << 20), { level: 9 });
        return Buffer.concat(Array.from({ length: 40 }, () => zeros));
      }),
      code: 'INPUT_TOO_LARGE',
      message: /unfolds to more than/,
    },
    {
      name: 'what is not there',
      make: ({ folder }) => Promise.resolve(join(folder, 'none')),
      code: 'NOT_FOUND',
      message: /is not there/,
    },
  ];
  for (const { name, make, code, message } of cases) {
    test(name, async (t) => {
      const world = await openWorld(t);
      const from = await make(world);
      await assert.rejects(world.take(from), (error) => {
        assert.ok(error instanceof ExportError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await world.center.evidenceSources(tenant), []);
      assert.deepEqual(await readdir(join(world.data, 'tmp')), []);
    });
  }

  test('an artifact of another kind, or a layer that is not what its digest says', async (t) => {
    const world = await openWorld(t);
    const dir = join(world.folder, 'layout');
    const layout = await openLayout(dir, { create: true });
    const layer = await readFile(await tarred(world, 'db.tar.gz'));
    await pushArtifact(layout, layer, 'java', mediaTypes.trivyJavaDbLayer);
    await assert.rejects(world.take(`${dir}:java`), /is no trivy-db: its layer is a .*javadb/);
    await pushArtifact(layout, layer, '2');
    const blob = layout.blobPath(digestOf(layer));
    const damaged = await readFile(blob);
    damaged[damaged.length - 3] = (damaged.at(-3) ?? 0) ^ 1;
    await writeFile(blob, damaged);
    await assert.rejects(world.take(`${dir}:2`), (error) => {
      assert.ok(error instanceof ExportError);
      assert.equal(error.code === 'DIGEST_MISMATCH' || error.code === 'VERIFICATION_FAILED', true, error.code);
      return true;
    });
    assert.deepEqual(await world.center.evidenceSources(tenant), []);
  });
});
