// The changes between two sorted states whose lines are at hand: a walk side by side.

import { compareHeads, Cursor } from '../../shard/merge.ts';
import type { StateLine } from '../../shard/line.ts';
import type { ChangeWithOld } from '../../shard/patch.ts';

type Lines = AsyncIterable<readonly StateLine[]>;

const pageItems = 512;

/** In rising order. The values are copies: a change outlives the page that it was read in. */
export async function* stateChanges(before: Lines, after: Lines): AsyncGenerator<ChangeWithOld[]> {
  const old = await Cursor.open(before);
  const now = await Cursor.open(after);
  let page: ChangeWithOld[] = [];
  try {
    while (old.head !== undefined || now.head !== undefined) {
      const order = compareHeads(old.head, now.head);
      const change = changeOf(order <= 0 ? old.head : undefined, order >= 0 ? now.head : undefined);
      if (change !== undefined) page.push(change);
      if (order <= 0 && !old.step()) await old.refill();
      if (order >= 0 && !now.step()) await now.refill();
      if (page.length < pageItems) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  } finally {
    await old.close();
    await now.close();
  }
}

function changeOf(before: StateLine | undefined, after: StateLine | undefined): ChangeWithOld | undefined {
  if (before !== undefined && after !== undefined && before.v.equals(after.v)) return undefined;
  const old = before === undefined ? {} : { old: Buffer.from(before.v) };
  if (after !== undefined) return { op: 'put', c: after.c, k: after.k, v: Buffer.from(after.v), ...old };
  const { c, k } = before as StateLine;
  return { op: 'del', c, k, ...old };
}
