// The nouns of evidence: documents come in, records come out (formats.md §1), states are what runs read.

import type { RecordKey } from '../core/order.ts';

/** Why a document was refused; closed, so that people can filter by it. */
export type RefusalCode =
  | 'too-large'
  | 'too-deep'
  | 'string-too-long'
  | 'not-utf8'
  | 'not-json'
  | 'not-canonical'
  | 'wrong-type'
  | 'bad-line'
  | 'bad-path'
  | 'bad-source'
  | 'repeated-path'
  | 'unknown-format'
  | 'no-coordinates'
  | 'archive-damaged'
  | 'read-error';

export type Refusal = { readonly path: string; readonly code: RefusalCode; readonly message: string };

/** What a parser reads out of a document besides its records; the input of scopes and of `created`. */
export type DocumentFacts = {
  /** The document's own id; an index, never a key: real feeds repeat ids across paths. */
  readonly id: string;
  /** Distinct ecosystems without their suffix (`AlmaLinux:9` counts as `AlmaLinux`), sorted bytewise. */
  readonly ecosystems: readonly string[];
  /** Declared `modified` as RFC 3339 UTC whole seconds (fractions cut), or '' when absent or unparsable. */
  readonly modified: string;
};

/** A parsed document: the facts and the records it consists of. For OSV there is one record whose k is the path. */
export type ParsedDocument = {
  readonly facts: DocumentFacts;
  readonly records: readonly { readonly k: string; readonly v: string }[];
  readonly warnings: readonly string[];
};

/** `raw`: one entry a document, body = its original text. `record`: one entry a record, body = its canonical JSON. */
export type View = 'raw' | 'record';

/** One member of a state: key, digest of the body (64 hex digits of SHA-256), facts of its document. */
export type Entry = RecordKey & {
  readonly digest: string;
  readonly id: string;
  readonly ecosystems: readonly string[];
  /** `modified` where it may count for `created` (formats.md §5), else ''. */
  readonly stamp: string;
};

/** A key whose entry differs between two sequences; the sides are what held at each. */
export type EntryChange = RecordKey & { readonly before?: Entry; readonly after?: Entry };

/**
 * Committed evidence of one tenant, read by sequence number; a sequence's answers never change. All orders are
 * bytewise by (c, k). Pages keep memory bounded: an iterable yields arrays of at most about 1,000 items.
 */
export interface StateReader {
  /** Newest committed sequence; 0 before the first ingest. */
  sequence(): Promise<number>;
  /** Every entry at `sequence`. */
  entries(view: View, sequence: number): AsyncIterable<Entry[]>;
  /** Every entry at `sequence`, or those of one format, with its body, in pages bounded by bytes (about 1 MiB) too. */
  bodies(view: View, sequence: number, format?: string): AsyncIterable<{ entry: Entry; body: Buffer }[]>;
  /** Keys that changed in (from, to], reading only what changed. An entry that came and went between is left out. */
  changes(view: View, from: number, to: number): AsyncIterable<EntryChange[]>;
  /** Bodies by digest (64 hex digits); throws INTERNAL when one is missing. At most 1,000 digests a call. */
  bodiesByDigest(digests: readonly string[]): Promise<Map<string, Buffer>>;
  /** Entries whose SHA-256(c 00 k) begins, as big-endian uint32, in [low, high). */
  entriesByPlace(view: View, sequence: number, low: number, high: number): Promise<Entry[]>;
  /** Entries in falling order of stamp, in pages: the first in scope names the state's `created`. */
  newestEntries(view: View, sequence: number): AsyncIterable<Entry[]>;
}

export type IngestOptions = {
  /** SOURCE of formats.md §1. */
  readonly source: string;
  /** File, folder, URL or `oci:` reference. */
  readonly from: string;
  /** Default `osv`. */
  readonly format?: string;
  /** Remove what `from` no longer has. */
  readonly sync?: boolean;
  /** Let --sync remove more than half of a source. */
  readonly allowShrink?: boolean;
  readonly licence?: string;
  readonly attribution?: string;
};

export type IngestResult = {
  readonly source: string;
  /** The tenant's sequence that holds this ingest; unchanged when nothing changed. */
  readonly sequence: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly rejected: readonly Refusal[];
  /** Documents taken although something is odd (ids of schema rules, dates in the future). */
  readonly warnings: readonly { readonly path: string; readonly message: string }[];
  /** What the source points to, where it is a whole database: its rows lie as shards in the registry. */
  readonly database?: {
    readonly layerDigest: string;
    readonly setRoot: string;
    readonly records: number;
    readonly shards: string;
  };
  /** Refusals and warnings beyond the 10,000 of each that are listed; absent when there are none. */
  readonly unlisted?: number;
};

export type IngestProgress = { readonly documents: number; readonly bytes: number; readonly totalBytes?: number };

export type SourceSummary = {
  readonly source: string;
  readonly documents: number;
  /** SHA-256 hex over sorted lines `sub-source TAB path TAB sha256hex(text) LF` (corpora's manifests). */
  readonly stateSha256: string;
  readonly subSources: readonly { readonly source: string; readonly documents: number }[];
  /** Sequence and time of the newest ingest that changed the source. */
  readonly sequence: number;
  readonly updatedAt: string;
  readonly newestModified: string;
  readonly rejected: number;
  /** Databases of others that it points to, with the rows that they have; absent when there are none. */
  readonly databases?: readonly { readonly format: string; readonly records: number; readonly layerDigest: string }[];
  readonly licence?: string;
  readonly attribution?: string;
};

export type SourceAttribution = { readonly source: string; readonly licence?: string; readonly attribution?: string };
