// Profile revisions: immutable documents, named by their digest; the newest put of a name is its current one.

import type { Digest } from '../core/digest.ts';
import type { Queryable } from './database.ts';

export type StoredRevision = {
  readonly name: string;
  readonly revision: Digest;
  /** Canonical JSON. */
  readonly document: string;
  readonly createdAt: string;
};

const columns = 'name, revision, document, created_at as "createdAt"';

/** Keeps a revision; one that is there already becomes the current one again. */
export async function putRevision(db: Queryable, tenant: string, revision: StoredRevision): Promise<void> {
  await db.query(
    `insert into profile_revision (tenant, name, revision, document, created_at, position)
     values ($1, $2, $3, $4, $5,
       (select coalesce(max(position), 0) + 1 from profile_revision where tenant = $1 and name = $2))
     on conflict (tenant, name, revision) do update set position = excluded.position`,
    [tenant, revision.name, revision.revision, revision.document, revision.createdAt],
  );
}

/** The revisions of a profile, newest first. */
export function revisionsOf(db: Queryable, tenant: string, name: string): Promise<StoredRevision[]> {
  return db.query<StoredRevision>(
    `select ${columns} from profile_revision where tenant = $1 and name = $2 order by position desc`,
    [tenant, name],
  );
}

/** The current revision of every profile, by name. */
export function currentRevisions(db: Queryable, tenant: string): Promise<StoredRevision[]> {
  return db.query<StoredRevision>(
    `select ${columns} from profile_revision p where tenant = $1 and position =
       (select max(position) from profile_revision q where q.tenant = p.tenant and q.name = p.name) order by name`,
    [tenant],
  );
}
