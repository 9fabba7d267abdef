// For the tests of databases taken in: a center, and a database of somebody else in a folder, as files, archives and
// artifacts.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, type Json } from '../../src/core/canonical-json.ts';
import { type Digest } from '../../src/core/digest.ts';
import type { DatabasePointer } from '../../src/evidence/database-pointer.ts';
import type { IngestOptions } from '../../src/evidence/types.ts';
import { describe as describeBytes } from '../../src/oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import type { Repository } from '../../src/oci/repository.ts';
import { overlayRows } from '../../src/profiles/database/overlay.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { fileOf } from '../boltdb/memory-file.ts';
import { openTestCenter, tenant, type TestCenter } from '../support/center.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder, type Scope } from '../support/temporary-folder.ts';

export const sep = '\u001f';

/** Keys and values as Trivy's own database has them, and what has no form as a row. */
export const rows: { readonly k: string; readonly json: Json }[] = [
  ...Array.from({ length: 3_000 }, (_, i) => ({
    k: ['alpine 3.20', `pkg-${String(i >> 2).padStart(4, '0')}`, `CVE-2024-${i % 4}`].join(sep),
    json: { FixedVersion: `1.${i}-r0`, AffectedVersion: '<2' },
  })),
  { k: ['data-source', 'alpine 3.20'].join(sep), json: { ID: 'alpine', Name: 'Alpine Secdb' } },
  { k: ['vulnerability', 'CVE-2024-0'].join(sep), json: { Title: 'a <b> & c', Severity: 'HIGH', Description: 'é €' } },
];

export function factsOf(changed: readonly { readonly k: string; readonly json: Json }[] = rows): BoltFact[] {
  return changed.map(({ k, json }) => {
    const parts = k.split(sep);
    // Keys in the order of a Go program, and its escapes.
    const text = JSON.stringify(json).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
    return { path: parts.slice(0, -1), key: parts.at(-1) ?? '', value: text };
  });
}

export const metadata = '{"Version":2,"NextUpdate":"2026-07-02T12:00:00Z","UpdatedAt":"2026-07-01T12:00:00.5Z"}\n';

export type World = TestCenter & {
  readonly folder: string;
  /** Folder with trivy.db and metadata.json. */
  readonly plain: string;
  take(from: string, options?: Partial<IngestOptions>): ReturnType<TestCenter['center']['ingest']>;
  pointer(): Promise<DatabasePointer>;
  overlays(): Promise<Repository>;
};

export async function openWorld(scope: Scope, facts: readonly BoltFact[] = factsOf()): Promise<World> {
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

export async function heldRows(world: World): Promise<{ k: string; v: string }[]> {
  const found: { k: string; v: string }[] = [];
  const { shards } = await world.pointer();
  for await (const page of overlayRows(await world.overlays(), shards.digest)) {
    for (const { k, v } of page) found.push({ k, v: v.toString() });
  }
  return found;
}

export const wantedRows = rows.map(({ k, json }) => ({ k, v: canonicalJson(json) }));

export async function tarred(world: World, name: string): Promise<string> {
  const file = join(world.folder, name);
  await mustRun('tar', ['-C', world.plain, '-czf', file, 'trivy.db', 'metadata.json']);
  return file;
}

/** Pushes an archive as upstream's artifact. */
export async function pushArtifact(repository: Repository, layer: Buffer, tag: string, type?: string): Promise<Digest> {
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
