// The parts of a repository as the sweep sees them.

import { join } from 'node:path';
import { parseDigest, type Digest } from '../../core/digest.ts';
import { isTag } from '../../oci/reference.ts';
import { digestOfFile, fileOfDigest, type RepositoryPaths } from './disk-paths.ts';
import type { LinkStore } from './link-store.ts';
import type { RepositoryPart, Sweepable } from './storage.ts';

/** What removing a manifest means beyond its link. */
export type ManifestRemoval = {
  subjectOf(digest: Digest): Promise<Digest | undefined>;
  willRemove(digest: Digest): Promise<unknown>;
};

export function repositoryParts(
  paths: RepositoryPaths,
  store: LinkStore,
  uploads: Sweepable,
  removal: ManifestRemoval,
): { readonly [part in RepositoryPart]: Sweepable } {
  const links = (folder: string): Sweepable =>
    store.swept({
      folder,
      nameOf: digestOfFile,
      pathOf: (name) => join(folder, fileOfDigest(parseDigest(name))),
    });
  const manifests = links(paths.manifests);
  return {
    tags: store.swept({
      folder: paths.tags,
      nameOf: (file) => (isTag(file) ? file : undefined),
      pathOf: (tag) => paths.tag(tag),
    }),
    blobs: links(paths.blobs),
    deleted: links(paths.deleted),
    uploads,
    manifests: {
      ...manifests,
      async discard(name, beforeMs) {
        const digest = parseDigest(name);
        const subject = await removal.subjectOf(digest);
        await removal.willRemove(digest);
        const gone = await manifests.discard(name, beforeMs);
        // A push that came right after wrote its referrer link anew, which is younger and stays.
        if (gone && subject) await store.discard(paths.referrer(subject, digest), beforeMs);
        return gone;
      },
    },
  };
}
