// The rows of a database that somebody else made, kept in our own registry as the shards of a mirror (docs/formats.md, "Databases taken in"):
// base manifests as ever, under an index that a tag keeps from the sweep. A row whose shard a mirror of ours has as well
// is the same blob.

import { digestOf, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { compareUtf8 } from '../../core/order.ts';
import { bare } from '../../oci/descriptor.ts';
import { imageIndex, isIndex, parseManifest, type StoredManifest } from '../../oci/manifest.ts';
import { annotationNames, artifactTypes } from '../../oci/media-types.ts';
import type { Repository, RepositoryReader } from '../../oci/repository.ts';
import { chunk } from '../../shard/chunker.ts';
import { shardLine } from '../../shard/line.ts';
import { composeBases } from '../sharded/compose.ts';
import { readBase, readShard } from '../sharded/read.ts';
import { storeShards, type StoreContext } from '../sharded/store.ts';
import { SpooledLeaves } from './spooled-leaves.ts';
import type { DatabaseRow } from './row.ts';

/** The repository of a tenant's overlays. */
export const overlayRepository = 'overlay';

export type StoredOverlay = { readonly index: Digest; readonly setRoot: Digest; readonly records: number };

/** The tag that keeps an overlay. */
export function overlayTag(index: Digest): string {
  return `o-${index.slice(7)}`;
}

export type StoreOverlayOptions = {
  readonly store: StoreContext;
  readonly repository: Repository;
  /** Collection of the rows. */
  readonly c: string;
  /** Holds 64 bytes for each row meanwhile; whoever made it removes it. */
  readonly folder: string;
};

/**
 * Stores sorted rows and tags them. Throws VERIFICATION_FAILED when keys do not rise, which is the file's fault.
 */
export async function storeOverlay(
  rows: AsyncIterable<readonly DatabaseRow[]>,
  { store, repository, c, folder }: StoreOverlayOptions,
): Promise<StoredOverlay> {
  const leaves = await SpooledLeaves.create(folder);
  try {
    const shards = await storeShards(store, chunk(lines(rows, c, leaves)));
    const state = await leaves.root();
    const bases = composeBases(shards);
    for (const { manifest, config } of bases) {
      await repository.pushBlob(config.descriptor, config.bytes);
      await repository.pushManifest(manifest);
    }
    const index = imageIndex({
      artifactType: artifactTypes.overlay,
      manifests: bases.map(({ manifest }) => bare(manifest.descriptor)),
      annotations: { [annotationNames.setRoot]: state.root, [annotationNames.records]: String(state.count) },
    });
    const { digest } = index.descriptor;
    await repository.pushManifest(index, [overlayTag(digest)]);
    return { index: digest, setRoot: state.root, records: state.count };
  } finally {
    await leaves.close();
  }
}

async function* lines(rows: AsyncIterable<readonly DatabaseRow[]>, c: string, leaves: SpooledLeaves) {
  let last: string | undefined;
  for await (const page of rows) {
    for (const { k, v } of page) {
      if (last !== undefined && compareUtf8(last, k) >= 0) {
        throw new ExportError('VERIFICATION_FAILED', `the rows of the database do not rise at ${JSON.stringify(k)}`);
      }
      last = k;
      if (leaves.add(c, k, v)) await leaves.drain();
    }
    yield page.map(({ k, v }) => ({ c, k, line: shardLine({ c, k, v }) }));
  }
}

/**
 * The rows of an overlay in rising order, one page for each shard, every byte checked against its digest. Throws
 * NOT_FOUND when the registry has it no more, VERIFICATION_FAILED for damage.
 */
export async function* overlayRows(repository: RepositoryReader, digest: Digest): AsyncGenerator<DatabaseRow[]> {
  const bases = await readOverlay(repository, digest);
  let last: string | undefined;
  for (const { shards } of bases) {
    for (const shard of shards) {
      const page = await readShard(repository, shard);
      for (const { k } of page) {
        if (last !== undefined && compareUtf8(last, k) >= 0) throw refused(`its rows do not rise at ${k}`);
        last = k;
      }
      yield page;
    }
  }
}

async function readOverlay(repository: RepositoryReader, digest: Digest) {
  const index = await mustHave(repository, digest);
  const parsed = parseManifest(index.bytes, index.descriptor.mediaType);
  if (!isIndex(parsed) || parsed.artifactType !== artifactTypes.overlay) throw refused('its index is none');
  const bases = [];
  for (const child of parsed.manifests) {
    bases.push(await readBase(repository, await mustHave(repository, child.digest)));
  }
  return bases;
}

async function mustHave(repository: RepositoryReader, digest: Digest): Promise<StoredManifest> {
  const manifest = await repository.manifest(digest);
  if (manifest && digestOf(manifest.bytes) === digest) return manifest;
  throw new ExportError('NOT_FOUND', `${repository.name} has no overlay ${digest}`, {
    hint: 'ingest the database again',
  });
}

function refused(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `overlay refused: ${what}`);
}
