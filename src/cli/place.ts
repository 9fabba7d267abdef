// What people write for a place that evidence or a database is read from, as the center takes it: an absolute path, a URL,
// or `oci:` and a reference of a registry.

import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isLayout, parseLayoutReference } from '../registry/layout/layout-reference.ts';
import { isFetched } from './offline.ts';

/** `oci:` before a layout folder names the folder; every other reference is one of a registry. */
export async function placeOf(from: string, cwd: string): Promise<string> {
  const named = /^oci:(?!\/\/)(.*)$/is.exec(from)?.[1];
  if (named === undefined) return isFetched(from) ? from : resolve(cwd, from);
  const path = resolve(cwd, named);
  return /^\.{0,2}\//.test(named) || (await isLayoutAt(path)) ? path : from;
}

/** The same where a bare HOST/REPOSITORY is a reference too: what is not here is one. */
export async function databasePlaceOf(reference: string, cwd: string): Promise<string> {
  if (isFetched(reference)) return placeOf(reference, cwd);
  const path = resolve(cwd, reference);
  const isHere = /^\.{0,2}\//.test(reference) || (await isLayoutAt(path)) || (await exists(path));
  return isHere ? path : `oci:${reference}`;
}

async function isLayoutAt(path: string): Promise<boolean> {
  return isLayout((await parseLayoutReference(path)).dir);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
