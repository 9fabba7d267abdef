// How people name something in an OCI layout folder: DIR, DIR:TAG or DIR@DIGEST, as oras and skopeo write it.

import { stat } from 'node:fs/promises';
import { isDigest, type Digest } from '../../core/digest.ts';
import { isTag } from '../../oci/reference.ts';

export type LayoutReference = { readonly dir: string; readonly tag?: string; readonly digest?: Digest };

/** Reads a reference to a layout. A folder that exists under the whole text is meant, whatever colons its name has. */
export async function parseLayoutReference(text: string): Promise<LayoutReference> {
  if (await isFolder(text)) return { dir: text };
  const at = text.lastIndexOf('@');
  const digest = at > 0 ? text.slice(at + 1) : '';
  if (isDigest(digest)) return { dir: text.slice(0, at), digest };
  const colon = text.lastIndexOf(':');
  const tag = colon > 0 ? text.slice(colon + 1) : '';
  return isTag(tag) ? { dir: text.slice(0, colon), tag } : { dir: text };
}

/** True when `dir` holds an OCI image layout. */
export async function isLayout(dir: string): Promise<boolean> {
  return stat(`${dir}/oci-layout`).then(
    (found) => found.isFile(),
    () => false,
  );
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
