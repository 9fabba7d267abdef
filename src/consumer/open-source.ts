// What people name on the command line: a registry reference, or a layout folder on this side or the far side of a gap.

import { resolve } from 'node:path';
import type { Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { isFolder, isLayout, parseLayoutReference } from '../registry/layout/layout-reference.ts';
import { openLayout, type LayoutRepository } from '../registry/layout/layout-repository.ts';
import { isDatabaseTag } from './database-tags.ts';
import { openNetwork } from './network.ts';
import { SourceReader } from './source-reader.ts';
import { isSignatureTag, isStateTag } from './state-tags.ts';
import type { NetworkOptions } from './types.ts';

export type OpenedSource = {
  /** How it can be named again, from any folder. */
  readonly text: string;
  readonly reader: SourceReader;
  /** Set when the source is a layout folder. */
  readonly layout?: LayoutRepository;
  /** The tag that was named, or the one that stands for none; absent when a digest alone was named. */
  readonly tag?: string;
  readonly digest?: Digest;
  /** The repository of that name beside the named one; in a folder, where everything is in one place, the folder. */
  beside(name: string): SourceReader;
  /** Blobs that were fetched to their end, from the named repository and those beside it. */
  blobsFetched(): number;
  /** Bytes of all response bodies; of a layout, the bytes that were read. */
  bytesFetched(): number;
  close(): Promise<void>;
};

/** Errors: USAGE for what is no reference, NOT_FOUND for a folder without a layout. */
export async function openSource(text: string, options: NetworkOptions): Promise<OpenedSource> {
  const local = await parseLayoutReference(text);
  if (await isLayout(local.dir)) return openFolder(text, local);
  if (/^[./~]/.test(text) || (await isFolder(text))) {
    throw new ExportError('NOT_FOUND', `${local.dir} holds no OCI image layout`, {
      hint: 'give a folder that mirror pull or oras cp --to-oci-layout wrote, or HOST/REPOSITORY[:TAG]',
    });
  }
  const reference = parseReference(text);
  let bytes = 0;
  const network = openNetwork(options, (count) => (bytes += count));
  const { registry, repository, tag, digest } = reference;
  const reader = new SourceReader(network.repository(reference));
  const others = new Map<string, SourceReader>();
  const beside = (name: string): SourceReader => {
    const known = others.get(name);
    if (known) return known;
    const sibling = `${repository.slice(0, repository.lastIndexOf('/') + 1)}${name}`;
    const opened = new SourceReader(network.repository({ registry, repository: sibling }));
    others.set(name, opened);
    return opened;
  };
  const named = tag ?? (digest === undefined ? 'latest' : undefined);
  return {
    text: formatReference(reference),
    reader,
    beside,
    blobsFetched: () => [reader, ...others.values()].reduce((sum, { blobs }) => sum + blobs, 0),
    ...(named === undefined ? {} : { tag: named }),
    ...(digest === undefined ? {} : { digest }),
    bytesFetched: () => bytes,
    close: () => network.close(),
  };
}

async function openFolder(
  text: string,
  local: Awaited<ReturnType<typeof parseLayoutReference>>,
): Promise<OpenedSource> {
  const layout = await openLayout(local.dir);
  const reader = new SourceReader(layout);
  const tag = local.tag ?? (local.digest === undefined ? await usualTag(layout) : undefined);
  return {
    text: resolve(local.dir) + text.slice(local.dir.length),
    reader,
    beside: () => reader,
    blobsFetched: () => reader.blobs,
    layout,
    ...(tag === undefined ? {} : { tag }),
    ...(local.digest === undefined ? {} : { digest: local.digest }),
    bytesFetched: () => reader.bytes,
    close: () => Promise.resolve(),
  };
}

/** `latest`, else the only tag that people gave, else the newest state. */
async function usualTag(layout: LayoutRepository): Promise<string> {
  const tags = (await layout.tags()).filter((tag) => !isSignatureTag(tag) && !isDatabaseTag(tag));
  if (tags.includes('latest')) return 'latest';
  const named = tags.filter((tag) => !isStateTag(tag));
  const states = tags.filter(isStateTag);
  const [only, ...others] = named;
  if (only !== undefined && others.length === 0) return only;
  const newest = states.at(-1);
  if (only === undefined && newest !== undefined) return newest;
  throw new ExportError('NOT_FOUND', `${layout.dir} does not say which of its tags is meant`, {
    hint: tags.length === 0 ? 'the layout has no tags' : `give DIR:TAG with one of ${tags.slice(0, 10).join(', ')}`,
  });
}

/** The descriptor that the source names; NOT_FOUND when there is none. */
export async function resolveSource({ reader, tag, digest }: OpenedSource): Promise<Descriptor> {
  const reference = digest ?? tag ?? 'latest';
  const found = await reader.resolve(reference);
  if (found) return found;
  throw new ExportError('NOT_FOUND', `${reader.name} has no ${reference}`, {
    hint: 'check the name and the tag; a private repository may need a login',
  });
}
