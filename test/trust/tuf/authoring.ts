// A repository that the product's own authoring makes, with all keys at hand, so that tests can also make what the
// authoring would refuse.

import { digestOf } from '../../../src/core/digest.ts';
import { filesOfState, targetFileName } from '../../../src/trust/tuf/bundle.ts';
import {
  composeFirst,
  composeNext,
  rootDocument,
  type Change,
  type Composer,
  type Lifetimes,
} from '../../../src/trust/tuf/compose.ts';
import { fileOf, signMetadata } from '../../../src/trust/tuf/envelope.ts';
import { generateTufKey, tufSigner, type TufSigner } from '../../../src/trust/tuf/keys.ts';
import type {
  Delegations,
  RoleKeys,
  RootSigned,
  Signed,
  TargetEntries,
  TargetEntry,
  TufFile,
  TufState,
} from '../../../src/trust/tuf/types.ts';

/** Path of a file below the repository's URL, with its bytes. */
export type ServedFiles = ReadonlyMap<string, Buffer>;

const day = 86_400_000;
const lifetime = { validMs: 30 * day, renewMs: day };
export const lifetimes: Lifetimes = {
  root: { validMs: 365 * day, renewMs: day },
  targets: lifetime,
  delegated: lifetime,
  snapshot: lifetime,
  timestamp: lifetime,
};

const keyNames = ['r1', 'r2', 'r3', 't1', 't2', 's', 'ts', 'm', 'x1', 'x2', 'x3'] as const;
export type KeyName = (typeof keyNames)[number];

export class Authoring {
  readonly keys: { readonly [name in KeyName]: TufSigner };
  readonly now = new Date();

  constructor() {
    const made = keyNames.map((name) => [name, tufSigner(generateTufKey())] as const);
    this.keys = Object.fromEntries(made) as Authoring['keys'];
  }

  ids(...names: KeyName[]): string[] {
    return names.map((name) => this.keys[name].keyId);
  }

  role(threshold: number, ...names: KeyName[]): RoleKeys {
    return { keyids: this.ids(...names), threshold };
  }

  get signers(): Map<string, TufSigner> {
    return new Map(Object.values(this.keys).map((signer) => [signer.keyId, signer]));
  }

  get composer(): Composer {
    return { signers: this.signers, lifetimes, now: this.now, floor: 0, stride: 1 };
  }

  keysOf(roles: readonly RoleKeys[]): RootSigned['keys'] {
    const ids = new Set(roles.flatMap(({ keyids }) => keyids));
    const all = Object.values(this.keys).filter(({ keyId }) => ids.has(keyId));
    return Object.fromEntries(all.map(({ keyId, key }) => [keyId, key]));
  }

  /** Root 2 of 3, targets 2 of 2, single online keys; `changes` for other roles. */
  root(version: number, changes: Partial<RootSigned['roles']> = {}): RootSigned {
    const roles = {
      root: this.role(2, 'r1', 'r2', 'r3'),
      targets: this.role(2, 't1', 't2'),
      snapshot: this.role(1, 's'),
      timestamp: this.role(1, 'ts'),
      ...changes,
    };
    return rootDocument({ keys: this.keysOf(Object.values(roles)), roles }, version, lifetimes.root, this.now);
  }

  delegations(): Delegations {
    const role = this.role(1, 'm');
    return { keys: this.keysOf([role]), roles: [{ name: 'mirror', ...role, terminating: true, paths: ['mirror/*'] }] };
  }

  /** A document signed by these keys, whatever the rules say. */
  async sign<S extends Signed>(role: string, signed: S, ...names: KeyName[]): Promise<TufFile<S>> {
    return fileOf(role, await signMetadata(signed, { keyids: this.ids(...names), threshold: 1 }, this.signers));
  }

  async first(targets: TargetEntries, mirror: TargetEntries): Promise<TufState> {
    const root = await this.sign('root', this.root(1), 'r1', 'r2');
    const content = { targets, delegations: this.delegations() };
    return composeFirst(root.envelope, content, new Map([['mirror', mirror]]), this.composer);
  }

  async next(state: TufState, change: Change): Promise<TufState> {
    const next = await composeNext(state, change, this.composer);
    if (!next) throw new Error('nothing has changed');
    return next;
  }

  /** `state` with other documents in it, and a snapshot and timestamp over them as the authoring would make them. */
  async around(before: TufState, changed: Partial<TufState>): Promise<TufState> {
    const state = { ...before, ...changed };
    const { snapshot: _, timestamp: __, ...content } = state;
    const meta = {
      'targets.json': metaOf(content.targets),
      ...Object.fromEntries([...content.delegated].map(([name, file]) => [`${name}.json`, metaOf(file)])),
    };
    const snapshot =
      changed.snapshot ??
      (await this.sign(
        'snapshot',
        { ...before.snapshot.envelope.signed, version: before.snapshot.version + 1, meta },
        's',
      ));
    const timestamp =
      changed.timestamp ??
      (await this.sign(
        'timestamp',
        {
          ...before.timestamp.envelope.signed,
          version: before.timestamp.version + 1,
          meta: { 'snapshot.json': metaOf(snapshot) },
        },
        'ts',
      ));
    return { ...content, snapshot, timestamp };
  }
}

export function metaOf({ version, bytes }: TufFile) {
  return { version, length: bytes.length, hashes: { sha256: digestOf(bytes).slice(7) } };
}

export function entry(text: string): TargetEntry {
  const bytes = Buffer.from(text);
  return { length: bytes.length, hashes: { sha256: digestOf(bytes).slice(7) } };
}

/** What a server of this state holds: all its files, and target files by what the lists say of them. */
export function served(states: readonly TufState[], targets: { readonly [path: string]: string }[]): ServedFiles {
  const files = new Map<string, Buffer>();
  for (const state of states) for (const { name, bytes } of filesOfState(state)) files.set(name, bytes);
  for (const list of targets) {
    for (const [path, text] of Object.entries(list)) {
      files.set(targetFileName(path, digestOf(Buffer.from(text))), Buffer.from(text));
    }
  }
  return files;
}
