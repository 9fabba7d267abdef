// Small artifacts for the tests of the storage.

import {
  imageIndex,
  imageManifest,
  emptyDescriptor,
  emptyJson,
  type StoredManifest,
} from '../../../src/oci/manifest.ts';
import { bare, describe, type Descriptor } from '../../../src/oci/descriptor.ts';
import type { Repository } from '../../../src/oci/repository.ts';

export const artifactType = 'application/vnd.test.artifact';

export function layerOf(text: string): Descriptor {
  return describe('application/vnd.test.layer', Buffer.from(text));
}

/** Pushes a manifest with one layer of this text, under the tags. */
export async function pushArtifact(
  repository: Repository,
  text: string,
  options: { readonly tags?: readonly string[]; readonly subject?: StoredManifest } = {},
): Promise<StoredManifest> {
  const layer = layerOf(text);
  await repository.pushBlob(emptyDescriptor, emptyJson);
  await repository.pushBlob(layer, Buffer.from(text));
  const subject = options.subject ? { subject: bare(options.subject.descriptor) } : {};
  const manifest = imageManifest({ artifactType, config: emptyDescriptor, layers: [layer], ...subject });
  await repository.pushManifest(manifest, options.tags);
  return manifest;
}

export async function pushIndex(
  repository: Repository,
  children: readonly StoredManifest[],
  tags: readonly string[],
): Promise<StoredManifest> {
  const index = imageIndex({ artifactType, manifests: children.map(({ descriptor }) => bare(descriptor)) });
  await repository.pushManifest(index, tags);
  return index;
}
