// Meta pages: where the root, the freelist and the end of a bolt file are. Two of them, the valid one with the higher
// transaction id speaks (bbolt internal/common/meta.go, db.go getPageSize).

import { ExportError } from '../core/errors.ts';
import { damaged } from './damage.ts';
import {
  firstDataPage,
  freelistFlag,
  headerBytes,
  metaFlag,
  pageBytes,
  readU64,
  writeHeader,
  writeU64,
} from './format.ts';
import type { ReadAt } from './types.ts';

const magic = 0xed0cdaed;
const version = 2;
const freelistPage = 2;
const checkedBytes = 56;
const metaBytes = headerBytes + checkedBytes + 8;
/** Page sizes that bbolt looks for when the first meta page is unreadable: 1 KiB to 16 MiB. */
const smallestPage = 1024;
const pageSizes = 15;
const largestPage = smallestPage * 2 ** (pageSizes - 1);

/** What a valid meta page says; `pages` is the number of the first page that is not in use. */
export type BoltMeta = {
  readonly pageSize: number;
  readonly root: number;
  readonly pages: number;
  readonly transaction: bigint;
};

/** The first three pages of a file of ours: two metas that say the same, either of which is enough, and no free pages. */
export function headPages(root: number, pages: number): Buffer {
  const head = Buffer.alloc(firstDataPage * pageBytes);
  for (const id of [0, 1]) writeMeta(head.subarray(id * pageBytes), id, root, pages);
  writeHeader(head, freelistPage * pageBytes, { id: freelistPage, flags: freelistFlag, count: 0, overflow: 0 });
  return head;
}

function writeMeta(page: Buffer, id: number, root: number, pages: number): void {
  writeHeader(page, 0, { id, flags: metaFlag, count: 0, overflow: 0 });
  page.writeUInt32LE(magic, 16);
  page.writeUInt32LE(version, 20);
  page.writeUInt32LE(pageBytes, 24);
  writeU64(page, root, 32);
  writeU64(page, freelistPage, 48);
  writeU64(page, pages, 56);
  writeU64(page, id, 64);
  page.writeBigUInt64LE(fnv1a64(page.subarray(headerBytes, headerBytes + checkedBytes)), headerBytes + checkedBytes);
}

/** FNV-1a with 64 bits. */
export function fnv1a64(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/** Finds the meta that speaks for a file of `size` bytes. Throws VERIFICATION_FAILED when there is none, or the file is cut. */
export async function readMeta(read: ReadAt, size: number): Promise<BoltMeta> {
  const first = parseMeta(await readMetaAt(read, 0, size));
  const second = first ? parseMeta(await readMetaAt(read, first.pageSize, size)) : await findSecond(read, size);
  const newer = second && (!first || second.transaction > first.transaction) ? second : first;
  if (!newer) throw new ExportError('VERIFICATION_FAILED', 'not a bolt file: neither meta page is valid');
  if (first && second && first.pageSize !== second.pageSize) throw damaged('its meta pages differ in page size');
  if (newer.pages * newer.pageSize > size) {
    throw damaged(`it ends early: ${size} bytes of ${newer.pages} pages of ${newer.pageSize} bytes`);
  }
  if (newer.root < 2 || newer.root >= newer.pages) throw damaged('its root is outside of the file');
  return newer;
}

async function findSecond(read: ReadAt, size: number): Promise<BoltMeta | undefined> {
  for (let i = 0; i < pageSizes; i++) {
    const at = smallestPage * 2 ** i;
    const meta = parseMeta(await readMetaAt(read, at, size));
    if (meta?.pageSize === at) return meta;
  }
  return undefined;
}

async function readMetaAt(read: ReadAt, at: number, size: number): Promise<Buffer> {
  return at + metaBytes > size ? Buffer.alloc(0) : read(at, metaBytes);
}

/**
 * Undefined unless magic, version, checksum and page size are right. The page's header is not looked at, because bbolt
 * does not either: with another opinion about which meta is valid we would read another tree than it does.
 */
function parseMeta(page: Buffer): BoltMeta | undefined {
  if (page.length < metaBytes) return undefined;
  if (page.readUInt32LE(16) !== magic || page.readUInt32LE(20) !== version) return undefined;
  const checked = page.subarray(headerBytes, headerBytes + checkedBytes);
  if (page.readBigUInt64LE(headerBytes + checkedBytes) !== fnv1a64(checked)) return undefined;
  const pageSize = page.readUInt32LE(24);
  if (!Number.isInteger(Math.log2(pageSize)) || pageSize < smallestPage || pageSize > largestPage) return undefined;
  return { pageSize, root: readU64(page, 32), pages: readU64(page, 56), transaction: page.readBigUInt64LE(64) };
}
