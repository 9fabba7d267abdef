// How a folder names the database that its rows make: `database.<repository>.<tag>`. The folder is one repository, and the
// artifact belongs to another one, to which `mirror push` takes it under the tag alone.

import type { Digest } from '../core/digest.ts';
import type { DatabaseProduct } from '../profiles/database/product.ts';
import { isStateTag, stateTag } from './state-tags.ts';

const pattern = /^database\.([a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)\.([^.]+)$/;

export type DatabaseName = { readonly repository: string; readonly tag: string };

/** The repository and tag that a tag of the folder stands for; undefined for all others. */
export function parseDatabaseTag(tag: string): DatabaseName | undefined {
  const [, repository, own] = pattern.exec(tag) ?? [];
  return repository === undefined || own === undefined ? undefined : { repository, tag: own };
}

export function isDatabaseTag(tag: string): boolean {
  return parseDatabaseTag(tag) !== undefined;
}

/** A name that belongs to one state and never moves. */
export function isDatabaseStateTag(tag: string): boolean {
  const name = parseDatabaseTag(tag);
  return name !== undefined && isStateTag(name.tag);
}

/** The names of a database in a folder; the moving ones when the mirror's own tag moves to it. */
export function databaseTags(
  repository: string,
  { version }: DatabaseProduct,
  state: { readonly digest: Digest; readonly created: string; readonly moves: boolean },
): string[] {
  const own = [stateTag(state.digest, state.created), ...(state.moves ? ['latest', String(version)] : [])];
  return own.map((tag) => `database.${repository}.${tag}`);
}
