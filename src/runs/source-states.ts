// The sources that a bundle was made of, each with the state it was in, for the provenance: the set root over all its
// records, as a whole export of that source alone would have it. Planned like any other scope, so it costs what changed.

import type { View } from '../evidence/types.ts';
import type { SourceState } from '../trust/provenance.ts';
import type { Artifact } from './artifact.ts';
import { planState, type PlanSource } from './plan-state.ts';

export async function sourceStates(
  from: PlanSource,
  view: View,
  { head: { sources, scope, state }, sequence, evidence }: Artifact,
): Promise<SourceState[]> {
  const isWhole = sources.length === 1 && Object.keys(scope).length === 0 && evidence === undefined;
  const only = isWhole ? sources[0] : undefined;
  // What is exported whole has just been planned.
  if (only) return [{ source: only.source, setRoot: state.setRoot, records: state.records, newest: state.created }];
  const states: SourceState[] = [];
  for (const { source } of sources) {
    const { setRoot, records, created } = await planState(from, view, { sources: [source] }, sequence);
    // Databases of others are named by the digest of their bytes.
    if (records > 0) states.push({ source, setRoot, records, newest: created });
  }
  return states;
}
