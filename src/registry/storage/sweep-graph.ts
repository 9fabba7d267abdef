// What of a repository is alive (the sweep's mark phase). Edges lead from an owner to what lives because of it: an
// index's children, a subject's referrers, and what a tag like sha256-<hex>.sig, which names a manifest, points to.

import { digestAlgorithm, digestHex, isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { examineManifest } from './manifest-rules.ts';
import type { StoredRepository, SweepEntry } from './storage.ts';

export type ManifestNode = {
  readonly descriptor: Descriptor;
  readonly touchedAtMs: number;
  readonly blobs: readonly Digest[];
  readonly children: readonly Digest[];
  readonly subject?: Digest;
};

export type TagNode = SweepEntry & {
  readonly target?: Digest;
  /** For tags that belong to a manifest: its tag form, see `tagForm`. */
  readonly owner?: string;
};

export type SweepGraph = {
  readonly manifests: ReadonlyMap<Digest, ManifestNode>;
  readonly tags: readonly TagNode[];
  /** Tag forms and digests of manifests that were here and are not. */
  readonly orphaned: ReadonlySet<string>;
};

export type MarkOptions = {
  /** Manifests and tags touched at or after this time live. */
  readonly cutoffMs: number;
  readonly keep: (manifest: Descriptor) => boolean;
};

// Referrers fallback tag (distribution-spec §referrers tag schema), cosign's tags, and ours for deltas.
const ownedTag = /^((?:sha256|sha512)-[0-9a-f]{64})(?:\.(?:sig|att|sbom|delta))?$/;

/** `<alg>-<first 64 hex digits>`: how tags name a manifest. */
function tagForm(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestHex(digest).slice(0, 64)}`;
}

/** Reads the graph. Throws when a manifest cannot be read: what it refers to would be unknown. */
export async function readSweepGraph(repository: StoredRepository): Promise<SweepGraph> {
  const tags: TagNode[] = [];
  for await (const entry of repository.parts.tags.list()) {
    const target = (await repository.resolve(entry.name))?.digest;
    const owner = ownedTag.exec(entry.name)?.[1];
    tags.push({ ...entry, ...(target ? { target } : {}), ...(owner === undefined ? {} : { owner }) });
  }
  const manifests = new Map<Digest, ManifestNode>();
  for await (const entry of repository.parts.manifests.list()) {
    const node = await readNode(repository, entry);
    if (node) manifests.set(node.descriptor.digest, node);
  }
  const orphaned = new Set<string>();
  for await (const { name } of repository.parts.deleted.list()) {
    if (!isDigest(name) || manifests.has(name)) continue;
    orphaned.add(name);
    orphaned.add(tagForm(name));
  }
  return { manifests, tags, orphaned };
}

async function readNode(repository: StoredRepository, entry: SweepEntry): Promise<ManifestNode | undefined> {
  const stored = await repository.manifest(entry.name);
  if (!stored) {
    // Removed since the folder was read, or a link without content; then nobody knows what else must stay.
    if (!(await repository.parts.manifests.find(entry.name))) return undefined;
    throw new ExportError('STORAGE_FAILED', `the content of the manifest ${entry.name} is missing`);
  }
  const { needs, referrer } = examineManifest(stored);
  const digestsOf = (kind: string): Digest[] => needs.filter((need) => need.kind === kind).map((need) => need.digest);
  return {
    descriptor: stored.descriptor,
    touchedAtMs: entry.touchedAtMs,
    blobs: digestsOf('blob'),
    children: digestsOf('manifest'),
    ...(referrer ? { subject: referrer.subject } : {}),
  };
}

/** Digests of the manifests that live. */
export function markLive(graph: SweepGraph, options: MarkOptions): Set<Digest> {
  const owned = ownedBy(graph);
  const live = new Set<Digest>();
  const waiting = rootsOf(graph, options);
  for (let digest = waiting.pop(); digest; digest = waiting.pop()) {
    if (live.has(digest) || !graph.manifests.has(digest)) continue;
    live.add(digest);
    waiting.push(...(owned.get(digest) ?? []));
  }
  return live;
}

/** The manifests that are not in `live`, owners before what they own, so that a crash leaves nothing half owned. */
export function deadInOrder(graph: SweepGraph, live: ReadonlySet<Digest>): Digest[] {
  const owned = ownedBy(graph);
  const seen = new Set<Digest>(live);
  const order: Digest[] = [];
  // Depth first, each added after everything it owns; reversed, owners come first.
  const visit = (start: Digest): void => {
    const path: { digest: Digest; rest: Digest[] }[] = [];
    const enter = (digest: Digest): void => {
      if (seen.has(digest) || !graph.manifests.has(digest)) return;
      seen.add(digest);
      path.push({ digest, rest: [...(owned.get(digest) ?? [])] });
    };
    enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = top.rest.pop();
      if (next) enter(next);
      else order.push(...path.splice(-1).map((step) => step.digest));
    }
  };
  for (const digest of graph.manifests.keys()) visit(digest);
  return order.toReversed();
}

function ownedBy({ manifests, tags }: SweepGraph): Map<Digest, Digest[]> {
  const owned = new Map<Digest, Digest[]>();
  const own = (owner: Digest, digest: Digest): void => void owned.set(owner, [...(owned.get(owner) ?? []), digest]);
  const byTagForm = new Map(Array.from(manifests.keys(), (digest) => [tagForm(digest), digest]));
  for (const [digest, node] of manifests) {
    owned.set(digest, [...(owned.get(digest) ?? []), ...node.children]);
    if (node.subject) own(node.subject, digest);
  }
  for (const { owner, target } of tags) {
    const digest = owner === undefined ? undefined : byTagForm.get(owner);
    if (digest && target) own(digest, target);
  }
  return owned;
}

/**
 * Roots: what an own tag names, what is young, what is pinned; also signatures and referrers of subjects that were never
 * here, because such a repository may hold the signatures of another one.
 */
function rootsOf({ manifests, tags, orphaned }: SweepGraph, { cutoffMs, keep }: MarkOptions): Digest[] {
  const present = new Set(Array.from(manifests.keys(), tagForm));
  const roots: Digest[] = [];
  for (const { owner, target, touchedAtMs } of tags) {
    const lives = owner === undefined || touchedAtMs >= cutoffMs || !(present.has(owner) || orphaned.has(owner));
    if (lives && target) roots.push(target);
  }
  for (const [digest, { descriptor, touchedAtMs, subject }] of manifests) {
    const foreign = subject !== undefined && !manifests.has(subject) && !orphaned.has(subject);
    if (touchedAtMs >= cutoffMs || foreign || keep(descriptor)) roots.push(digest);
  }
  return roots;
}

/** Tags that go: those whose owner is gone, and those that point to nothing. */
export function deadTags(graph: SweepGraph, live: ReadonlySet<Digest>, cutoffMs: number): TagNode[] {
  const present = new Set(Array.from(graph.manifests.keys(), tagForm));
  const alive = new Set(Array.from(live, tagForm));
  return graph.tags.filter(({ target, owner, touchedAtMs }) => {
    if (touchedAtMs >= cutoffMs) return false;
    if (!target || !live.has(target)) return true;
    return owner !== undefined && !alive.has(owner) && (present.has(owner) || graph.orphaned.has(owner));
  });
}
