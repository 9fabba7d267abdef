// The parts of a disk repository as the sweep sees them.

import { join } from 'node:path';
import { parseDigest, type Digest } from '../../core/digest.ts';
import { isTag } from '../../oci/reference.ts';
import { digestOfFile, fileOfDigest, type RepositoryPaths } from './disk-paths.ts';
import { discardFile, sweptFolder } from './swept-folder.ts';
import type { RepositoryPart, Sweepable } from './storage.ts';

/** What removing a manifest means beyond its link. */
export type ManifestRemoval = {
  subjectOf(digest: Digest): Promise<Digest | undefined>;
  willRemove(digest: Digest): Promise<unknown>;
};

export function repositoryParts(
  paths: RepositoryPaths,
  temporary: string,
  removal: ManifestRemoval,
): { readonly [part in RepositoryPart]: Sweepable } {
  const links = (folder: string): Sweepable =>
    sweptFolder({
      folder,
      temporary,
      nameOf: digestOfFile,
      pathOf: (name) => join(folder, fileOfDigest(parseDigest(name))),
    });
  const manifests = links(paths.manifests);
  return {
    tags: sweptFolder({
      folder: paths.tags,
      temporary,
      nameOf: (file) => (isTag(file) ? file : undefined),
      pathOf: (tag) => paths.tag(tag),
    }),
    blobs: links(paths.blobs),
    deleted: links(paths.deleted),
    uploads: sweptFolder({
      folder: paths.uploads,
      temporary,
      nameOf: (file) => (paths.upload(file) === undefined ? undefined : file),
      pathOf: (id) => join(paths.uploads, id),
    }),
    manifests: {
      ...manifests,
      async discard(name, beforeMs) {
        const digest = parseDigest(name);
        const subject = await removal.subjectOf(digest);
        await removal.willRemove(digest);
        const gone = await manifests.discard(name, beforeMs);
        // A push that came right after wrote its referrer link anew, which is younger and stays.
        if (gone && subject) await discardFile(paths.referrer(subject, digest), temporary, beforeMs);
        return gone;
      },
    },
  };
}
