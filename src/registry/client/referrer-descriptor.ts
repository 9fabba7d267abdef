// How a referrer is listed (distribution-spec v1.1.1 §listing referrers): its artifact type, which is the config's
// media type when it names none, and a copy of its annotations.

import type { Descriptor } from '../../oci/descriptor.ts';
import { isIndex, parseManifest, type Manifest, type StoredManifest } from '../../oci/manifest.ts';

export function referrerDescriptor(stored: StoredManifest, parsed?: Manifest): Descriptor {
  const { mediaType, digest, size } = stored.descriptor;
  const manifest = parsed ?? parseManifest(stored.bytes, mediaType);
  const artifactType = manifest.artifactType ?? (isIndex(manifest) ? undefined : manifest.config.mediaType);
  const { annotations } = manifest;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
