// index.json of an OCI image layout (image-spec v1.1.1 image-layout.md): the tags, and the referrers that no tag names.
// It is read anew each time, because other programs write it too, and replaced as a whole. What other programs put
// into it stays.

import { join } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import { parseDescriptor, type Descriptor } from '../../oci/descriptor.ts';
import { annotationNames, mediaTypes } from '../../oci/media-types.ts';
import { isTag } from '../../oci/reference.ts';
import { readOptionalFile, writeFileDurably } from '../storage/durable-file.ts';

/** One line of index.json: its meaning, and the object as it was found. */
export type LayoutEntry = {
  readonly descriptor: Descriptor;
  readonly tag: string | undefined;
  readonly raw: { readonly [name: string]: unknown };
};

export type LayoutIndex = {
  readonly entries: readonly LayoutEntry[];
  /** The other members of the file. */
  readonly rest: { readonly [name: string]: unknown };
};

/** What a new layout begins with. */
export const emptyIndex: LayoutIndex = { entries: [], rest: { schemaVersion: 2, mediaType: mediaTypes.ociIndex } };

/** Throws INPUT_INVALID when the file is damaged and NOT_FOUND when it is not there. */
export async function readLayoutIndex(dir: string): Promise<LayoutIndex> {
  const path = join(dir, 'index.json');
  const bytes = await readOptionalFile(path);
  if (!bytes) throw new ExportError('NOT_FOUND', `${path} is missing`, { hint: repairHint });
  const { manifests, ...rest } = parseIndex(bytes, path);
  // A layout without content may have null here, as Go writes an empty list.
  if (manifests !== null && !Array.isArray(manifests)) throw damaged(path, 'it has no list of manifests');
  return { rest, entries: (manifests ?? []).map((raw: unknown, position) => readEntry(raw, position, path)) };
}

/** Replaces the file in one step. `temporaryFolder` lies on the same file system. */
export async function writeLayoutIndex(dir: string, temporaryFolder: string, index: LayoutIndex): Promise<void> {
  const text = JSON.stringify({ ...index.rest, manifests: index.entries.map((entry) => entry.raw) });
  await writeFileDurably(temporaryFolder, join(dir, 'index.json'), Buffer.from(text));
}

/** An entry that is named `tag`, or one without a name. */
export function layoutEntry(descriptor: Descriptor, tag?: string): LayoutEntry {
  const { [annotationNames.refName]: _, ...others } = descriptor.annotations ?? {};
  const annotations = tag === undefined ? others : { ...others, [annotationNames.refName]: tag };
  const { annotations: __, ...plain } = descriptor;
  const named = Object.keys(annotations).length > 0 ? { ...plain, annotations } : plain;
  return { descriptor: named, tag, raw: named };
}

function readEntry(raw: unknown, position: number, path: string): LayoutEntry {
  let descriptor: Descriptor;
  try {
    descriptor = parseDescriptor(raw, `manifests[${position}]`);
  } catch (thrown) {
    throw damaged(path, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
  const tag = tagOf(descriptor.annotations?.[annotationNames.refName]);
  return { descriptor, tag, raw: raw as LayoutEntry['raw'] };
}

/** Some programs write the whole reference, HOST/NAME:TAG, where others write the tag. */
function tagOf(name: string | undefined): string | undefined {
  if (name === undefined || isTag(name)) return name;
  const tag = name.slice(name.lastIndexOf(':') + 1);
  return name.includes('/') && name.includes(':') && isTag(tag) ? tag : undefined;
}

function parseIndex(bytes: Buffer, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw damaged(path, 'it is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(path, 'it is not an object');
  const index = value as Record<string, unknown>;
  if (index['schemaVersion'] !== 2) throw damaged(path, 'its schemaVersion is not 2');
  return index;
}

const repairHint = 'copy the layout again, or pull into another folder';

function damaged(path: string, what: string, cause?: unknown): ExportError {
  return new ExportError('INPUT_INVALID', `${path} is damaged: ${what}`, { hint: repairHint, cause });
}
