// TUF repositories as the command line and the API see them. Part of the Center; only the operator of the whole
// installation may ask for any of it.

import type { Actor } from '../access-center.ts';

export type TufRoleSummary = {
  readonly role: string;
  readonly version: number;
  readonly expires: string;
  readonly threshold: number;
  readonly keys: readonly { readonly id: string; readonly here: boolean }[];
  /** Number of targets; absent for roles that list none. */
  readonly targets?: number;
  /** Whether the keys that are here can renew it. */
  readonly renews: boolean;
};

export type TufSummary = {
  readonly repository: string;
  /** Version of the timestamp that is published. */
  readonly publication: number;
  /** File of the first root in the data folder, and its SHA-256 in hex, for `cosign initialize --root-checksum`. */
  readonly rootFile: string;
  readonly rootSha256: string;
  readonly roles: readonly TufRoleSummary[];
};

export type TufDraftRequest = {
  readonly role: 'root' | 'targets';
  /** With new keys for the roles that sign by themselves: snapshot and timestamp, or the delegated ones. */
  readonly newOnlineKeys: boolean;
};

/** A kit: file names below its folder, with the text of each. */
export type TufKit = {
  readonly publication: number;
  readonly expires: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
};

export interface TufCenter {
  /** Throws NOT_FOUND for a repository that was never made. */
  show(repository: string): Promise<TufSummary>;
  /** Makes the repository unless it is there. */
  init(repository: string, actor?: Actor): Promise<TufSummary>;
  /** An unsigned next version of a role, as TUF metadata, for the holders of its keys to sign. */
  draft(repository: string, request: TufDraftRequest, actor?: Actor): Promise<string>;
  /** Publishes a draft with the signatures that it has and those of keys that are here, or what is due without one. */
  publish(repository: string, draft?: string, actor?: Actor): Promise<TufSummary>;
  /** A repository of its own for the far side of a gap, with the tenant's targets as they are now. */
  kit(tenant: string, actor?: Actor): Promise<TufKit>;
}
