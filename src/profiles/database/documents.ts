// What the export manifest of a database's mirror says besides (formats.md §15): what its rows rebuild, and for each bucket
// where they came from.

import type { Digest } from '../../core/digest.ts';
import { gzip } from '../../shard/gzip.ts';
import type { DatabaseProduct } from './product.ts';

export const gzipFacts = { id: gzip.id, level: gzip.level, member: gzip.member };

/** How the rows become the artifact, and which one. */
export type Rebuilds = {
  /** Repository of the artifact, beside the mirror's. */
  readonly reference: string;
  readonly manifestDigest: Digest;
  readonly layerDigest: Digest;
  readonly kind: DatabaseProduct['kind'];
  readonly writer: string;
  readonly gzip: typeof gzipFacts;
  /** `NextUpdate` of metadata.json; `UpdatedAt` is the state's `created`. */
  readonly nextUpdate: string;
};

export type BucketRow = {
  readonly bucket: string;
  readonly rows: number;
  /** How many of the rows each source spoke of, sorted by source. */
  readonly sources: readonly { readonly source: string; readonly rows: number }[];
};
