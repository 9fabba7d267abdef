// Garbage collection beside running pushes, without a lock. A manifest lives when it is tagged, young or pinned, when it
// is a child of a living one, or when its subject lives; a blob lives when a living manifest needs it or when it is young.
// Young: somebody wrote it, or was told that it is there, within the grace. What is removed is looked at once more in the
// last moment (see swept-folder.ts). Order: names and manifests first, then links, content last.

import type { Clock } from '../../core/clock.ts';
import { isDigest, type Digest } from '../../core/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { deadInOrder, deadTags, markLive, readSweepGraph, type SweepGraph } from './sweep-graph.ts';
import type { RegistryStorage, StoredRepository, Sweepable, SweepEntry } from './storage.ts';

const defaultGraceMs = 2 * 60 * 60_000;
const uploadIdleMs = 24 * 60 * 60_000;

export type SweepOptions = {
  readonly clock: Clock;
  /** Further manifests that must live, with all they need. */
  readonly keep?: (repository: string, manifest: Descriptor) => boolean;
  /** What is younger stays; two hours by default. Longer than any push takes, and than 20 minutes. */
  readonly graceMs?: number;
  /** Only count what would go. */
  readonly dryRun?: boolean;
};

export type SweepReport = {
  tags: number;
  manifests: number;
  uploads: number;
  /** Pieces of content that went, manifests among them, and their bytes. */
  blobs: number;
  bytes: number;
  /** Repositories that were left as they are because a manifest in them cannot be read, with the reason. */
  readonly skipped: { readonly repository: string; readonly reason: string }[];
};

type Pass = {
  readonly options: SweepOptions;
  readonly cutoffMs: number;
  readonly report: SweepReport;
  /** Everything that some repository still links to. */
  readonly linked: Set<string>;
};

/** Removes what nobody can reach any more. Safe beside pushes and other processes; a crash only leaves work to do. */
export async function sweep(storage: RegistryStorage, options: SweepOptions): Promise<SweepReport> {
  const nowMs = options.clock.now().getTime();
  const report: SweepReport = { tags: 0, manifests: 0, uploads: 0, blobs: 0, bytes: 0, skipped: [] };
  const pass: Pass = { options, cutoffMs: nowMs - (options.graceMs ?? defaultGraceMs), report, linked: new Set() };
  for (const name of await storage.repositories()) {
    const repository = storage.repository(name);
    await sweepRepository(repository, pass);
    report.uploads += await discardOlder(repository.parts.uploads, nowMs - uploadIdleMs, pass);
  }
  for await (const entry of storage.content.list()) {
    if (pass.linked.has(entry.name) || !(await discard(storage.content, entry, pass.cutoffMs, pass))) continue;
    report.blobs += 1;
    report.bytes += entry.size;
  }
  await discardOlder(storage.leftovers, nowMs - uploadIdleMs, pass);
  return report;
}

async function sweepRepository(repository: StoredRepository, pass: Pass): Promise<void> {
  let graph: SweepGraph;
  let live: Set<Digest>;
  try {
    ({ graph, live } = await sweepManifests(repository, pass));
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    pass.report.skipped.push({ repository: repository.name, reason });
    await linkAll(repository, pass);
    return;
  }
  await sweepTags(repository, graph, live, pass);
  await sweepBlobLinks(repository, graph, live, pass);
}

/** Removes dead manifests; when one was touched in the meantime, everything is marked anew with it alive. */
async function sweepManifests(
  repository: StoredRepository,
  pass: Pass,
): Promise<{ graph: SweepGraph; live: Set<Digest> }> {
  const { options, cutoffMs, report } = pass;
  const keep = (manifest: Descriptor): boolean => options.keep?.(repository.name, manifest) ?? false;
  for (;;) {
    const graph = await readSweepGraph(repository);
    const live = markLive(graph, { cutoffMs, keep });
    const dead = deadInOrder(graph, live);
    if (options.dryRun === true) {
      report.manifests += dead.length;
      return { graph, live };
    }
    const removed = await removeWhileUntouched(repository.parts.manifests, dead, cutoffMs);
    report.manifests += removed;
    if (removed === dead.length) return { graph, live };
  }
}

async function removeWhileUntouched(part: Sweepable, names: readonly string[], cutoffMs: number): Promise<number> {
  let removed = 0;
  for (const name of names) {
    if (!(await part.discard(name, cutoffMs))) break;
    removed += 1;
  }
  return removed;
}

async function sweepTags(
  repository: StoredRepository,
  graph: SweepGraph,
  live: Set<Digest>,
  pass: Pass,
): Promise<void> {
  const { tags, deleted } = repository.parts;
  for (const tag of deadTags(graph, live, pass.cutoffMs)) {
    if (await discard(tags, tag, pass.cutoffMs, pass)) pass.report.tags += 1;
  }
  // What was orphaned by these has been dealt with now; what is younger is looked at next time.
  await discardOlder(deleted, pass.cutoffMs, pass);
}

async function sweepBlobLinks(
  repository: StoredRepository,
  graph: SweepGraph,
  live: ReadonlySet<Digest>,
  pass: Pass,
): Promise<void> {
  const needed = new Set<string>();
  for (const digest of live) {
    pass.linked.add(digest);
    for (const blob of graph.manifests.get(digest)?.blobs ?? []) needed.add(blob);
  }
  const { blobs, manifests } = repository.parts;
  // Manifests that came after the marking protect their content by having touched it; their own link protects them.
  for await (const { name } of manifests.list()) if (!graph.manifests.has(name as Digest)) pass.linked.add(name);
  for await (const entry of blobs.list()) {
    const gone = !needed.has(entry.name) && (await discard(blobs, entry, pass.cutoffMs, pass));
    if (!gone) pass.linked.add(entry.name);
  }
}

async function linkAll({ parts }: StoredRepository, { linked }: Pass): Promise<void> {
  for await (const { name } of parts.manifests.list()) linked.add(name);
  for await (const { name } of parts.blobs.list()) if (isDigest(name)) linked.add(name);
}

async function discard(part: Sweepable, entry: SweepEntry, beforeMs: number, { options }: Pass): Promise<boolean> {
  if (entry.touchedAtMs >= beforeMs) return false;
  return options.dryRun === true || part.discard(entry.name, beforeMs);
}

async function discardOlder(part: Sweepable, beforeMs: number, pass: Pass): Promise<number> {
  let gone = 0;
  for await (const entry of part.list()) if (await discard(part, entry, beforeMs, pass)) gone += 1;
  return gone;
}
