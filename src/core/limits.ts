// Limits at the edges, in one place. Sizes are bytes unless the name says otherwise.

const MiB = 1 << 20;

export const limits = {
  /** One evidence document; the largest real one seen is a 23.2 MB CSAF file. */
  documentBytes: 25 * MiB + 5 * MiB,
  /** The canonical form of one record, which numbers may blow up; with its key it must fit into one frame. */
  recordBytes: 60 * MiB,
  /** Nesting of one evidence document; real ones reach 25. */
  documentDepth: 200,
  /** Characters in one string of an evidence document; real ones reach 60,000. */
  documentStringChars: 4 * MiB,
  /** Uncompressed bytes of one input archive or stream: the stop for decompression bombs. */
  inputBytes: 64 * 1024 * MiB,
  /** Compression ratio above which an archive entry is taken for a bomb; real feeds stay below 60. */
  inputRatio: 1_000,
  /** Entries of one archive. */
  inputEntries: 5_000_000,
  /** A database of somebody else, unfolded; the largest real one, a Java index, has some 2 GiB. */
  databaseBytes: 16 * 1024 * MiB,
  /** A record key (formats.md §1). */
  keyBytes: 1_024,
  /** An OCI manifest or index (distribution-spec §pushing manifests; CNCF distribution, zot and oras agree). */
  manifestBytes: 4 * MiB,
  /** Layers of one manifest we publish; Amazon ECR refuses more than about 500. */
  manifestLayers: 400,
  /** One blob that the registry accepts. */
  blobBytes: 10 * 1024 * MiB,
  /** A single file that is signed or verified, which is in memory then. */
  signedFileBytes: 64 * MiB,
  /** JSON bodies of the API. */
  apiBodyBytes: 1 * MiB,
} as const;
