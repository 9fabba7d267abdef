// Where tokens and rules come from, and where uses and refusals go to: a database, in a service. Access runs without one,
// too; there is one principal then, the operator of the data folder.

import type { PullRule } from './pull-rules.ts';
import type { Grant } from './roles.ts';

/** A token as it is kept: what it allows, never its text. */
export type StoredToken = {
  readonly id: string;
  readonly name: string;
  readonly grant: Grant;
  /** SHA-256 of its text, in hex. */
  readonly sha256: string;
  /** ISO instant; undefined for a token that does not expire. */
  readonly expiresAt: string | undefined;
  readonly revokedAt: string | undefined;
};

/** A call that needed more than the caller may do. Never holds a secret. */
export type Refusal = {
  /** Who it was, as far as that is known. */
  readonly actor: string;
  /** Method and path without the query. */
  readonly request: string;
  readonly reason: string;
};

export interface AccessSource {
  tokenByHash(sha256: string): Promise<StoredToken | undefined>;
  tokenById(id: string): Promise<StoredToken | undefined>;
  pullRules(): Promise<readonly PullRule[]>;
  /** Remembers that a token was used. Returns at once and never throws. */
  noteUse(id: string): void;
  /** Remembers a refusal. Returns at once and never throws. */
  noteRefusal(refusal: Refusal): void;
}
