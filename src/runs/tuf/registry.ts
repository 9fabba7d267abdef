// Publications in the registry: one manifest for each, `latest` on the newest, `t-<timestamp version>` on all of the last
// month. The registry outlives the database, so it can be ahead of one that was restored.

import { toExportError } from '../../core/errors.ts';
import type { Database } from '../../db/database.ts';
import { forgetPublication, oldPublications } from '../../db/tuf.ts';
import { emptyDescriptor, emptyJson, parseManifest, type StoredManifest } from '../../oci/manifest.ts';
import type { Repository, RepositoryReader } from '../../oci/repository.ts';
import {
  fileOfLayer,
  keptVersions,
  layerOf,
  publicationTag,
  stateOfFiles,
  versionOfTag,
  type BundleFile,
} from '../../trust/tuf/bundle.ts';
import { lintState } from '../../trust/tuf/lint-state.ts';
import type { TufState } from '../../trust/tuf/types.ts';

const dayMs = 86_400_000;
const tagsKeptMs = 30 * dayMs;
const maxTags = 100;
/** Others may have pushed tags of the same form; so many are looked at. */
const maxCandidates = 5;
/** Larger than any repository within our limits. */
const maxFileBytes = 4 * 1024 * 1024;

export type FoundPublication = {
  readonly state: TufState;
  readonly files: readonly BundleFile[];
  readonly manifest: StoredManifest;
};

/** Stores a publication without a tag. */
export async function pushPublication(
  oci: Repository,
  manifest: StoredManifest,
  files: readonly BundleFile[],
): Promise<void> {
  const wanted = parseManifest(manifest.bytes, manifest.descriptor.mediaType);
  const digests = new Set('layers' in wanted ? wanted.layers.map(({ digest }) => digest) : []);
  const layers = files
    .map((file) => [layerOf(file), file.bytes] as const)
    .filter(([{ digest }]) => digests.has(digest));
  // Few and small: together they cost one wait for the disk.
  await Promise.all(
    [[emptyDescriptor, emptyJson] as const, ...layers].map(([layer, bytes]) => oci.pushBlob(layer, bytes)),
  );
  await oci.pushManifest(manifest);
}

export async function tagPublication(
  oci: Repository,
  manifest: StoredManifest,
  version: number,
  isNewest: boolean,
): Promise<void> {
  await oci.pushManifest(manifest, [publicationTag(version), ...(isNewest ? ['latest'] : [])]);
}

/** Takes tags and rows of old publications away. */
export async function retirePublications(db: Database, repository: string, oci: Repository, now: Date): Promise<void> {
  const before = (ms: number): string => new Date(now.getTime() - ms).toISOString();
  const old = new Set([
    ...(await oldPublications(db, repository, before(tagsKeptMs), keptVersions)),
    ...(await oldPublications(db, repository, before(0), maxTags)),
  ]);
  for (const version of old) {
    await oci.deleteTag(publicationTag(version));
    await forgetPublication(db, repository, version);
  }
}

/** The highest version that any tag names, 0 without one. */
export async function highestVersion(oci: RepositoryReader): Promise<number> {
  return Math.max(0, ...(await publicationVersions(oci)));
}

/** The newest publication above `floor` that is whole, signed as it must be, and `isOurs`. */
export async function newestInRegistry(
  oci: RepositoryReader,
  floor: number,
  isOurs: (state: TufState) => Promise<boolean>,
): Promise<FoundPublication | undefined> {
  const versions = (await publicationVersions(oci)).filter((version) => version > floor);
  for (const version of versions.sort((a, b) => b - a).slice(0, maxCandidates)) {
    const found = await readPublication(oci, version);
    if (found?.state.timestamp.version === version && (await isOurs(found.state))) return found;
  }
  return undefined;
}

async function publicationVersions(oci: RepositoryReader): Promise<number[]> {
  return (await oci.tags()).map(versionOfTag).filter((version) => version !== undefined);
}

/** Undefined for what is no whole publication; a registry that does not answer is an error. */
async function readPublication(oci: RepositoryReader, version: number): Promise<FoundPublication | undefined> {
  const manifest = await oci.manifest(publicationTag(version));
  if (!manifest) return undefined;
  try {
    const files = await readLayers(oci, manifest);
    const state = stateOfFiles(files);
    lintState(state);
    return { state, files, manifest };
  } catch (thrown) {
    const { code } = toExportError(thrown);
    if (code === 'INPUT_INVALID' || code === 'NOT_FOUND' || code === 'DIGEST_MISMATCH') return undefined;
    throw thrown;
  }
}

async function readLayers(oci: RepositoryReader, { bytes, descriptor }: StoredManifest): Promise<BundleFile[]> {
  const manifest = parseManifest(bytes, descriptor.mediaType);
  const files: BundleFile[] = [];
  for (const layer of 'layers' in manifest ? manifest.layers : []) {
    const file = fileOfLayer(layer);
    if (!file || layer.size > maxFileBytes) continue;
    const pieces: Buffer[] = [];
    for await (const piece of oci.openBlob(layer)) pieces.push(piece);
    files.push({ ...file, bytes: Buffer.concat(pieces) });
  }
  return files;
}
