// Turns: names of which one holder at a time works on what they stand for, across processes and machines that share the
// database. A turn is a lease; who does not give it back loses it at its end.

import type { Queryable } from './database.ts';

export type Turn = { readonly name: string; readonly owner: string };

/** Takes the turn when it is free or over; answers who holds it, which is `owner` on success. */
export async function takeTurn(
  db: Queryable,
  { name, owner }: Turn,
  { now, until }: { readonly now: string; readonly until: string },
): Promise<string> {
  const taken = await db.query<{ owner: string }>(
    `insert into turn (name, owner, held_until) values ($1, $2, $3)
     on conflict (name) do update set owner = excluded.owner, held_until = excluded.held_until
       where turn.held_until < $4 or turn.owner = excluded.owner
     returning owner`,
    [name, owner, until, now],
  );
  if (taken[0]) return owner;
  const held = await db.query<{ owner: string }>('select owner from turn where name = $1', [name]);
  return held[0]?.owner ?? '';
}

/** Gives a turn back; nothing happens when it was lost. */
export async function endTurn(db: Queryable, { name, owner }: Turn): Promise<void> {
  await db.query('delete from turn where name = $1 and owner = $2', [name, owner]);
}
