// TUF publications and their files (see migrations/0006_tuf.sql).

import type { Digest } from '../core/digest.ts';
import type { Database, Queryable } from './database.ts';

export type StoredPublication = {
  readonly version: number;
  /** Canonical JSON of its OCI manifest. */
  readonly manifest: string;
  readonly createdAt: string;
  readonly committedAt: string | null;
};

export type StoredTufFile = {
  readonly role: string;
  readonly version: number;
  readonly name: string;
  readonly digest: Digest;
  readonly size: number;
  readonly text: string;
};

export type PublishedTufFile = StoredTufFile & {
  /** The publication that first had it. */
  readonly publication: number;
};

const publicationColumns = 'version, manifest, created_at as "createdAt", committed_at as "committedAt"';
const fileColumns = 'role, version, name, digest, size, publication, text';

/** Names of all repositories that were ever begun, sorted. */
export async function tufRepositories(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ repository: string }>(
    'select distinct repository from tuf_publication order by repository',
  );
  return rows.map(({ repository }) => repository);
}

/** The newest publication, whether or not it was committed. */
export async function newestPublication(db: Queryable, repository: string): Promise<StoredPublication | undefined> {
  const rows = await db.query<StoredPublication>(
    `select ${publicationColumns} from tuf_publication where repository = $1 order by version desc limit 1`,
    [repository],
  );
  return rows[0];
}

/** All roots and target files, and of every other role the newest `count` versions; sorted by role and version. */
export function newestFiles(db: Queryable, repository: string, count: number): Promise<PublishedTufFile[]> {
  return db.query<PublishedTufFile>(
    `select ${fileColumns} from tuf_file f where repository = $1 and (role = 'root' or version >
       (select max(version) from tuf_file g where g.repository = f.repository and g.role = f.role) - $2)
     order by role, version`,
    [repository, count],
  );
}

/** The file of that name as it is served: of the newest publication that was committed. */
export async function committedFile(
  db: Queryable,
  repository: string,
  name: string,
): Promise<StoredTufFile | undefined> {
  const rows = await db.query<StoredTufFile>(
    `select ${fileColumns} from tuf_file where repository = $1 and name = $2 and publication <=
       (select max(version) from tuf_publication where repository = $1 and committed_at is not null)
     order by version desc limit 1`,
    [repository, name],
  );
  return rows[0];
}

/** Whether anything of the repository is served. */
export async function hasCommitted(db: Queryable, repository: string): Promise<boolean> {
  const rows = await db.query(
    'select 1 as one from tuf_publication where repository = $1 and committed_at is not null limit 1',
    [repository],
  );
  return rows.length > 0;
}

export type NewPublication = {
  readonly repository: string;
  readonly version: number;
  readonly manifest: string;
  readonly files: readonly StoredTufFile[];
  readonly at: string;
};

/** Begins a publication: all of it or nothing. Throws CONFLICT when another writer began it, or has one of its files. */
export async function beginPublication(db: Database, publication: NewPublication): Promise<void> {
  const { repository, version, manifest, files, at } = publication;
  await db.transaction(async (tx) => {
    await tx.query('insert into tuf_publication (repository, version, manifest, created_at) values ($1, $2, $3, $4)', [
      repository,
      version,
      manifest,
      at,
    ]);
    for (const file of files) {
      await tx.query(
        `update tuf_file set replaced_at = $3 where repository = $1 and role = $2 and replaced_at is null`,
        [repository, file.role, at],
      );
      await tx.query(
        `insert into tuf_file (repository, role, version, name, digest, size, publication, text)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [repository, file.role, file.version, file.name, file.digest, file.size, version, file.text],
      );
    }
  });
}

/**
 * From now on the publication is what is served; committing again changes nothing. Files that were replaced before
 * `prunedBefore` go: never a root, and of each role never the newest `kept`.
 */
export async function commitPublication(
  db: Database,
  publication: { readonly repository: string; readonly version: number; readonly at: string },
  { prunedBefore, kept }: { readonly prunedBefore: string; readonly kept: number },
): Promise<void> {
  const { repository, version, at } = publication;
  await db.transaction(async (tx) => {
    await tx.query(
      `update tuf_publication set committed_at = $3 where repository = $1 and version = $2 and committed_at is null`,
      [repository, version, at],
    );
    await tx.query(
      `delete from tuf_file where repository = $1 and role <> 'root' and replaced_at < $2 and version <=
         (select max(version) from tuf_file g where g.repository = $1 and g.role = tuf_file.role) - $3`,
      [repository, prunedBefore, kept],
    );
  });
}

/** Publications that were committed before `before`, except the newest `keep`; oldest first. */
export async function oldPublications(
  db: Queryable,
  repository: string,
  before: string,
  keep: number,
): Promise<number[]> {
  const rows = await db.query<{ version: number; committedAt: string | null }>(
    'select version, committed_at as "committedAt" from tuf_publication where repository = $1 order by version desc',
    [repository],
  );
  const old = rows.slice(keep).filter(({ committedAt }) => committedAt !== null && committedAt < before);
  return old.map(({ version }) => version).toReversed();
}

export async function forgetPublication(db: Queryable, repository: string, version: number): Promise<void> {
  await db.query('delete from tuf_publication where repository = $1 and version = $2', [repository, version]);
}
