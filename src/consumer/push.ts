// `mirror push`: what a folder holds, to a registry: every state with its tags, referrers and signature tags, the moving
// tags last, so that nobody sees a name before its content.

import { ExportError } from '../core/errors.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import type { Repository } from '../oci/repository.ts';
import { copyGraph, type CopyProgress } from '../registry/copy.ts';
import { openLayout, type LayoutRepository } from '../registry/layout/layout-repository.ts';
import { isDatabaseTag, parseDatabaseTag } from './database-tags.ts';
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
  const tags = await layout.tags();
  const connection = openNetwork(network);
  const push = new Push(layout, network);
  try {
    // The databases first: the mirror names them.
    const databases = await push.databases(tags, (name) => connection.repository(besideOf(reference, name)));
    const own = tagsInOrder(tags);
    await push.tags(
      own.map((tag) => ({ tag, as: tag })),
      connection.repository(reference),
    );
    const { bytes, blobs } = push.done;
    return {
      digest,
      tags: own,
      bytesPushed: bytes,
      blobsPushed: blobs,
      ...(databases.length > 0 ? { databases } : {}),
    };
  } finally {
    await connection.close();
  }
}

class Push {
  done: CopyProgress = { blobs: 0, bytes: 0, manifests: 0 };
  readonly #layout: LayoutRepository;
  readonly #network: Parameters<typeof mirrorPush>[2];

  constructor(layout: LayoutRepository, network: Parameters<typeof mirrorPush>[2]) {
    this.#layout = layout;
    this.#network = network;
  }

  /** Every database of the folder, into the repository that its names say. */
  async databases(
    tags: readonly string[],
    open: (name: string) => Repository,
  ): Promise<NonNullable<PushResult['databases']>> {
    const names = tags.flatMap((tag) => {
      const name = parseDatabaseTag(tag);
      return name ? [{ ...name, as: name.tag, tag }] : [];
    });
    const pushed = [];
    for (const repository of new Set(names.map((name) => name.repository))) {
      const own = names.filter((name) => name.repository === repository);
      const ordered = [...own.filter(({ as }) => isStateTag(as)), ...own.filter(({ as }) => !isStateTag(as))];
      await this.tags(ordered, open(repository));
      pushed.push({ repository, tags: ordered.map(({ as }) => as) });
    }
    return pushed;
  }

  /** What the folder's `tag` names, under the name `as`, with its signatures. */
  async tags(names: readonly { readonly tag: string; readonly as: string }[], to: Repository): Promise<void> {
    const { signal, onProgress } = this.#network;
    for (const { tag, as } of names) {
      const root = await this.#layout.resolve(tag);
      if (!root) continue;
      const before = this.done;
      const copied = await copyGraph(this.#layout, to, root, {
        tags: [as],
        referrers: true,
        legacySignatures: true,
        signal,
        onProgress: ({ bytes }) => onProgress?.({ label: 'pushing', done: before.bytes + bytes }),
      });
      this.done = { blobs: before.blobs + copied.blobs, bytes: before.bytes + copied.bytes, manifests: 0 };
    }
  }
}

/** The repository `name` in the place where `reference` is. */
function besideOf({ registry, repository }: Reference, name: string): Pick<Reference, 'registry' | 'repository'> {
  return { registry, repository: `${repository.slice(0, repository.lastIndexOf('/') + 1)}${name}` };
}

/** States first; signature tags come along with what they sign. */
function tagsInOrder(tags: readonly string[]): string[] {
  const own = tags.filter((tag) => !isSignatureTag(tag) && !isDatabaseTag(tag));
  return [...own.filter(isStateTag), ...own.filter((tag) => !isStateTag(tag))];
}
