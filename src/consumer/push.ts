// `mirror push`: what a folder holds, to a registry: every state with its tags, referrers and signature tags, the moving
// tags last, so that nobody sees a name before its content.

import { ExportError } from '../core/errors.ts';
import { parseReference } from '../oci/reference.ts';
import { copyGraph, type CopyProgress } from '../registry/copy.ts';
import { openLayout } from '../registry/layout/layout-repository.ts';
import { openNetwork } from './network.ts';
import { openSource, resolveSource } from './open-source.ts';
import { isSignatureTag, isStateTag } from './state-tags.ts';
import type { NetworkOptions, PullOptions, PushResult } from './types.ts';

/** The folder is only read. Errors: USAGE for a destination with a tag, NOT_FOUND for a folder without a layout. */
export async function mirrorPush(
  dir: string,
  destination: string,
  network: NetworkOptions & Pick<PullOptions, 'onProgress'>,
): Promise<PushResult> {
  const reference = parseReference(destination);
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new ExportError('USAGE', `${destination} names a tag or digest, but all tags of the folder are pushed`, {
      hint: 'give HOST/REPOSITORY alone',
    });
  }
  const layout = await openLayout(dir);
  const { digest } = await resolveSource(await openSource(dir, network));
  const tags = tagsInOrder(await layout.tags());
  const connection = openNetwork(network);
  let done: CopyProgress = { blobs: 0, bytes: 0, manifests: 0 };
  try {
    const repository = connection.repository(reference);
    for (const tag of tags) {
      const root = await layout.resolve(tag);
      if (!root) continue;
      const before = done;
      const copied = await copyGraph(layout, repository, root, {
        tags: [tag],
        referrers: true,
        legacySignatures: true,
        signal: network.signal,
        onProgress: ({ bytes }) => network.onProgress?.({ label: 'pushing', done: before.bytes + bytes }),
      });
      done = { blobs: done.blobs + copied.blobs, bytes: done.bytes + copied.bytes, manifests: 0 };
    }
  } finally {
    await connection.close();
  }
  return { digest, tags, bytesPushed: done.bytes, blobsPushed: done.blobs };
}

/** States first; signature tags come along with what they sign. */
function tagsInOrder(tags: readonly string[]): string[] {
  const own = tags.filter((tag) => !isSignatureTag(tag));
  return [...own.filter(isStateTag), ...own.filter((tag) => !isStateTag(tag))];
}
