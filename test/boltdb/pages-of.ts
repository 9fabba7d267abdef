// The pages of a file of ours, read straight from the format's table: an opinion of its own beside the reader.

export type FilePage = {
  readonly id: number;
  readonly flags: number;
  readonly count: number;
  readonly overflow: number;
};

/** Headers of all pages from page 3 on, in order. */
export function pagesOf(bytes: Buffer): FilePage[] {
  const pages: FilePage[] = [];
  for (let id = 3; id * 4096 < bytes.length;) {
    const at = id * 4096;
    const overflow = bytes.readUInt32LE(at + 12);
    pages.push({
      id: Number(bytes.readBigUInt64LE(at)),
      flags: bytes.readUInt16LE(at + 8),
      count: bytes.readUInt16LE(at + 10),
      overflow,
    });
    id += 1 + overflow;
  }
  return pages;
}
