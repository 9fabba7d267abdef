// What an ingest needs from the store. The database implements it; the ingest decides what is put, removed, refused.

import type { RecordKey } from '../core/order.ts';
import type { RefusalCode } from './types.ts';

/** A text with what names it: SHA-256 in hex and size in bytes, both of its UTF-8. */
export type Body = { readonly text: string; readonly digest: string; readonly size: number };

export type StagedDocument = {
  readonly c: string;
  readonly path: string;
  readonly raw: Body;
  readonly records: readonly ({ readonly k: string } & Body)[];
  readonly id: string;
  readonly ecosystems: readonly string[];
  readonly stamp: string;
};

/** A refusal under the collection it would have belonged to. */
export type StagedRefusal = {
  readonly c: string;
  readonly path: string;
  readonly code: RefusalCode;
  readonly message: string;
};

export type StagedBatch = {
  /** New or changed documents; their records replace all records of the document. */
  readonly documents: readonly StagedDocument[];
  /** Documents to remove; k is the path. */
  readonly removals: readonly RecordKey[];
  /** Documents seen unchanged, whose old refusals are over. */
  readonly accepted: readonly RecordKey[];
  readonly refusals: readonly StagedRefusal[];
};

/** What a URL answered when it was ingested last. */
export type FetchState = {
  readonly url: string;
  readonly etag: string;
  readonly synced: boolean;
  /** Documents that the answer held. */
  readonly documents: number;
};

export type CommitOptions = {
  /** The input was the whole truth: all refusals of the source that are not in it are over. */
  readonly complete: boolean;
  readonly licence?: string | undefined;
  readonly attribution?: string | undefined;
  readonly fetched?: FetchState | undefined;
};

export interface IngestWriter {
  /** Digests of the raw texts that the source holds now under (c, path = k), in the order asked; at most 1,000. */
  rawDigests(keys: readonly RecordKey[]): Promise<(string | undefined)[]>;
  /** Takes a batch in; invisible until `commit`. A document may be staged once. */
  stage(batch: StagedBatch): Promise<void>;
  /** How many documents the source holds now. */
  documentCount(): Promise<number>;
  /** The documents that the source holds now, in pages; k is the path. */
  currentDocuments(): AsyncIterable<RecordKey[]>;
  /**
   * Makes everything visible at once and returns the tenant's sequence that holds it (a new one when something
   * changed). Throws CONFLICT (retryable) when another ingest changed the source since `begin`: begin again.
   */
  commit(options: CommitOptions): Promise<number>;
  /** Forgets what was staged. */
  drop(): Promise<void>;
}

export interface EvidenceWriter {
  /** What `url` answered at the last ingest into `source`, unless the source was changed by another input since. */
  fetchState(source: string, url: string): Promise<FetchState | undefined>;
  /** Starts an ingest; what crashed ones left behind is dropped. */
  begin(source: string, origin: string): Promise<IngestWriter>;
  /** Newest committed sequence of the tenant. */
  sequence(): Promise<number>;
}
