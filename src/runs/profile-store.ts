// Profiles of a tenant: the built-in ones, unless a revision of theirs was put, and the tenant's own.

import { ExportError } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { Database, Queryable } from '../db/database.ts';
import { currentRevisions, putRevision, revisionsOf, type StoredRevision } from '../db/profiles.ts';
import type { ProfileDocument, ProfileRevision } from './center.ts';
import {
  builtinProfiles,
  parseProfile,
  profileJson,
  profileOf,
  repositoriesOf,
  type Profile,
} from './profile-document.ts';

export async function listProfiles(db: Queryable, tenant: string): Promise<ProfileRevision[]> {
  const stored = new Map((await currentRevisions(db, tenant)).map((row) => [row.name, revisionOfRow(row)]));
  for (const builtin of builtinProfiles) {
    if (!stored.has(builtin.name)) stored.set(builtin.name, { ...profileOf(builtin), createdAt: '' });
  }
  return [...stored.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The revisions of a profile, the current one first. Throws NOT_FOUND. */
export async function showProfile(db: Database, tenant: string, name: string): Promise<ProfileRevision[]> {
  const stored = await revisionsOf(db, tenant, name);
  if (stored.length > 0) return stored.map(revisionOfRow);
  return [{ ...builtinOf(name), createdAt: '' }];
}

export async function putProfile(
  db: Queryable,
  tenant: string,
  document: unknown,
  clock: Clock,
): Promise<ProfileRevision> {
  const parsed = parseProfile(document);
  await refuseSharedRepository(db, tenant, parsed);
  const createdAt = clock.now().toISOString();
  const { revision } = profileOf(parsed);
  await putRevision(db, tenant, { name: parsed.name, revision, document: profileJson(parsed), createdAt });
  return { ...profileOf(parsed), createdAt };
}

/** Two profiles never share a repository: `a:b` and `a-b` would. */
async function refuseSharedRepository(db: Queryable, tenant: string, document: ProfileDocument): Promise<void> {
  const own = new Set(repositoriesOf(document));
  for (const other of await listProfiles(db, tenant)) {
    if (other.name === document.name || [other.name, document.name].includes('mirror:full')) continue;
    const shared = repositoriesOf(other).find((repository) => own.has(repository));
    if (shared === undefined) continue;
    throw new ExportError('CONFLICT', `profile refused: ${other.name} uses the repository ${shared} already`);
  }
}

/** The current revision, kept in the database so that what it publishes can be explained later. */
export async function profileForRun(db: Database, tenant: string, name: string, clock: Clock): Promise<Profile> {
  const [current] = await revisionsOf(db, tenant, name);
  if (current) return profileOf(JSON.parse(current.document) as ProfileDocument);
  const builtin = builtinOf(name);
  const { revision } = builtin;
  const document = profileJson(documentOf(builtin));
  await putRevision(db, tenant, { name, revision, document, createdAt: clock.now().toISOString() });
  return builtin;
}

function builtinOf(name: string): Profile {
  const builtin = builtinProfiles.find((profile) => profile.name === name);
  if (builtin) return profileOf(builtin);
  throw new ExportError('NOT_FOUND', `no profile ${name}`, {
    hint: 'see `export-center profile list`; make one with `export-center profile put FILE`',
  });
}

function documentOf({ revision: _revision, repository: _repository, ...document }: Profile): ProfileDocument {
  return document;
}

function revisionOfRow(row: StoredRevision): ProfileRevision {
  return { ...profileOf(JSON.parse(row.document) as ProfileDocument), createdAt: row.createdAt };
}
