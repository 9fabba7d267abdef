// The databases of others that can be taken in as overlays: how their artifact is made, and how their file is read.

import type { DatabaseFormat } from '../../evidence/database-pointer.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { javaDbRows } from '../trivy-java-db/read-java-db.ts';
import { readTrivyRows } from '../trivy-db/read-rows.ts';
import type { DatabaseRow, LeaveOut } from './row.ts';

export type DatabaseKind = {
  readonly format: DatabaseFormat;
  /** Name of the database in its archive. */
  readonly file: string;
  readonly layerType: string;
  /** `Version` of its metadata.json that this program knows. */
  readonly version: number;
  /** Collection of its rows, here and in the mirrors that are made of them. */
  readonly collection: string;
  /** Its rows in rising order; throws VERIFICATION_FAILED for what is no such file, or a damaged one. */
  readonly rows: (file: string, leaveOut: LeaveOut) => AsyncIterable<readonly DatabaseRow[]>;
};

const kinds: { readonly [format in DatabaseFormat]: DatabaseKind } = {
  'trivy-db': {
    format: 'trivy-db',
    file: 'trivy.db',
    layerType: mediaTypes.trivyDbLayer,
    version: 2,
    collection: 'trivy-db/db',
    rows: readTrivyRows,
  },
  'trivy-java-db': {
    format: 'trivy-java-db',
    file: 'trivy-java.db',
    layerType: mediaTypes.trivyJavaDbLayer,
    version: 1,
    collection: 'trivy-java-db/db',
    rows: javaDbRows,
  },
};

export function databaseKind(format: DatabaseFormat): DatabaseKind {
  return kinds[format];
}

/** The kind whose artifact has layers of this media type. */
export function kindOfLayer(mediaType: string): DatabaseKind | undefined {
  return Object.values(kinds).find(({ layerType }) => layerType === mediaType);
}
