// What differs between the databases that Trivy reads: names, types, and how the file is written out of rows. One object
// for each; everything else treats them alike (formats.md §15).

import type { DatabaseRow, LeaveOut } from './row.ts';

export type DatabaseProduct = {
  /** The profile kind. */
  readonly kind: 'trivy:db' | 'trivy:java-db';
  /** Name of the file in the layer and in a cache, and the folder of that cache. */
  readonly fileName: string;
  readonly cacheFolder: string;
  readonly layerType: string;
  readonly layerTitle: string;
  /** Schema version, which is also the tag that Trivy asks for. */
  readonly version: number;
  /** Collection of the rows in the mirror. */
  readonly collection: string;
  /** Names everything that decides the file's bytes; another one means other bytes. */
  readonly writer: string;
  /** Writes the file of sorted rows; it must not be there. What the file cannot hold is told to `leaveOut`. */
  readonly writeFile: (rows: AsyncIterable<readonly DatabaseRow[]>, path: string, leaveOut?: LeaveOut) => Promise<void>;
  /** What guards and origins count a row under: its root bucket, or one name for all. */
  readonly bucketOf: (k: string) => string;
};
