// What the consumer's commands take and give (contract.md). Implemented in pull.ts, records.ts, push.ts, doctor.ts,
// extract.ts, verify.ts and verify-file.ts of this room; the command line only parses options and prints.

import type { Identity } from '../trust/keyless/keyless-settings.ts';
import type { Digest } from '../core/digest.ts';
import type { Check } from '../trust/types.ts';

/** How to reach registries; read from options and environment by the command line. */
export type NetworkOptions = {
  /** PEM text of additional certificate authorities (`--ca-file`). */
  readonly ca?: string;
  /** Refuse every network access with OFFLINE. */
  readonly offline?: boolean;
  /** Bearer token for the product's own registry (EXPORT_CENTER_TOKEN); other registries use config.json. */
  readonly token?: string;
  /** Origin that `token` is for, such as `https://exports.example`; without it, registries of this machine alone. */
  readonly server?: string;
  readonly signal?: AbortSignal;
};

export type Progress = { readonly label: string; readonly done: number; readonly total?: number };

export type PullOptions = NetworkOptions & {
  readonly reference: string;
  readonly dir: string;
  /** PEM text of the publisher's public key; without it only digests are checked. */
  readonly key?: string;
  /** Bring the signature along, but not the provenance and the legacy tags. */
  readonly signatureOnly?: boolean;
  readonly onProgress?: (progress: Progress) => void;
};

/** What `mirror pull --json` prints. Sizes are bytes; bytesFetched counts every response body. */
export type PullResult = {
  readonly digest: Digest;
  /** Null for artifacts that are no mirror or json bundle. */
  readonly setRoot: Digest | null;
  readonly records: number | null;
  readonly bytesTotal: number;
  readonly bytesFetched: number;
  readonly blobsFetched: number;
  readonly shardsDerived: number;
  /** Names of what was verified: digests, set-root, journals, signature … */
  readonly verified: readonly string[];
  /** Of the mirror of a database: the artifact that is in the folder now, and how it came there. */
  readonly database?: {
    readonly digest: Digest;
    readonly layerDigest: Digest;
    readonly how: 'present' | 'rebuilt' | 'fetched';
  };
};

export type PushResult = {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly bytesPushed: number;
  readonly blobsPushed: number;
  /** Databases that were put beside the mirror; absent when there are none. */
  readonly databases?: readonly { readonly repository: string; readonly tags: readonly string[] }[];
};

export type DoctorResult = {
  readonly ok: boolean;
  readonly checked: number;
  readonly damaged: readonly { readonly digest: string; readonly reason: string; readonly repaired: boolean }[];
};

/** A database in a Trivy cache. */
export type MaterializeResult = {
  /** Of the artifact that the database is in. */
  readonly digest: Digest;
  /** What Trivy reads. */
  readonly path: string;
  readonly updatedAt: string;
  readonly nextUpdate: string;
};

export type ExtractResult = { readonly documents: number; readonly bytes: number };

export type VerifyOptions = NetworkOptions & {
  /** PEM texts of the publisher's public keys, or the one. */
  readonly key?: string | readonly string[];
  /** How many of the keys must vouch; default: all. */
  readonly threshold?: number;
  /** Bytes of a `trusted_root.json`: signatures must be in one of its transparency logs. */
  readonly trustedRoot?: Uint8Array;
  /** Signatures must carry a timestamp of one of its authorities. */
  readonly signedTimestamps?: boolean;
  /** Who must vouch by certificates, under the trusted root. */
  readonly identity?: Identity;
  /** What the publisher's TUF repository is judged by: it must list the artifact as it is. */
  readonly tuf?: TufTrust;
};

export type TufTrust = {
  /** URL of the repository, or a folder with its files; a kit has its own. */
  readonly from?: string;
  /** The first root, from a source that is trusted: bytes of `root.json`. */
  readonly root: Buffer;
  /** Folder that remembers what was seen, so that nobody leads back behind it. */
  readonly memory?: string;
  /** Path of the target; default: repository (of a folder, its name) and tag. */
  readonly target?: string;
  /** The time at which expiry is judged. */
  readonly now: Date;
  /** How to reach that URL, where it is another host than the artifact's. */
  readonly network?: NetworkOptions;
};

export type VerifyFileOptions = Required<Pick<VerifyOptions, 'key'>> &
  Pick<VerifyOptions, 'threshold' | 'trustedRoot' | 'signedTimestamps'> & {
    /** Paths of sigstoreBundles that may be about the file. */
    readonly bundles: readonly string[];
  };

export type VerifyResult = {
  readonly ok: boolean;
  /** Names of the checks that failed, in order. */
  readonly failed: readonly string[];
  readonly checks: readonly Check[];
};

/** The functions of this room, as the command line calls them. `source` is a layout folder or a registry reference. */
export interface Consumer {
  mirrorPull(options: PullOptions): Promise<PullResult>;
  /** Lines `{"c","k","v"}` LF of the whole state, sorted. */
  mirrorRecords(source: string, network: NetworkOptions): AsyncIterable<Buffer>;
  /** Lines of the newest journal. */
  mirrorChanges(source: string, network: NetworkOptions): AsyncIterable<Buffer>;
  mirrorPush(
    dir: string,
    destination: string,
    network: NetworkOptions & Pick<PullOptions, 'onProgress'>,
  ): Promise<PushResult>;
  mirrorDoctor(dir: string, network: NetworkOptions): Promise<DoctorResult>;
  materializeTrivyCache(
    dir: string,
    cache: string,
    options: NetworkOptions & { readonly now: Date },
  ): Promise<MaterializeResult>;
  extract(source: string, out: string, network: NetworkOptions): Promise<ExtractResult>;
  verify(source: string, options: VerifyOptions): Promise<VerifyResult>;
  verifyFile(path: string, options: VerifyFileOptions): Promise<VerifyResult>;
}
