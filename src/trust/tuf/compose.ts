// From one publication to the next: what changed, and what would expire soon, gets the next version; then the snapshot
// that lists it, then the timestamp that lists the snapshot. Pure: keys, policy and time are given.

import { formatSeconds } from '../../core/clock.ts';
import { olpcBytes } from './canonical.ts';
import { fileOf, metaOf, requireSigned, signMetadata } from './envelope.ts';
import type { TufSigner } from './keys.ts';
import { newestRoot, stillSigned } from './lint-state.ts';
import {
  specVersion,
  type Delegations,
  type Envelope,
  type MetaEntry,
  type RoleKeys,
  type RootSigned,
  type Signed,
  type SnapshotSigned,
  type TargetEntries,
  type TargetsSigned,
  type TufFile,
  type TufKeys,
  type TufState,
} from './types.ts';

/** How long a signature is good for, and how much of that is left when it is renewed; milliseconds. */
export type Lifetime = { readonly validMs: number; readonly renewMs: number };

export type Lifetimes = {
  readonly [role in 'root' | 'targets' | 'delegated' | 'snapshot' | 'timestamp']: Lifetime;
};

export type TargetsContent = { readonly targets: TargetEntries; readonly delegations?: Delegations };

/** What is to be different. Signed files come from a ceremony and are taken as they are. */
export type Change = {
  readonly root?: Envelope<RootSigned>;
  readonly targets?: TargetsContent | Envelope<TargetsSigned>;
  /** New lists of targets, by delegated role. */
  readonly delegated?: ReadonlyMap<string, TargetEntries>;
};

export type Composer = {
  readonly signers: ReadonlyMap<string, TufSigner>;
  readonly lifetimes: Lifetimes;
  readonly now: Date;
  /** The timestamp's version is the next multiple of `stride` above `floor` and above the one before. */
  readonly floor: number;
  readonly stride: number;
};

/** The next publication, undefined when nothing has to be different. Throws NOT_FOUND where a key is missing for it. */
export async function composeNext(before: TufState, change: Change, by: Composer): Promise<TufState | undefined> {
  const roots = await nextRoots(before, change, by);
  const root = newestRoot({ roots });
  const targets = await nextTargets({ ...before, roots }, change, by);
  const delegated = await nextDelegated({ ...before, roots, targets }, change, by);
  const listed = snapshotMeta(targets, delegated, before.snapshot.envelope.signed.meta);
  const content = { ...before, roots, targets, delegated };
  const { signed } = before.snapshot.envelope;
  const sameList = sameContent(signed.meta, listed);
  const snapshot =
    sameList && isFresh(before.snapshot, by.lifetimes.snapshot, by.now) && stillSigned(content, 'snapshot')
      ? before.snapshot
      : await signSnapshot(root, before.snapshot.version + 1, listed, by);
  const isCurrent =
    snapshot === before.snapshot &&
    roots.length === before.roots.length &&
    isFresh(before.timestamp, by.lifetimes.timestamp, by.now) &&
    stillSigned(content, 'timestamp');
  if (isCurrent) return undefined;
  return { ...content, snapshot, timestamp: await signTimestamp(root, before.timestamp.version, snapshot, by) };
}

/** The first publication under a root that is signed. */
export async function composeFirst(
  root: Envelope<RootSigned>,
  content: TargetsContent,
  entries: ReadonlyMap<string, TargetEntries>,
  by: Composer,
): Promise<TufState> {
  const roots = [fileOf('root', root)];
  const file = newestRoot({ roots });
  const targets = await signTargets('targets', 1, content, keysOfRoot(file, 'targets'), by.lifetimes.targets, by);
  const delegated = new Map<string, TufFile<TargetsSigned>>();
  for (const role of content.delegations?.roles ?? []) {
    const list = { targets: entries.get(role.name) ?? {} };
    const keys = { role, keys: content.delegations?.keys ?? {} };
    delegated.set(role.name, await signTargets(role.name, 1, list, keys, by.lifetimes.delegated, by));
  }
  const snapshot = await signSnapshot(file, 1, snapshotMeta(targets, delegated, {}), by);
  return { roots, targets, delegated, snapshot, timestamp: await signTimestamp(file, 0, snapshot, by) };
}

/** A root document; the version after the one given, or the first. */
export function rootDocument(
  content: Pick<RootSigned, 'keys' | 'roles'>,
  version: number,
  { validMs }: Lifetime,
  now: Date,
): RootSigned {
  const { keys, roles } = content;
  const used = new Set(Object.values(roles).flatMap(({ keyids }) => keyids));
  const kept = Object.fromEntries(Object.entries(keys).filter(([id]) => used.has(id)));
  return { _type: 'root', ...common(version, validMs, now), consistent_snapshot: true, keys: kept, roles };
}

/** A document of targets, before it is signed. */
export function targetsDocument(
  content: TargetsContent,
  version: number,
  { validMs }: Lifetime,
  now: Date,
): TargetsSigned {
  const { targets, delegations } = content;
  return { _type: 'targets', ...common(version, validMs, now), targets, ...(delegations ? { delegations } : {}) };
}

async function nextRoots(before: TufState, { root }: Change, by: Composer): Promise<TufState['roots']> {
  if (root) return [...before.roots, fileOf('root', root)];
  const newest = newestRoot(before);
  const { signed } = newest.envelope;
  if (isFresh(newest, by.lifetimes.root, by.now) || !canSign(signed.roles.root, by)) return before.roots;
  const renewed = rootDocument(signed, newest.version + 1, by.lifetimes.root, by.now);
  return [...before.roots, fileOf('root', await signMetadata(renewed, signed.roles.root, by.signers))];
}

async function nextTargets(before: TufState, { targets }: Change, by: Composer): Promise<TufFile<TargetsSigned>> {
  if (targets && 'signatures' in targets) return fileOf('targets', targets);
  const keys = keysOfRoot(newestRoot(before), 'targets');
  const { signed } = before.targets.envelope;
  const content = targets ?? signed;
  const changed = targets !== undefined && !sameContent(contentOf(targets), contentOf(signed));
  const isFine = stillSigned(before, 'targets');
  const isDue = !isFresh(before.targets, by.lifetimes.targets, by.now);
  // Offline keys cannot renew by themselves; until it expires the old file does.
  if (!changed && isFine && (!isDue || !canSign(keys.role, by))) return before.targets;
  return signTargets('targets', before.targets.version + 1, content, keys, by.lifetimes.targets, by);
}

async function nextDelegated(
  before: TufState,
  { delegated: wanted }: Change,
  by: Composer,
): Promise<Map<string, TufFile<TargetsSigned>>> {
  const next = new Map<string, TufFile<TargetsSigned>>();
  const { delegations } = before.targets.envelope.signed;
  const { meta } = before.snapshot.envelope.signed;
  for (const role of delegations?.roles ?? []) {
    const file = before.delegated.get(role.name);
    const targets = wanted?.get(role.name) ?? file?.envelope.signed.targets ?? {};
    const isSame = file !== undefined && sameContent(targets, file.envelope.signed.targets);
    if (isSame && isFresh(file, by.lifetimes.delegated, by.now) && stillSigned(before, role.name)) {
      next.set(role.name, file);
      continue;
    }
    // A role that comes back goes on where its versions stopped.
    const version = (meta[`${role.name}.json`]?.version ?? 0) + 1;
    const keys = { role, keys: delegations?.keys ?? {} };
    next.set(role.name, await signTargets(role.name, version, { targets }, keys, by.lifetimes.delegated, by));
  }
  return next;
}

type SigningKeys = { readonly role: RoleKeys; readonly keys: TufKeys };

async function signTargets(
  name: string,
  version: number,
  content: TargetsContent,
  keys: SigningKeys,
  lifetime: Lifetime,
  by: Composer,
): Promise<TufFile<TargetsSigned>> {
  return signFile(name, targetsDocument(content, version, lifetime, by.now), keys, by);
}

function signSnapshot(root: TufFile<RootSigned>, version: number, meta: SnapshotSigned['meta'], by: Composer) {
  const signed = { _type: 'snapshot', ...common(version, by.lifetimes.snapshot.validMs, by.now), meta } as const;
  return signFile<SnapshotSigned>('snapshot', signed, keysOfRoot(root, 'snapshot'), by);
}

function signTimestamp(root: TufFile<RootSigned>, last: number, snapshot: TufFile<SnapshotSigned>, by: Composer) {
  const version = (Math.floor(Math.max(last, by.floor) / by.stride) + 1) * by.stride;
  const meta = { 'snapshot.json': metaOf(snapshot) };
  const signed = { _type: 'timestamp', ...common(version, by.lifetimes.timestamp.validMs, by.now), meta } as const;
  return signFile('timestamp', signed, keysOfRoot(root, 'timestamp'), by);
}

async function signFile<S extends Signed>(
  name: string,
  signed: S,
  { role, keys }: SigningKeys,
  { signers }: Composer,
): Promise<TufFile<S>> {
  const envelope = await signMetadata(signed, role, signers);
  requireSigned(name, envelope, role, keys);
  return fileOf(name, envelope);
}

/** What the snapshot lists: the files as they are, and for ever the roles that are gone. */
function snapshotMeta(
  targets: TufFile,
  delegated: ReadonlyMap<string, TufFile>,
  before: SnapshotSigned['meta'],
): SnapshotSigned['meta'] {
  const meta: Record<string, MetaEntry> = { ...before, 'targets.json': metaOf(targets) };
  for (const [name, file] of delegated) meta[`${name}.json`] = metaOf(file);
  return meta;
}

function keysOfRoot({ envelope }: TufFile<RootSigned>, role: 'targets' | 'snapshot' | 'timestamp'): SigningKeys {
  const { keys, roles } = envelope.signed;
  return { role: roles[role], keys };
}

function canSign({ keyids, threshold }: RoleKeys, { signers }: Composer): boolean {
  return keyids.filter((id) => signers.has(id)).length >= threshold;
}

function isFresh({ envelope }: TufFile, { renewMs }: Lifetime, now: Date): boolean {
  return Date.parse(envelope.signed.expires) - now.getTime() >= renewMs;
}

function contentOf({ targets, delegations }: TargetsContent): TargetsContent {
  return { targets, ...(delegations ? { delegations } : {}) };
}

function sameContent(a: object, b: object): boolean {
  return olpcBytes(a).equals(olpcBytes(b));
}

function common(version: number, validMs: number, now: Date) {
  const expires = formatSeconds(new Date(now.getTime() + validMs));
  return { spec_version: specVersion, version, expires };
}
