// One pass over a held state with a patch (formats.md §6): the changes that the patch means come out, and at the same
// time the set root of the state that they lead to is computed from all its records.

import { sha256 } from '../core/digest.ts';
import { compareHeads, Cursor } from '../shard/merge.ts';
import type { ChangeRecord, StateLine } from '../shard/line.ts';
import { applyGroup, type PatchedKey, type ReceivedGroup } from '../shard/patch.ts';
import { LeafSet } from '../shard/set-root.ts';

export class PatchedState {
  /** Complete once `changes` has ended. */
  readonly leaves = new LeafSet();
  puts = 0;
  dels = 0;

  /** `state` is sorted; groups come in key order. Memory: one group with its old values, and the leaves. */
  async *changes(
    state: AsyncIterable<StateLine[]>,
    groups: AsyncIterable<ReceivedGroup>,
  ): AsyncGenerator<ChangeRecord[]> {
    const held = await Cursor.open(state);
    try {
      for await (const group of groups) {
        const old: Buffer[] = [];
        for (const key of group.keys) {
          const v = await this.#passTo(held, key);
          if (v) old.push(v);
        }
        const changes = applyGroup(group, old);
        for (const change of changes) this.#count(change);
        yield changes;
      }
      while (held.head !== undefined) await this.#keep(held);
    } finally {
      await held.close();
    }
  }

  /** Keeps everything before `key`; the old value of `key`, if it is there. */
  async #passTo(held: Cursor<StateLine>, key: PatchedKey): Promise<Buffer | undefined> {
    let order = compareHeads(held.head, key);
    while (held.head !== undefined && order < 0) {
      await this.#keep(held);
      order = compareHeads(held.head, key);
    }
    if (held.head === undefined || order > 0) return undefined;
    // A copy, because the line would keep its whole shard in memory.
    const old = Buffer.from(held.head.v);
    if (!held.step()) await held.refill();
    return old;
  }

  async #keep(held: Cursor<StateLine>): Promise<void> {
    const { c, k, v } = held.head as StateLine;
    this.leaves.add(c, k, sha256(v));
    if (!held.step()) await held.refill();
  }

  #count(change: ChangeRecord): void {
    if (change.op === 'del') {
      this.dels++;
      return;
    }
    this.puts++;
    this.leaves.add(change.c, change.k, sha256(change.v));
  }
}
