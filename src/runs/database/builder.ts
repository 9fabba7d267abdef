// How evidence becomes the rows of a database: one builder for each kind, found by the profile's kind.

import type { Json } from '../../core/canonical-json.ts';
import type { RecordKey } from '../../core/order.ts';
import { ExportError } from '../../core/errors.ts';
import type { DatabaseFormat } from '../../evidence/database-pointer.ts';
import type { DatabaseProduct } from '../../profiles/database/product.ts';
import type { CombineRow, Contribution, DatabaseRow, LeaveOut } from '../../profiles/database/row.ts';
import type { VexStatus } from '../../profiles/trivy-db/vex/statements.ts';
import type { ProfileScope } from '../center.ts';
import { trivyDbBuilder } from './trivy-db-builder.ts';
import { trivyJavaDbBuilder } from './trivy-java-db-builder.ts';

/** One record of the evidence, with its collection and the two names in it. */
export type EvidenceRecord = RecordKey & { readonly format: string; readonly source: string; readonly v: Json };

export type ConversionInput = {
  readonly scope: ProfileScope;
  /** The state's `created`, which is the time that conversions know. */
  readonly created: string;
  /** Collections that have records in the state. */
  readonly collections: readonly string[];
  /** VEX statuses that take rows out. */
  readonly suppress: readonly VexStatus[];
  readonly leaveOut: LeaveOut;
  /** Records of these formats in order, for what has to be known before the first row. */
  readonly records: (formats: readonly string[]) => AsyncIterable<readonly EvidenceRecord[]>;
  /** The rows of every database that documents of this format point to. */
  readonly overlays: (format: string) => Promise<readonly AsyncIterable<readonly DatabaseRow[]>[]>;
};

export type Conversion = {
  /** What the database must have, whatever the evidence. */
  readonly required: readonly Contribution[];
  /** Records come in order of collection and key. */
  readonly contributions: (record: EvidenceRecord) => Iterable<Contribution>;
  readonly combine: CombineRow;
  /** What an upstream database may say once all contributions are known; everything when it is absent. */
  readonly overlay?: (rows: AsyncIterable<readonly DatabaseRow[]>) => AsyncIterable<readonly DatabaseRow[]>;
};

/** The source of what is required, in origins. */
export const requiredSource = 'export-center';

export type DatabaseBuilder = {
  readonly product: DatabaseProduct;
  /** Formats whose records contributions are made of. */
  readonly formats: readonly string[];
  /** Format of the documents that point to databases of others. */
  readonly overlayFormat: DatabaseFormat;
  /** Formats that decide which rows there are, besides those that rows are made of. */
  readonly otherFormats?: (scope: ProfileScope) => readonly string[];
  /** Moves whenever the same evidence makes other rows, so that nothing is taken for unchanged then. */
  readonly converter: string;
  readonly open: (input: ConversionInput) => Conversion | Promise<Conversion>;
};

const builders: readonly DatabaseBuilder[] = [trivyDbBuilder, trivyJavaDbBuilder];

/** Throws INTERNAL for a kind that is no database. */
export function builderOf(kind: string): DatabaseBuilder {
  const builder = builders.find(({ product }) => product.kind === kind);
  if (builder) return builder;
  throw new ExportError('INTERNAL', `${kind} is no database`);
}
