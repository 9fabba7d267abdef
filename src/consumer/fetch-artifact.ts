// The ordinary way to an artifact: its manifests, then only the blobs that are not there, blob by blob. Works for every
// OCI artifact; mirrors and json bundles are read and proven besides.

import type { Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { childrenOf, parseManifest, type StoredManifest } from '../oci/manifest.ts';
import { manifestMediaTypes } from '../oci/media-types.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { contentLayersOf, type ShardedBundle, type StoredShard } from '../profiles/sharded/compose.ts';
import { canDerive } from '../profiles/sharded/documents.ts';
import { isSharded } from '../profiles/sharded/read.ts';
import type { DeriveContext } from './apply-delta.ts';
import { unlessFaulty } from './content-faults.ts';
import { deriveWanted } from './derive-shards.ts';

/** Whether the manifest is that of a mirror or json bundle. */
export function isShardedManifest({ bytes, descriptor }: StoredManifest): boolean {
  if (!manifestMediaTypes.includes(descriptor.mediaType)) return false;
  return isSharded(parseManifest(bytes, descriptor.mediaType));
}

/** Makes the layers of a bundle present: derived from `held` where they are the same, fetched otherwise. */
export async function fetchLayers(
  bundle: ShardedBundle,
  held: ShardedBundle | undefined,
  { folder, fetcher, store }: DeriveContext,
): Promise<void> {
  const shards = new Map<Digest, StoredShard>(
    bundle.bases.flatMap((base) => base.shards).map((s) => [s.layer.digest, s]),
  );
  const missing = await fetcher.missing([...shards.values()].map(({ layer }) => layer));
  if (held && missing.length > 0 && canDerive(bundle.exportManifest) && canDerive(held.exportManifest)) {
    const wanted = missing.map(({ digest }) => shards.get(digest) as StoredShard);
    // What cannot be derived is fetched: a damaged held bundle is no reason to stop.
    await unlessFaulty(() => deriveWanted(folder.layout, held, wanted, store));
  }
  await fetcher.blobs(contentLayersOf(bundle));
}

/** Every manifest and blob below `root`, of whatever kind. The reader keeps the manifests. */
export async function fetchGraph(
  reader: RepositoryReader,
  root: StoredManifest,
  { fetcher }: Pick<DeriveContext, 'fetcher'>,
): Promise<{ readonly bytes: number; readonly digests: readonly Digest[] }> {
  const sizes = new Map<Digest, number>();
  const blobs: Descriptor[] = [];
  const follow = async ({ bytes, descriptor }: StoredManifest): Promise<void> => {
    if (sizes.has(descriptor.digest)) return;
    sizes.set(descriptor.digest, bytes.length);
    for (const child of childrenOf(parseManifest(bytes, descriptor.mediaType))) {
      if (manifestMediaTypes.includes(child.mediaType)) await follow(await readChild(reader, child));
      else {
        sizes.set(child.digest, child.size);
        blobs.push(child);
      }
    }
  };
  await follow(root);
  await fetcher.blobs(blobs);
  return { bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0), digests: [...sizes.keys()] };
}

async function readChild(reader: RepositoryReader, { digest }: Descriptor): Promise<StoredManifest> {
  const stored = await reader.manifest(digest);
  if (stored) return stored;
  throw new ExportError('NOT_FOUND', `${reader.name} has no manifest ${digest}`, {
    hint: 'the source is not whole: copy it again from where it came',
  });
}
