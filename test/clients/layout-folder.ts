// An OCI layout as a folder of files (image-spec image-layout.md), read without the product's code.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Descriptor = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

export type Manifest = {
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
  readonly subject?: Descriptor;
};

/** Digests of all blobs, each of them checked against its bytes. */
export async function layoutBlobs(layout: string): Promise<Set<string>> {
  const folder = join(layout, 'blobs', 'sha256');
  const found = new Set<string>();
  for (const name of await readdir(folder)) {
    assert.equal(hash('sha256', await readFile(join(folder, name))), name);
    found.add(`sha256:${name}`);
  }
  return found;
}

export async function layoutJson<Type = Manifest>(layout: string, digest: string): Promise<Type> {
  const file = join(layout, 'blobs', 'sha256', digest.replace('sha256:', ''));
  return JSON.parse(await readFile(file, 'utf8')) as Type;
}

/** What `index.json` calls `tag`. */
export async function layoutTag(layout: string, tag: string): Promise<string | undefined> {
  const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as Required<Manifest>;
  return manifests.find(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === tag)?.digest;
}

/** Head manifest and configs and layers of an index: its content, without manifests and referrers. */
export async function contentOf(layout: string, index: string): Promise<{ head: Manifest; content: Set<string> }> {
  const { manifests = [] } = await layoutJson(layout, index);
  const children = await Promise.all(manifests.map(({ digest }) => layoutJson(layout, digest)));
  const blobs = children.flatMap(({ config, layers = [] }) => [config, ...layers]);
  const content = new Set(blobs.flatMap((blob) => (blob === undefined ? [] : [blob.digest])));
  return { head: children.at(-1) ?? assert.fail('an index without children'), content };
}

/** Members of `all` that are not in `known`. */
export function without(all: ReadonlySet<string>, known: ReadonlySet<string>): Set<string> {
  return new Set([...all].filter((item) => !known.has(item)));
}

export function shared(one: ReadonlySet<string>, other: ReadonlySet<string>): Set<string> {
  return new Set([...one].filter((item) => other.has(item)));
}
