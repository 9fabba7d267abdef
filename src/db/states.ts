// What runs remember of states: the newest state of each scope, and the state that each published index names.

import type { Digest } from '../core/digest.ts';
import type { Queryable } from './database.ts';

/** Number of records for each collection. */
export type CollectionCounts = { readonly [collection: string]: number };

export type StateFacts = {
  readonly sequence: number;
  readonly setRoot: Digest;
  readonly records: number;
  readonly created: string;
  readonly collections: CollectionCounts;
};

export type ScopeState = StateFacts & {
  /** base64 of a serialized SetRootIndex. */
  readonly rootIndex: string;
};

export type PublishedState = StateFacts & {
  readonly repository: string;
  readonly digest: Digest;
  readonly profile: string;
  readonly revision: Digest;
  readonly previous: Digest | null;
  /** Digest of the export manifest. */
  readonly config: Digest;
  /** Bytes of the whole bundle, and its number of layers. */
  readonly bytes: number;
  readonly layers: number;
};

type Stored<State> = Omit<State, 'collections'> & { readonly collections: string };

const facts = 'sequence, set_root as "setRoot", records, created, collections';

export async function scopeState(db: Queryable, tenant: string, scopeKey: string): Promise<ScopeState | undefined> {
  const rows = await db.query<Stored<ScopeState>>(
    `select ${facts}, root_index as "rootIndex" from scope_state where tenant = $1 and scope_key = $2`,
    [tenant, scopeKey],
  );
  return rows[0] && parsed(rows[0]);
}

/** Keeps the newer of two states of a scope. */
export async function keepScopeState(db: Queryable, tenant: string, key: string, state: ScopeState): Promise<void> {
  await db.query(
    `insert into scope_state (tenant, scope_key, sequence, set_root, records, created, collections, root_index)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (tenant, scope_key) do update set sequence = excluded.sequence, set_root = excluded.set_root,
       records = excluded.records, created = excluded.created, collections = excluded.collections,
       root_index = excluded.root_index
     where scope_state.sequence < excluded.sequence`,
    [
      tenant,
      key,
      state.sequence,
      state.setRoot,
      state.records,
      state.created,
      JSON.stringify(state.collections),
      state.rootIndex,
    ],
  );
}

const published = `${facts}, repository, digest, profile, revision, previous, config, bytes, layers`;

export async function publishedState(
  db: Queryable,
  tenant: string,
  repository: string,
  digest: Digest,
): Promise<PublishedState | undefined> {
  const rows = await db.query<Stored<PublishedState>>(
    `select ${published} from published_state where tenant = $1 and repository = $2 and digest = $3`,
    [tenant, repository, digest],
  );
  return rows[0] && parsed(rows[0]);
}

/** The state that a profile published last. */
export async function lastPublished(
  db: Queryable,
  tenant: string,
  profile: string,
): Promise<PublishedState | undefined> {
  const rows = await db.query<Stored<PublishedState>>(
    `select ${published} from published_state where tenant = $1 and profile = $2
     order by published_at desc, sequence desc limit 1`,
    [tenant, profile],
  );
  return rows[0] && parsed(rows[0]);
}

export async function publishedStates(db: Queryable, tenant: string): Promise<PublishedState[]> {
  const rows = await db.query<Stored<PublishedState>>(
    `select ${published} from published_state where tenant = $1 order by repository, published_at desc, digest`,
    [tenant],
  );
  return rows.map(parsed);
}

export async function keepPublished(db: Queryable, tenant: string, state: PublishedState, at: string): Promise<void> {
  await db.query(
    `insert into published_state (tenant, repository, digest, profile, revision, sequence, set_root, records, created,
       collections, previous, config, bytes, layers, published_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     on conflict (tenant, repository, digest) do update set sequence = excluded.sequence,
       published_at = excluded.published_at`,
    [
      tenant,
      state.repository,
      state.digest,
      state.profile,
      state.revision,
      state.sequence,
      state.setRoot,
      state.records,
      state.created,
      JSON.stringify(state.collections),
      state.previous,
      state.config,
      state.bytes,
      state.layers,
      at,
    ],
  );
}

export async function forgetPublished(
  db: Queryable,
  tenant: string,
  repository: string,
  digest: Digest,
): Promise<void> {
  await db.query('delete from published_state where tenant = $1 and repository = $2 and digest = $3', [
    tenant,
    repository,
    digest,
  ]);
}

function parsed<State extends StateFacts>(row: Stored<State>): State {
  return { ...row, collections: JSON.parse(row.collections) as CollectionCounts } as unknown as State;
}
