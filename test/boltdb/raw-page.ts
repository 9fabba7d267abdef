// Bolt files put together page by page, for trees that no writer makes: loops, shared pages, elements over each other.

import { fnv1a64 } from '../../src/boltdb/meta.ts';

const pageSize = 4096;

export type RawElement = { readonly key: string; readonly value: Buffer; readonly isBucket?: boolean };

/** A leaf page image of at least one page. */
export function leafPage(id: number, elements: readonly RawElement[]): Buffer {
  const bytes = 16 + elements.reduce((sum, { key, value }) => sum + 16 + key.length + value.length, 0);
  const page = Buffer.alloc(Math.ceil(bytes / pageSize) * pageSize);
  header(page, id, 2, elements.length);
  let data = 16 + 16 * elements.length;
  for (const [i, { key, value, isBucket }] of elements.entries()) {
    const at = 16 + 16 * i;
    page.writeUInt32LE(isBucket ? 1 : 0, at);
    page.writeUInt32LE(data - at, at + 4);
    page.writeUInt32LE(key.length, at + 8);
    page.writeUInt32LE(value.length, at + 12);
    data += page.write(key, data, 'latin1');
    data += value.copy(page, data);
  }
  return page;
}

export function branchPage(id: number, children: readonly { readonly key: string; readonly page: number }[]): Buffer {
  const page = Buffer.alloc(pageSize);
  header(page, id, 1, children.length);
  let data = 16 + 16 * children.length;
  for (const [i, child] of children.entries()) {
    const at = 16 + 16 * i;
    page.writeUInt32LE(data - at, at);
    page.writeUInt32LE(child.key.length, at + 4);
    page.writeBigUInt64LE(BigInt(child.page), at + 8);
    data += page.write(child.key, data, 'latin1');
  }
  return page;
}

/** The value of a bucket with a root page. */
export function bucketAt(page: number): Buffer {
  const value = Buffer.alloc(16);
  value.writeBigUInt64LE(BigInt(page));
  return value;
}

/** A file of these pages, which begin at page 3, with two valid metas. */
export function rawFile(root: number, pages: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(3 * pageSize), ...pages]);
  for (const [id, at] of [0, pageSize].entries()) {
    header(bytes.subarray(at), id, 4, 0);
    bytes.writeUInt32LE(0xed0cdaed, at + 16);
    bytes.writeUInt32LE(2, at + 20);
    bytes.writeUInt32LE(pageSize, at + 24);
    bytes.writeBigUInt64LE(BigInt(root), at + 32);
    bytes.writeBigUInt64LE(2n, at + 48);
    bytes.writeBigUInt64LE(BigInt(bytes.length / pageSize), at + 56);
    bytes.writeBigUInt64LE(BigInt(id), at + 64);
  }
  header(bytes.subarray(2 * pageSize), 2, 0x10, 0);
  seal(bytes);
  return bytes;
}

/** Makes the checksums of both metas right for what they say now. */
export function seal(bytes: Buffer): void {
  for (const at of [0, pageSize]) bytes.writeBigUInt64LE(fnv1a64(bytes.subarray(at + 16, at + 72)), at + 72);
}

function header(page: Buffer, id: number, flags: number, count: number): void {
  page.writeBigUInt64LE(BigInt(id), 0);
  page.writeUInt16LE(flags, 8);
  page.writeUInt16LE(count, 10);
  page.writeUInt32LE(flags === 2 ? page.length / pageSize - 1 : 0, 12);
}
