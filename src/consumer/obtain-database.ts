// Gets the database that a mirror's rows make into the folder (formats.md §15): rebuilt out of the rows, to the layer and
// the manifest that the export manifest names. Where this program writes another form than the publisher's did, the
// artifact is fetched instead. Its signatures come from the repository beside the mirror.

import { createReadStream } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { ExportError } from '../core/errors.ts';
import { emptyDescriptor, emptyJson, type StoredManifest } from '../oci/manifest.ts';
import { databaseManifest, layerDescriptor } from '../profiles/database/artifact.ts';
import { gzipFacts, type Rebuilds } from '../profiles/database/documents.ts';
import { metadataJson } from '../profiles/database/metadata.ts';
import { packLayer } from '../profiles/database/pack-layer.ts';
import type { DatabaseProduct } from '../profiles/database/product.ts';
import { productOf } from '../profiles/database/products.ts';
import type { ShardedBundle } from '../profiles/sharded/compose.ts';
import { stateLines } from '../profiles/sharded/read.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { EncoderPool } from '../shard/encoder-pool.ts';
import { isContentFault, unlessFaulty } from './content-faults.ts';
import { isSound } from './damaged-blobs.ts';
import { fetchGraph } from './fetch-artifact.ts';
import { Fetcher, type FetchHooks } from './fetcher.ts';
import type { MirrorFolder } from './mirror-folder.ts';
import { ReadThrough } from './read-through.ts';

export type DatabaseSource = FetchHooks & {
  readonly folder: MirrorFolder;
  /** The repository beside the mirror that has the artifact; opened when it is needed. */
  readonly beside: (repository: string) => RepositoryReader;
};

export type ObtainedDatabase = {
  readonly manifest: StoredManifest;
  readonly how: 'present' | 'rebuilt' | 'fetched';
};

/**
 * Undefined for a mirror of something else. Throws VERIFICATION_FAILED when the rows make another database and the named
 * one is not there either, NOT_FOUND when it is not there and this version cannot make it.
 */
export async function obtainDatabase(
  bundle: ShardedBundle,
  source: DatabaseSource,
): Promise<ObtainedDatabase | undefined> {
  const { rebuilds } = bundle.exportManifest;
  if (rebuilds === undefined) return undefined;
  const held = await heldDatabase(rebuilds, source.folder);
  if (held) return { manifest: held, how: 'present' };
  const product = productOf(rebuilds.kind);
  if (product?.writer !== rebuilds.writer || !isDeepStrictEqual(rebuilds.gzip, gzipFacts)) {
    return { manifest: await fetchDatabase(rebuilds, source), how: 'fetched' };
  }
  try {
    return { manifest: await rebuildDatabase(product, rebuilds, bundle, source), how: 'rebuilt' };
  } catch (thrown) {
    if (!isContentFault(thrown)) throw thrown;
    // As with journals (formats.md §8): what cannot be made again is fetched, and its digest proves it.
    const fetched = await unlessFaulty(() => fetchDatabase(rebuilds, source));
    if (fetched === undefined) throw thrown;
    return { manifest: fetched, how: 'fetched' };
  }
}

async function heldDatabase(
  { manifestDigest, layerDigest }: Rebuilds,
  { layout }: MirrorFolder,
): Promise<StoredManifest | undefined> {
  for (const digest of [layerDigest, manifestDigest]) if (!(await isSound(layout, digest))) return undefined;
  return layout.manifest(manifestDigest);
}

async function rebuildDatabase(
  product: DatabaseProduct,
  rebuilds: Rebuilds,
  bundle: ShardedBundle,
  { folder, signal, onProgress }: DatabaseSource,
): Promise<StoredManifest> {
  const { layout } = folder;
  const { state } = bundle.exportManifest;
  const work = await folder.workFolder();
  const encoders = new EncoderPool();
  try {
    onProgress?.({ label: 'rebuilding', done: 0 });
    const path = join(work, product.fileName);
    await product.writeFile(stateLines(layout, bundle), path);
    const metadata = metadataJson(product.version, { updatedAt: state.created, nextUpdate: rebuilds.nextUpdate });
    const to = join(work, product.layerTitle);
    const told = (done: number): void => onProgress?.({ label: 'rebuilding', done });
    const layer = await packLayer(
      { name: product.fileName, path, metadata },
      { to, encoders, signal, onProgress: told },
    );
    const manifest = databaseManifest(product, layer, state.created);
    compare('layer', layer.digest, rebuilds.layerDigest);
    compare('manifest', manifest.descriptor.digest, rebuilds.manifestDigest);
    await layout.pushBlob(layerDescriptor(product, layer), () => createReadStream(to) as AsyncIterable<Buffer>);
    await layout.pushBlob(emptyDescriptor, emptyJson);
    await layout.pushManifest(manifest);
    return manifest;
  } finally {
    await encoders.close();
    await folder.clearWork();
  }
}

function compare(what: string, made: string, named: string): void {
  if (made === named) return;
  throw new ExportError('VERIFICATION_FAILED', `the rows make the database ${what} ${made}, not ${named}`, {
    hint: 'report it to the publisher: mirror and database do not belong together',
  });
}

async function fetchDatabase(
  { reference, manifestDigest }: Rebuilds,
  { folder, beside, ...hooks }: DatabaseSource,
): Promise<StoredManifest> {
  const reader = beside(reference);
  const fetcher = new Fetcher(reader, folder, hooks);
  const through = new ReadThrough(reader, folder, fetcher);
  const manifest = await through.manifest(manifestDigest);
  if (!manifest) {
    throw new ExportError('NOT_FOUND', `${reader.name} has no ${manifestDigest}, and this version cannot rebuild it`, {
      hint: 'update this program, or copy the database to where the mirror lies',
    });
  }
  await fetchGraph(through, manifest, { fetcher });
  await folder.layout.pushManifest(manifest);
  return manifest;
}
