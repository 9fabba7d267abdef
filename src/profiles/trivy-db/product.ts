// trivy.db as upstream publishes it: schema version 2, a bolt file in one layer.

import { mediaTypes } from '../../oci/media-types.ts';
import type { DatabaseProduct } from '../database/product.ts';
import { keyParts } from '../database/row.ts';
import { writeTrivyDb } from './write-trivy-db.ts';

export const trivyDb: DatabaseProduct = {
  kind: 'trivy:db',
  fileName: 'trivy.db',
  cacheFolder: 'db',
  layerType: mediaTypes.trivyDbLayer,
  layerTitle: 'db.tar.gz',
  version: 2,
  collection: 'trivy-db/db',
  writer: 'bolt/1',
  writeFile: writeTrivyDb,
  bucketOf: (k) => keyParts(k)[0] as string,
};
