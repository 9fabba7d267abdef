// What the registry looks at in a manifest before it takes it (distribution-spec §pushing manifests, §listing referrers):
// a media type it knows, what must be in the repository already, and how it is listed as a referrer.

import { isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { childrenOf, isIndex, parseManifest, type Manifest, type StoredManifest } from '../../oci/manifest.ts';
import { manifestMediaTypes } from '../../oci/media-types.ts';

export type ManifestFacts = {
  /** Content that the repository must hold before the manifest. */
  readonly needs: readonly Need[];
  /** Set when it has a subject: its entry in that subject's list of referrers. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: Descriptor };
};

export type Need = { readonly kind: 'manifest' | 'blob'; readonly digest: Digest };

/** Throws INPUT_INVALID for what is no manifest, or none of a kind that the registry serves. */
export function examineManifest({ descriptor, bytes }: StoredManifest): ManifestFacts {
  if (!manifestMediaTypes.includes(descriptor.mediaType)) {
    throw new ExportError('INPUT_INVALID', `not a manifest's media type: ${descriptor.mediaType}`, {
      hint: 'the registry takes OCI image manifests and indexes, and their Docker forms',
    });
  }
  const manifest = parseManifest(bytes, descriptor.mediaType);
  const foreign = isIndex(manifest) ? undefined : foreignLayers(bytes);
  const needs = childrenOf(manifest)
    .filter((child) => foreign?.has(child.digest) !== true)
    .map((child) => needOf(child, isIndex(manifest)));
  if (!manifest.subject) return { needs };
  return { needs, referrer: { subject: manifest.subject.digest, descriptor: referrerOf(descriptor, manifest) } };
}

function needOf({ mediaType, digest }: Descriptor, inIndex: boolean): Need {
  // An index may also list content that is no manifest; clients push that as a blob.
  return { kind: inIndex && manifestMediaTypes.includes(mediaType) ? 'manifest' : 'blob', digest };
}

/** Layers with `urls` are fetched from elsewhere and never pushed (image-spec descriptor.md). */
function foreignLayers(bytes: Buffer): Set<Digest> {
  const { layers } = JSON.parse(bytes.toString('utf8')) as { layers?: { digest: string; urls?: unknown }[] | null };
  const found = new Set<Digest>();
  for (const { digest, urls } of layers ?? []) {
    if (Array.isArray(urls) && urls.length > 0 && isDigest(digest)) found.add(digest);
  }
  return found;
}

function referrerOf({ mediaType, digest, size }: Descriptor, manifest: Manifest): Descriptor {
  const artifactType = manifest.artifactType || (isIndex(manifest) ? '' : manifest.config.mediaType);
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === '' ? {} : { artifactType }),
    ...(manifest.annotations ? { annotations: manifest.annotations } : {}),
  };
}
