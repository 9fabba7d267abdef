// What a run works with, passed in from the composition root: nothing here is global, nothing reads a clock of its own.

import type { Clock } from '../core/clock.ts';
import type { Database } from '../db/database.ts';
import type { SourceAttribution, StateReader } from '../evidence/types.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Repository } from '../oci/repository.ts';
import type { EncoderPool } from '../shard/encoder-pool.ts';
import type { KeylessSigner } from '../trust/keyless/attest-keyless.ts';
import type { SigningPolicy } from '../trust/signing-policy.ts';
import type { Turns } from '../trust/subject-queue.ts';
import type { Signer } from '../trust/types.ts';
import type { Artifact } from './artifact.ts';
import type { RunRequest, RunState } from './center.ts';
import type { SourceAccess } from './overlay/database-source.ts';

export type RunContext = {
  readonly db: Database;
  readonly tenant: string;
  readonly reader: StateReader;
  /** Licence and attribution of the tenant's sources. */
  readonly attributions: () => Promise<readonly SourceAttribution[]>;
  /** A repository of the own registry, by its name inside the tenant. */
  readonly repository: (name: string) => Repository;
  /** A destination REGISTRY/REPO[:TAG] with the tag that it names, if any. */
  readonly destination: (reference: string) => Promise<{ readonly repository: Repository; readonly tag?: string }>;
  /** Registries and web addresses, for what is read from elsewhere. */
  readonly sources: SourceAccess;
  readonly encoders: EncoderPool;
  /** The active key's signer first, then those of the co-signers. */
  readonly signers: () => Promise<readonly Signer[]>;
  /** What every signature carries besides. */
  readonly signingPolicy: SigningPolicy;
  /** Signs with certificates beside the keys, where that is set. */
  readonly keyless?: KeylessSigner;
  readonly subjects: Turns;
  readonly clock: Clock;
  /** Folder for files that go with the run. */
  readonly tempDir: string;
  /** `host[:port]` under which this registry is known. */
  readonly registryHost: () => string;
  /** URI that names this deployment in the provenance. */
  readonly builderId: () => string;
  readonly version: string;
  /** Makes the tags of what was published targets of the tenant's TUF repository. */
  readonly publishTargets: (artifacts: readonly Artifact[]) => Promise<void>;
  /** Whether a mirror's base moves on although the rule does not ask for it. */
  readonly compactsNow: () => boolean;
};

/** One attempt at a run: what was asked for, and where progress goes. */
export type RunTask = {
  readonly id: string;
  readonly request: RunRequest;
  readonly startedAt: Date;
  readonly signal: AbortSignal;
  readonly report: (progress: RunProgress) => Promise<void>;
};

export type RunProgress = {
  readonly state: RunState;
  readonly message: string;
  readonly done?: number;
  readonly total?: number;
};

/** What is new in the registry because of this run. */
export class Tally {
  bytes = 0;
  layers = 0;
  readonly written: Descriptor[] = [];

  add(descriptor: Descriptor): void {
    this.bytes += descriptor.size;
    this.written.push(descriptor);
  }
}
