// The documents of a TUF repository (TUF specification 1.0.34 §4), as plain objects in the exact shape that is signed.

import type { Json } from '../../core/canonical-json.ts';

export type TufKeyType = 'ed25519' | 'ecdsa' | 'rsa';

/** A public key; its id is the SHA-256 of its OLPC canonical JSON, so it carries nothing else. */
export type TufKey = {
  readonly keytype: TufKeyType;
  readonly scheme: string;
  /** 64 hex digits for Ed25519, SPKI PEM for the others. */
  readonly keyval: { readonly public: string };
};

export type TufKeys = { readonly [keyId: string]: TufKey };

export type RoleKeys = { readonly keyids: readonly string[]; readonly threshold: number };

export const topLevelRoles = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type TopLevelRole = (typeof topLevelRoles)[number];

type Common<Type extends string> = {
  readonly _type: Type;
  readonly spec_version: string;
  readonly version: number;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly expires: string;
};

export type RootSigned = Common<'root'> & {
  readonly consistent_snapshot: true;
  readonly keys: TufKeys;
  readonly roles: { readonly [role in TopLevelRole]: RoleKeys };
};

/** Length in bytes and SHA-256; both always there, so that two files of one version cannot both be accepted. */
export type TargetEntry = {
  readonly length: number;
  readonly hashes: { readonly sha256: string };
  readonly custom?: { readonly [name: string]: Json };
};

export type TargetEntries = { readonly [path: string]: TargetEntry };

export type DelegatedRole = RoleKeys & {
  readonly name: string;
  readonly terminating: boolean;
  readonly paths: readonly string[];
};

export type Delegations = { readonly keys: TufKeys; readonly roles: readonly DelegatedRole[] };

export type TargetsSigned = Common<'targets'> & {
  readonly targets: TargetEntries;
  readonly delegations?: Delegations;
};

export type MetaEntry = {
  readonly version: number;
  readonly length: number;
  readonly hashes: { readonly sha256: string };
};

export type SnapshotSigned = Common<'snapshot'> & { readonly meta: { readonly [file: string]: MetaEntry } };

export type TimestampSigned = Common<'timestamp'> & { readonly meta: { readonly 'snapshot.json': MetaEntry } };

export type Signed = RootSigned | TargetsSigned | SnapshotSigned | TimestampSigned;

export type TufSignature = { readonly keyid: string; readonly sig: string };

/** What is stored and served: the document with its signatures. */
export type Envelope<S extends Signed = Signed> = { readonly signatures: readonly TufSignature[]; readonly signed: S };

/** One file of a repository. Its bytes never change: lengths and hashes elsewhere are over them. */
export type TufFile<S extends Signed = Signed> = {
  /** `root`, `timestamp`, `snapshot`, `targets`, or the name of a delegated role. */
  readonly role: string;
  readonly version: number;
  /** As clients ask for it: `2.root.json`, `timestamp.json`. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly envelope: Envelope<S>;
};

/** Everything that a client can see at one moment. */
export type TufState = {
  /** All of them, from version 1 on. */
  readonly roots: readonly TufFile<RootSigned>[];
  readonly timestamp: TufFile<TimestampSigned>;
  readonly snapshot: TufFile<SnapshotSigned>;
  readonly targets: TufFile<TargetsSigned>;
  readonly delegated: ReadonlyMap<string, TufFile<TargetsSigned>>;
};

/** The minor version is the one whose rules are followed; clients compare the major number. */
export const specVersion = '1.0.31';
