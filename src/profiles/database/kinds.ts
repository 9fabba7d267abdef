// The databases of others that can be taken in as overlays: the product that they are, and how their file is read.

import type { DatabaseFormat } from '../../evidence/database-pointer.ts';
import { trivyDb } from '../trivy-db/product.ts';
import { readTrivyRows } from '../trivy-db/read-rows.ts';
import { trivyJavaDb } from '../trivy-java-db/product.ts';
import { javaDbRows } from '../trivy-java-db/read-java-db.ts';
import type { DatabaseProduct } from './product.ts';
import type { DatabaseRow, LeaveOut } from './row.ts';

export type DatabaseKind = {
  readonly format: DatabaseFormat;
  readonly product: DatabaseProduct;
  /** Its rows in rising order; throws VERIFICATION_FAILED for what is no such file, or a damaged one. */
  readonly rows: (file: string, leaveOut: LeaveOut) => AsyncIterable<readonly DatabaseRow[]>;
};

const kinds: { readonly [format in DatabaseFormat]: DatabaseKind } = {
  'trivy-db': { format: 'trivy-db', product: trivyDb, rows: readTrivyRows },
  'trivy-java-db': { format: 'trivy-java-db', product: trivyJavaDb, rows: javaDbRows },
};

export function databaseKind(format: DatabaseFormat): DatabaseKind {
  return kinds[format];
}

/** The kind whose artifact has layers of this media type. */
export function kindOfLayer(mediaType: string): DatabaseKind | undefined {
  return Object.values(kinds).find(({ product }) => product.layerType === mediaType);
}
