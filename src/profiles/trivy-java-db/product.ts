// trivy-java.db as upstream publishes it: schema version 1, a SQLite file in one layer.

import { mediaTypes } from '../../oci/media-types.ts';
import type { DatabaseProduct } from '../database/product.ts';
import { schemaVersion } from './schema.ts';
import { javaDbWriter, writeJavaDb } from './write-java-db.ts';

export const trivyJavaDb: DatabaseProduct = {
  kind: 'trivy:java-db',
  fileName: 'trivy-java.db',
  cacheFolder: 'java-db',
  layerType: mediaTypes.trivyJavaDbLayer,
  layerTitle: 'javadb.tar.gz',
  version: schemaVersion,
  collection: 'trivy-java-db/db',
  writer: javaDbWriter,
  writeFile: async (rows, path, leaveOut) => {
    const { duplicates } = await writeJavaDb(rows, path);
    if (duplicates > 0) leaveOut?.('sha1-of-another', duplicates);
  },
  // Hundreds of thousands of artifacts would make no guard: they count as one.
  bucketOf: () => 'artifacts',
};
