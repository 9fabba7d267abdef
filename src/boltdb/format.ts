// The numbers of the bolt file format, version 2 (bbolt internal/common: page.go, meta.go, bucket.go), and its integers,
// which are little-endian. Element layout: leaf {u32 flags, u32 pos, u32 key size, u32 value size}, branch {u32 pos,
// u32 key size, u64 page}; pos counts from the element's own start.

/** Page size of the files we write, whatever the machine's; readers take theirs from the meta page. */
export const pageBytes = 4096;
/** Page header: u64 id, u16 flags, u16 count, u32 overflow (pages that follow and belong to this one). */
export const headerBytes = 16;
/** One element of a leaf or branch page. */
export const elementBytes = 16;
/** Bucket header: u64 root page (0 = inline), u64 sequence. */
export const bucketHeaderBytes = 16;
/** Largest page image of an inline bucket in our files (a quarter of a page, header included). */
export const inlineImageBytes = pageBytes / 4;
/** Meta 0, meta 1 and the freelist come before the first page of data. */
export const firstDataPage = 3;

export const branchFlag = 0x01;
export const leafFlag = 0x02;
export const metaFlag = 0x04;
export const freelistFlag = 0x10;
/** Of a leaf element whose value is a bucket. */
export const bucketFlag = 0x01;

export const boltLimits = {
  /** bbolt MaxKeySize. */
  keyBytes: 32_768,
  /** bbolt MaxValueSize. */
  valueBytes: 2 ** 31 - 2,
  /** Buckets inside each other; bbolt has no limit, Trivy goes to three. */
  depth: 1_000,
} as const;

/** Writes a page header at `at`. */
export function writeHeader(
  target: Buffer,
  at: number,
  page: { readonly id: number; readonly flags: number; readonly count: number; readonly overflow: number },
): void {
  writeU64(target, page.id, at);
  target.writeUInt16LE(page.flags, at + 8);
  target.writeUInt16LE(page.count, at + 10);
  target.writeUInt32LE(page.overflow, at + 12);
}

/** Writes a safe integer as u64. */
export function writeU64(target: Buffer, value: number, at: number): void {
  target.writeUInt32LE(value % 2 ** 32, at);
  target.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

/** Reads a u64; what is above 2^53 - 1 comes back as Infinity, which is beyond every bound it is checked against. */
export function readU64(source: Buffer, at: number): number {
  const high = source.readUInt32LE(at + 4);
  return high > 0x1f_ffff ? Infinity : high * 2 ** 32 + source.readUInt32LE(at);
}

/** Number of whole pages that hold `bytes`. */
export function pagesFor(bytes: number): number {
  return Math.ceil(bytes / pageBytes);
}
