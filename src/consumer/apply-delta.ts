// Derives a bundle from a held one and a delta (formats.md §6): the patches give the journals' very bytes, the rest is
// composed. What comes out has the digest that the delta names, or it is refused and nothing was made visible.

import type { Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import type { ShardedBundle, Journal } from '../profiles/sharded/compose.ts';
import { headFieldsOf, type HeadFields } from '../profiles/sharded/documents.ts';
import { stateLines } from '../profiles/sharded/read.ts';
import { storeJournal, type StoreContext } from '../profiles/sharded/store.ts';
import { compactedBases, composeMirror } from '../profiles/mirror/build.ts';
import { compactsAfter } from '../profiles/mirror/compaction.ts';
import { journalParts } from '../shard/journal.ts';
import { compareRoot } from './check-state.ts';
import type { DeltaStep } from './delta-chain.ts';
import type { Fetcher, FetchHooks } from './fetcher.ts';
import type { MirrorFolder } from './mirror-folder.ts';
import { readPatchFile } from './patch-file.ts';
import { PatchedState } from './patched-state.ts';

export type DeriveContext = FetchHooks & {
  readonly folder: MirrorFolder;
  readonly fetcher: Fetcher;
  readonly store: StoreContext;
};

/** The bundle that `step` leads to; its journals and bases are stored, its manifests are not. VERIFICATION_FAILED. */
export async function applyDelta(
  held: ShardedBundle,
  { config, patches }: DeltaStep,
  context: DeriveContext,
): Promise<ShardedBundle> {
  const target = headFieldsOf(config.head);
  const previous = config.head.previous ?? config.from;
  let bundle = held;
  for (const [at, patch] of patches.entries()) {
    const { from, to } = config.patches[at] as (typeof config.patches)[number];
    if (from !== bundle.exportManifest.state.setRoot) throw refused(`patch ${at + 1} starts at another state`);
    const { journal, records } = await rebuildJournal(
      bundle,
      await context.fetcher.patch(patch),
      { from, to },
      context,
    );
    if (at === patches.length - 1)
      return finish(bundle, target, { journal, records }, previous, config.target, context);
    // Stands for an export that was published between the two; only its layers count for what comes after.
    const between = { ...target, state: { ...target.state, setRoot: to, records } };
    const compacts = compactsAfter(bundle);
    bundle = await composeStep(bundle, between, journal, compacts, bundle.index.descriptor.digest, context);
  }
  const { records } = held.exportManifest.state;
  return finish(bundle, target, { records }, previous, config.target, context);
}

type Rebuilt = { readonly journal?: Journal; readonly records: number };

/** Today's bundle: with the base as the rule has it, else as a publisher who was told otherwise has it. */
async function finish(
  bundle: ShardedBundle,
  head: HeadFields,
  { journal, records }: Rebuilt,
  previous: Digest | null,
  target: Digest,
  context: DeriveContext,
): Promise<ShardedBundle> {
  const to = journal?.row.to ?? bundle.exportManifest.state.setRoot;
  if (head.state.setRoot !== to || head.state.records !== records) throw refused('it leads to another state');
  const rule = compactsAfter(bundle);
  for (const compacts of [rule, !rule]) {
    const composed = await composeStep(bundle, head, journal, compacts, previous, context);
    if (composed.index.descriptor.digest === target) return composed;
  }
  throw refused(`what it composes is not ${target}`);
}

async function composeStep(
  bundle: ShardedBundle,
  head: HeadFields,
  journal: Journal | undefined,
  compacts: boolean,
  previous: Digest | null,
  { folder, store }: DeriveContext,
): Promise<ShardedBundle> {
  const bases = compacts ? await compactedBases({ bundle, repository: folder.layout }, store) : bundle.bases;
  const journals = [...(compacts ? [] : bundle.journals), ...(journal ? [journal] : [])];
  return composeMirror(head, bases, journals, previous);
}

async function rebuildJournal(
  bundle: ShardedBundle,
  patchFile: string,
  { from, to }: { readonly from: Digest; readonly to: Digest },
  { folder, store, signal, onProgress }: DeriveContext,
): Promise<Required<Rebuilt>> {
  const patched = new PatchedState();
  const total = bundle.exportManifest.state.records;
  const lines = watched(stateLines(folder.layout, bundle), () => {
    if (signal?.aborted) throw new ExportError('CANCELLED', 'cancelled');
    onProgress?.({ label: 'deriving', done: patched.leaves.count, total });
  });
  const changes = patched.changes(lines, readPatchFile(patchFile));
  const layers = await storeJournal(store, journalParts(changes));
  compareRoot('the patched state', patched.leaves, to);
  const { puts, dels } = patched;
  return { journal: { row: { from, to, puts, dels, parts: layers.length }, layers }, records: patched.leaves.count };
}

async function* watched<Page>(pages: AsyncIterable<Page>, onPage: () => void): AsyncGenerator<Page> {
  for await (const page of pages) {
    onPage();
    yield page;
  }
}

function refused(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `delta refused: ${what}`);
}
