// Small artifacts for the tests of layouts and copies.

import { describe, type Descriptor } from '../../src/oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageIndex, imageManifest, type StoredManifest } from '../../src/oci/manifest.ts';
import type { Repository } from '../../src/oci/repository.ts';

export const noteType = 'application/vnd.test.note';

/** An artifact with one titled layer, pushed, with tags. */
export async function pushArtifact(
  repository: Repository,
  text: string,
  tags: readonly string[] = [],
): Promise<StoredManifest> {
  const bytes = Buffer.from(text);
  const layer = describe('text/plain', bytes, { 'org.opencontainers.image.title': `${text}.txt` });
  await repository.pushBlob(emptyDescriptor, emptyJson);
  await repository.pushBlob(layer, bytes);
  const manifest = imageManifest({ artifactType: 'application/vnd.test.it', config: emptyDescriptor, layers: [layer] });
  await repository.pushManifest(manifest, tags);
  return manifest;
}

/** A referrer with a layer of its own, pushed without a tag. */
export async function pushReferrer(repository: Repository, subject: Descriptor, text: string): Promise<StoredManifest> {
  const bytes = Buffer.from(text);
  const layer = describe('text/plain', bytes);
  await repository.pushBlob(emptyDescriptor, emptyJson);
  await repository.pushBlob(layer, bytes);
  const { mediaType, digest, size } = subject;
  const manifest = imageManifest({
    artifactType: noteType,
    config: emptyDescriptor,
    layers: [layer],
    subject: { mediaType, digest, size },
    annotations: { text },
  });
  await repository.pushManifest(manifest);
  return manifest;
}

/** An index of two artifacts, pushed, with tags. */
export async function pushIndex(
  repository: Repository,
  texts: readonly string[],
  tags: readonly string[] = [],
): Promise<{ index: StoredManifest; children: StoredManifest[] }> {
  const children: StoredManifest[] = [];
  for (const text of texts) children.push(await pushArtifact(repository, text));
  const index = imageIndex({
    artifactType: 'application/vnd.test.index',
    manifests: children.map(({ descriptor }) => descriptor),
  });
  await repository.pushManifest(index, tags);
  return { index, children };
}
