// The manifest below cosign's tags `sha256-<hex>.sig` and `.att`: one layer for each signature, an image config that
// lists them (what go-containerregistry writes). Everybody who signs reads the tag, adds a layer and writes it, without
// any compare-and-swap; so who adds looks again afterwards and writes once more what another writer lost.

import { canonicalBytes, canonicalJson } from '../core/canonical-json.ts';
import { ExportError } from '../core/errors.ts';
import { describe, type Annotations, type Descriptor } from './descriptor.ts';
import { imageManifest, isIndex, parseManifest, type ImageManifest, type StoredManifest } from './manifest.ts';
import { mediaTypes } from './media-types.ts';
import type { RepositoryReader } from './repository.ts';

/** cosign reads no more layers than that (pkg/oci/remote/signatures.go). */
const maxLayers = 1_000;

const maxRounds = 8;

export type SignatureManifest = {
  readonly config: { readonly descriptor: Descriptor; readonly bytes: Buffer };
  readonly manifest: StoredManifest;
};

/**
 * Makes `tag` name `added`, whose blobs are in the repository, besides everything it names already. Throws CONFLICT when
 * the tag holds something that no signature can be added to, and when other writers win again and again.
 */
export async function addToSignatureTag(
  repository: RepositoryReader,
  tag: string,
  added: readonly Descriptor[],
  write: (manifest: SignatureManifest) => Promise<void>,
): Promise<void> {
  // Grows by what is seen, so that a writer that did not see it cannot make it vanish.
  let wanted = added;
  for (let round = 0; round < maxRounds; round++) {
    const present = await readSignatureTag(repository, tag);
    if (lacking(present?.layers ?? [], wanted).length === 0) return;
    const layers = await thatAreThere(repository, mergeLayers(present?.layers ?? [], wanted));
    if (layers.length > maxLayers) throw conflict(tag, `it holds ${maxLayers} signatures already`);
    await write(signatureManifest(layers, present?.annotations));
    wanted = layers;
  }
  throw new ExportError('CONFLICT', `the tag ${tag} keeps changing`, {
    hint: 'let one writer at a time sign an artifact in this registry',
    retryable: true,
  });
}

/** The manifest below a tag of signatures, undefined when there is none. Throws CONFLICT when it is something else. */
export async function readSignatureTag(repository: RepositoryReader, tag: string): Promise<ImageManifest | undefined> {
  const stored = await repository.manifest(tag);
  if (!stored) return undefined;
  let manifest: ReturnType<typeof parseManifest>;
  try {
    manifest = parseManifest(stored.bytes, stored.descriptor.mediaType);
  } catch (thrown) {
    throw conflict(tag, thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (isIndex(manifest)) throw conflict(tag, 'it is an index instead of a manifest');
  return manifest;
}

/** Those of `wanted` that are not in `present`. One blob may be signed by several keys, so annotations count. */
export function lacking(present: readonly Descriptor[], wanted: readonly Descriptor[]): Descriptor[] {
  const known = new Set(present.map(identity));
  return wanted.filter((layer) => !known.has(identity(layer)));
}

/** What is there keeps its place. */
function mergeLayers(present: readonly Descriptor[], wanted: readonly Descriptor[]): readonly Descriptor[] {
  return [...present, ...lacking(present, wanted)];
}

function identity(layer: Descriptor): string {
  return canonicalJson(layer);
}

/** A layer whose blob was lost would make registries refuse the manifest, and its signature is gone anyway. */
async function thatAreThere(repository: RepositoryReader, layers: readonly Descriptor[]): Promise<Descriptor[]> {
  const sizes = await Promise.all(layers.map(({ digest }) => repository.statBlob(digest)));
  return layers.filter((_, position) => sizes[position] !== undefined);
}

function signatureManifest(layers: readonly Descriptor[], annotations: Annotations | undefined): SignatureManifest {
  const created = '0001-01-01T00:00:00Z';
  const bytes = canonicalBytes({
    architecture: '',
    config: {},
    created,
    history: layers.map(() => ({ created })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
  });
  const descriptor = describe(mediaTypes.ociConfig, bytes);
  const manifest = imageManifest({ config: descriptor, layers, ...(annotations ? { annotations } : {}) });
  return { config: { descriptor, bytes }, manifest };
}

function conflict(tag: string, why: string): ExportError {
  return new ExportError('CONFLICT', `no signature can be added to the tag ${tag}: ${why}`, {
    hint: 'remove the tag, it is written again with the next signature',
  });
}
