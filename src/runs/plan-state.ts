// Plans a state: set root, number of records, `created`. The last plan of each scope is kept, and the next one costs
// what changed since: a changed record moves one subtree of the set root's trie.

import { epoch } from '../core/clock.ts';
import { canonicalJson, type Json } from '../core/canonical-json.ts';
import { digestOf, sha256 } from '../core/digest.ts';
import { keyBytes } from '../core/order.ts';
import type { Database } from '../db/database.ts';
import { keepScopeState, scopeState, type ScopeState, type StateFacts } from '../db/states.ts';
import type { EntryChange, StateReader, View } from '../evidence/types.ts';
import { LeafSet } from '../shard/set-root.ts';
import { SetRootIndex } from '../shard/set-root-index.ts';
import { fixedFilter, isRelative, scopeFilter, type EvidenceScope, type Filter } from './scope.ts';
import { entryChanges, type ScopedState } from './state-changes.ts';

export type StatePlan = StateFacts & { readonly scoped: ScopedState; readonly view: View };

export type PlanSource = {
  readonly db: Database;
  readonly tenant: string;
  readonly reader: StateReader;
};

/** The state of a scope at a sequence; by default the newest committed one. */
export async function planState(source: PlanSource, view: View, scope: EvidenceScope, at?: number): Promise<StatePlan> {
  const sequence = at ?? (await source.reader.sequence());
  const key = digestOf(canonicalJson({ view, scope } as unknown as Json));
  const kept = await scopeState(source.db, source.tenant, key);
  if (kept?.sequence === sequence) return planOf(kept, view, scope);
  const facts =
    kept === undefined || kept.sequence > sequence || isRelative(scope)
      ? await planWhole(source.reader, view, scope, sequence)
      : await planFrom(source.reader, view, scope, kept, sequence);
  // An older state than the kept one is of no use to the next plan.
  if (kept === undefined || kept.sequence <= sequence) await keepScopeState(source.db, source.tenant, key, facts);
  return planOf(facts, view, scope);
}

function planOf({ rootIndex: _rootIndex, ...facts }: ScopeState, view: View, scope: EvidenceScope): StatePlan {
  return { ...facts, view, scoped: scopedState(scope, facts.sequence, facts.created) };
}

/** A scope at a sequence; equal filter keys mean that the same entries pass. */
export function scopedState(scope: EvidenceScope, sequence: number, created: string): ScopedState {
  const filterKey = canonicalJson({ scope, ...(isRelative(scope) ? { created } : {}) } as unknown as Json);
  return { sequence, filter: scopeFilter(scope, created), filterKey };
}

async function planWhole(reader: StateReader, view: View, scope: EvidenceScope, sequence: number): Promise<ScopeState> {
  const created = await createdOf(reader, view, fixedFilter(scope), sequence);
  const { filter } = scopedState(scope, sequence, created);
  const leaves = new LeafSet();
  const collections = new Map<string, number>();
  for await (const page of reader.entries(view, sequence)) {
    for (const entry of page) {
      if (!filter(entry)) continue;
      leaves.add(entry.c, entry.k, Buffer.from(entry.digest, 'hex'));
      count(collections, entry.c, 1);
    }
  }
  return facts(SetRootIndex.fromLeaves(leaves), sequence, created, collections);
}

async function planFrom(
  reader: StateReader,
  view: View,
  scope: EvidenceScope,
  kept: ScopeState,
  sequence: number,
): Promise<ScopeState> {
  const index = SetRootIndex.parse(Buffer.from(kept.rootIndex, 'base64'));
  const collections = new Map(Object.entries(kept.collections));
  const touched = new Set<number>();
  const from = scopedState(scope, kept.sequence, kept.created);
  const to = scopedState(scope, sequence, kept.created);
  for await (const page of entryChanges(reader, view, from, to)) {
    for (const change of page) {
      touched.add(index.bucketOf(placeOf(change)));
      count(collections, change.c, (change.after ? 1 : 0) - (change.before ? 1 : 0));
    }
  }
  const created = await createdOf(reader, view, to.filter, sequence);
  if (touched.size > 2 ** index.bits / 4) return planWhole(reader, view, scope, sequence);
  for (const bucket of touched) index.replace(bucket, await leavesOf(reader, view, to, index.rangeOf(bucket)));
  // The trie's top is laid out anew once it has become too coarse for what it covers.
  if (index.count > 64 * 2 ** index.bits && index.bits < 16) return planWhole(reader, view, scope, sequence);
  return facts(index, sequence, created, collections);
}

async function leavesOf(
  reader: StateReader,
  view: View,
  { sequence, filter }: ScopedState,
  { low, high }: { low: number; high: number },
): Promise<LeafSet> {
  const leaves = new LeafSet();
  for (const entry of await reader.entriesByPlace(view, sequence, low, high)) {
    if (filter(entry)) leaves.add(entry.c, entry.k, Buffer.from(entry.digest, 'hex'));
  }
  return leaves;
}

function placeOf({ c, k }: EntryChange): number {
  return sha256(keyBytes(c, k)).readUInt32BE(0);
}

/** The greatest stamp in scope (formats.md §5, `created`). */
async function createdOf(reader: StateReader, view: View, filter: Filter, sequence: number): Promise<string> {
  for await (const page of reader.newestEntries(view, sequence)) {
    const newest = page.find(filter);
    if (newest) return newest.stamp === '' ? epoch : newest.stamp;
  }
  return epoch;
}

function count(collections: Map<string, number>, c: string, by: number): void {
  const now = (collections.get(c) ?? 0) + by;
  if (now > 0) collections.set(c, now);
  else collections.delete(c);
}

function facts(index: SetRootIndex, sequence: number, created: string, counts: Map<string, number>): ScopeState {
  const collections = Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  const rootIndex = index.serialize().toString('base64');
  return { sequence, setRoot: index.root(), records: index.count, created, collections, rootIndex };
}
