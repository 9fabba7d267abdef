// Everything an operator can ask of the service, as one interface. `openCenter` answers it from a data folder,
// `api/client.ts` over HTTP; the command line and the API routes see nothing else, so both give the same results.

import type { IngestOptions, IngestProgress, IngestResult, SourceSummary } from '../evidence/types.ts';
import type { VexStatus } from '../profiles/trivy-db/vex/statements.ts';
import type { ParityBucket, ParityCounts } from '../profiles/database/parity-report.ts';
import type { AccessCenter, Actor } from './access-center.ts';
import type { TrustFiles } from '../trust/trust-files.ts';
import type { TufCenter } from './tuf/tuf-center.ts';
import type { ScrubProgress, ScrubReport } from '../registry/storage/scrub.ts';

export type RunState =
  'queued' | 'planning' | 'building' | 'attesting' | 'publishing' | 'verifying' | 'succeeded' | 'failed' | 'cancelled';

export type RunRequest = {
  readonly profile: string;
  /** REGISTRY/REPO[:TAG] to publish to besides the own registry. */
  readonly to?: string;
  /** A reference, a digest or `none`. */
  readonly base?: string;
  readonly acceptShrink?: boolean;
  /** Of a database: another one that the result is compared with, named as FROM of an ingest. */
  readonly compare?: string;
  readonly idempotencyKey?: string;
};

/** What `run --json` prints (contract.md). Sizes are bytes. */
export type RunResult = {
  readonly run: string;
  readonly profile: string;
  readonly state: 'succeeded';
  readonly reference: string;
  readonly digest: string;
  readonly setRoot: string;
  readonly records: number;
  readonly bytes: number;
  readonly bytesNew: number;
  readonly layers: number;
  readonly layersNew: number;
  readonly comparison?: RunComparison;
};

/** What `--compare` found; `report` is an artifact with all of it. */
export type RunComparison = {
  readonly theirs: string;
  readonly report: string;
  readonly total: ParityCounts;
  /** Buckets that differ. */
  readonly buckets: readonly ParityBucket[];
};

export type RunRecord = {
  readonly run: string;
  readonly profile: string;
  readonly state: RunState;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly attempt: number;
  readonly request: RunRequest;
  readonly result?: RunResult;
  readonly failure?: { readonly code: string; readonly message: string; readonly hint?: string };
};

export type RunEvent = {
  readonly sequence: number;
  readonly at: string;
  readonly state: RunState;
  readonly message: string;
  /** Work done and to do in bytes, where known. */
  readonly done?: number;
  readonly total?: number;
};

export type ProfileScope = {
  /** SOURCE or SOURCE/sub-source names; absent = all. */
  readonly sources?: readonly string[];
  readonly ecosystems?: readonly string[];
  readonly ids?: readonly string[];
  /** Of a Java database only artifacts that advisories speak of. */
  readonly advised?: true;
  /** Absolute instants, or `last` = a duration such as `P30D` before the state's `created`. */
  readonly window?: { readonly from?: string; readonly to?: string; readonly last?: string };
};

export type ProfileDocument = {
  readonly name: string;
  readonly kind: string;
  readonly scope: ProfileScope;
  /** Share of the records that may vanish between two successes, 0 to 1; default 0.2. */
  readonly maxShrink?: number;
  /** Oldest age that the newest record may have, an ISO 8601 duration such as `P7D`; absent = any. */
  readonly maxAge?: string;
  /** How long a database counts as fresh after its newest record, such as `P1D`; for the databases alone. */
  readonly validFor?: string;
  /** VEX statuses that take an advisory out of a database, such as `not_affected`; absent = none does. */
  readonly suppress?: readonly VexStatus[];
  /** How copies for other registries are written: in the types of an image, where they allow no others. */
  readonly encoding?: 'plain';
};

export type ProfileRevision = ProfileDocument & {
  /** Digest of the profile's canonical JSON. */
  readonly revision: string;
  readonly repository: string;
  readonly createdAt: string;
};

export type EvidenceDocument = {
  readonly source: string;
  readonly path: string;
  readonly id: string;
  readonly digest: string;
  readonly modified: string;
  /** The document's original text. */
  readonly text: string;
};

export type RejectionRecord = {
  readonly source: string;
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly at: string;
};

export type KeySummary = {
  readonly id: string;
  readonly algorithm: string;
  /** The one that signs. */
  readonly active: boolean;
  /** Signs beside the active one until then: RFC 3339, or `retired` for "until it is retired". */
  readonly coSignsUntil?: string;
  readonly publicKey: string;
};

export type KeyRotation = {
  /** How long the key that signed so far goes on beside: an ISO 8601 duration, `none`; absent is until it is retired. */
  readonly overlap?: string;
};

export type ScrubRequest = {
  /** Bytes read per second at most. */
  readonly bytesPerSecond?: number;
  readonly signal?: AbortSignal;
};

export interface Center {
  ingest(
    tenant: string,
    options: IngestOptions,
    onProgress?: (progress: IngestProgress) => void,
  ): Promise<IngestResult>;
  evidenceSources(tenant: string): Promise<SourceSummary[]>;
  evidenceDocument(tenant: string, source: string, path: string): Promise<EvidenceDocument>;
  evidenceRejections(tenant: string, source?: string): Promise<RejectionRecord[]>;
  profiles(tenant: string): Promise<ProfileRevision[]>;
  profile(tenant: string, name: string): Promise<ProfileRevision[]>;
  /** `actor` is who asked for it, here and below, for the audit; absent is who opened the Center. */
  putProfile(tenant: string, document: unknown, actor?: Actor): Promise<ProfileRevision>;
  /** Queues a run (or finds the one with the same idempotency key); it is executed by whoever holds the folder. */
  startRun(tenant: string, request: RunRequest): Promise<RunRecord>;
  run(tenant: string, id: string): Promise<RunRecord>;
  runs(tenant: string, limit?: number): Promise<RunRecord[]>;
  /** Events after number `after`, live, ending with the run's end. */
  runEvents(tenant: string, id: string, after?: number, signal?: AbortSignal): AsyncIterable<RunEvent>;
  cancelRun(tenant: string, id: string): Promise<RunRecord>;
  keys(): Promise<KeySummary[]>;
  /** The files that consumers configure cosign with. */
  trustFiles(): Promise<TrustFiles>;
  generateKey(rotation?: KeyRotation, actor?: Actor): Promise<KeySummary>;
  /** PEM or cosign key text; the password comes from the caller, never from argv. */
  importKey(text: string, password?: string, rotation?: KeyRotation, actor?: Actor): Promise<KeySummary>;
  /** Signs with a key that is there, or, as co-signer, lets it sign beside the active one for `overlap`. */
  activateKey(id: string, rotation?: KeyRotation & { readonly coSign?: boolean }, actor?: Actor): Promise<KeySummary>;
  /** A key stops signing; its public half stays known. */
  retireKey(id: string, actor?: Actor): Promise<KeySummary>;
  /** The sigstoreBundle of a file under the key that signs (trust/file-signature.ts). */
  signFile(content: Buffer, actor?: Actor): Promise<Buffer>;
  /** Tenants, tokens, rules and the audit. */
  readonly access: AccessCenter;
  /** TUF repositories and their keys. */
  readonly tuf: TufCenter;
  collectGarbage(options: { readonly dryRun: boolean }): Promise<{ readonly blobs: number; readonly bytes: number }>;
  /** Hashes all content of the registry anew and takes aside what is wrong, until `signal` aborts. */
  scrub(options: ScrubRequest, onProgress?: (progress: ScrubProgress) => void): Promise<ScrubReport>;
  close(): Promise<void>;
}
