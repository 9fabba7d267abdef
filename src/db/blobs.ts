// Stored blobs by the digest of their raw bytes, so that nothing is compressed twice.

import type { Digest } from '../core/digest.ts';
import type { Queryable } from './database.ts';

export type StoredBlob = { readonly digest: Digest; readonly size: number };

export async function findBlob(db: Queryable, raw: Digest, level: number): Promise<StoredBlob | undefined> {
  const rows = await db.query<StoredBlob>('select digest, size from stored_blob where raw = $1 and level = $2', [
    raw,
    level,
  ]);
  return rows[0];
}

export async function rememberBlob(db: Queryable, raw: Digest, level: number, stored: StoredBlob): Promise<void> {
  await db.query(
    `insert into stored_blob (raw, level, digest, size) values ($1, $2, $3, $4)
     on conflict (raw, level) do update set digest = excluded.digest, size = excluded.size`,
    [raw, level, stored.digest, stored.size],
  );
}
