// Manifests among the blobs of a layout. A blob does not say what it is, so one that no index.json entry describes is
// looked at.

import type { Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { parseManifest, type Manifest, type StoredManifest } from '../../oci/manifest.ts';
import { manifestMediaTypes, mediaTypes } from '../../oci/media-types.ts';
import { examineManifest, type ManifestFacts } from '../storage/manifest-rules.ts';
import type { LayoutFiles } from './layout-files.ts';

/** The manifest's bytes, verified; undefined when the blob is not there or is no manifest. */
export async function readLayoutManifest(
  files: LayoutFiles,
  digest: Digest,
  mediaType?: string,
): Promise<StoredManifest | undefined> {
  const size = await files.size(digest);
  if (size === undefined) return undefined;
  if (size > limits.manifestBytes) {
    if (mediaType === undefined) return undefined;
    throw new ExportError(
      'INPUT_TOO_LARGE',
      `manifest ${digest} in ${files.dir} has more than ${limits.manifestBytes} bytes`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of files.read({ mediaType: '', digest, size }, 0)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const type = mediaType ?? guessType(bytes);
  return type === undefined ? undefined : { descriptor: { mediaType: type, digest, size }, bytes };
}

/** Parses what `readLayoutManifest` gave; undefined for blobs of types that are no manifests. */
export function parseLayoutManifest(stored: StoredManifest): Manifest | undefined {
  if (!manifestMediaTypes.includes(stored.descriptor.mediaType)) return undefined;
  return parseManifest(stored.bytes, stored.descriptor.mediaType);
}

/** What belongs to the manifest, and how it is listed; nothing is known of types that are no manifests. */
export function layoutManifestFacts(stored: StoredManifest): ManifestFacts {
  return manifestMediaTypes.includes(stored.descriptor.mediaType) ? examineManifest(stored) : { needs: [] };
}

function guessType(bytes: Buffer): string | undefined {
  // Almost all blobs are something else, and most of those do not even begin like JSON.
  if (bytes[0] !== 0x7b && bytes[0] !== 0x20 && bytes[0] !== 0x0a) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { schemaVersion, mediaType, manifests, config, layers } = value as Record<string, unknown>;
  if (schemaVersion !== 2) return undefined;
  if (typeof mediaType === 'string') return manifestMediaTypes.includes(mediaType) ? mediaType : undefined;
  if (Array.isArray(manifests)) return mediaTypes.ociIndex;
  return config !== undefined && Array.isArray(layers) ? mediaTypes.ociManifest : undefined;
}
