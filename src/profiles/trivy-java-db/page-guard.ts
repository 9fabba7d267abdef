// The structure of a SQLite file from outside (sqlite.org/fileformat2.html), looked at before SQLite itself sees it. A few
// bytes can send SQLite round in circles: a page that is its own child, or the child of many, makes a scan without an
// end. Here every page of the tables is visited once, in time that the file's size bounds.

import { readSync } from 'node:fs';
import type { SchemaObject } from './schema.ts';

/** What is wrong with a file, as the end of a sentence. */
export class FileFault extends Error {
  override readonly name = 'FileFault';
}

const magic = Buffer.from('SQLite format 3\0', 'latin1');
const headerBytes = 100;
const interiorTable = 0x05;
const leafTable = 0x0d;
/** SQLite itself goes no deeper. */
const maxDepth = 20;
/** Tables and indexes of a Java database are five. */
const maxSchemaObjects = 32;

type Leaf = { readonly page: Buffer; readonly start: number; readonly cells: number };

export class PageGuard {
  readonly #fd: number;
  readonly #pageSize: number;
  readonly #usable: number;
  readonly #pages: number;
  readonly #visited: Uint8Array;

  /** Checks the header of the file behind `fd`, which has `size` bytes. Throws FileFault. */
  constructor(fd: number, size: number) {
    this.#fd = fd;
    const header = Buffer.alloc(headerBytes);
    if (readSync(fd, header, 0, headerBytes, 0) < headerBytes || !header.subarray(0, 16).equals(magic)) {
      throw new FileFault('it is no SQLite file');
    }
    const stored = header.readUInt16BE(16);
    this.#pageSize = stored === 1 ? 65_536 : stored;
    if (this.#pageSize < 512 || (this.#pageSize & (this.#pageSize - 1)) !== 0) {
      throw new FileFault(`a page has ${this.#pageSize} bytes`);
    }
    this.#usable = this.#pageSize - header.readUInt8(20);
    if (this.#usable < 480) throw new FileFault(`only ${this.#usable} bytes of a page are in use`);
    if (header.readUInt32BE(56) !== 1) throw new FileFault('its texts are not UTF-8');
    this.#pages = pageCount(header, Math.floor(size / this.#pageSize));
    this.#visited = new Uint8Array((this.#pages >> 3) + 1);
  }

  /** The objects that the file declares. Throws FileFault. */
  readSchema(): SchemaObject[] {
    const objects: SchemaObject[] = [];
    for (const { page, start, cells } of this.#leaves(1)) {
      for (let cell = 0; cell < cells; cell++) {
        if (objects.length === maxSchemaObjects) throw new FileFault('it declares too many tables and indexes');
        objects.push(readSchemaRecord(page, page.readUInt16BE(start + 8 + 2 * cell)));
      }
    }
    return objects;
  }

  /**
   * Walks a whole table. Throws FileFault where a page is met twice or is not what its place asks for, and at a row that
   * does not fit into its page, which no row of ours needs to.
   */
  checkTable(rootPage: number): void {
    const longest = this.#usable - 35;
    for (const { page, start, cells } of this.#leaves(rootPage)) {
      for (let cell = 0; cell < cells; cell++) {
        const size = readVarint(page, page.readUInt16BE(start + 8 + 2 * cell));
        if (size.value > longest) throw new FileFault(`a row of ${size.value} bytes is longer than any may be`);
        if (readVarint(page, size.next).next + size.value > this.#usable) {
          throw new FileFault('a row lies outside of its page');
        }
      }
    }
  }

  /** The leaf pages below a root, from left to right. */
  *#leaves(root: number): Generator<Leaf> {
    const open: { readonly children: Uint32Array; at: number }[] = [{ children: Uint32Array.of(root), at: 0 }];
    while (open.length > 0) {
      const level = open.at(-1) as (typeof open)[number];
      const child = level.children[level.at++];
      if (child === undefined) {
        open.pop();
        continue;
      }
      const page = this.#read(child);
      const start = child === 1 ? headerBytes : 0;
      const cells = page.readUInt16BE(start + 3);
      const type = page[start];
      const pointers = start + (type === interiorTable ? 12 : 8);
      if (pointers + 2 * cells > this.#usable) throw new FileFault(`page ${child} has more rows than fit into it`);
      if (type === leafTable) yield { page, start, cells };
      else if (type !== interiorTable) throw new FileFault(`page ${child} is no page of a table`);
      else if (open.length === maxDepth) throw new FileFault('a table is too deep');
      else open.push({ children: childrenOf(page, start, cells), at: 0 });
    }
  }

  #read(number: number): Buffer {
    if (number < 1 || number > this.#pages) throw new FileFault(`page ${number} is named, and there is none`);
    const bit = 1 << (number & 7);
    const seen = this.#visited[number >> 3] as number;
    if ((seen & bit) !== 0) throw new FileFault(`page ${number} is used twice`);
    this.#visited[number >> 3] = seen | bit;
    const page = Buffer.allocUnsafe(this.#pageSize);
    if (readSync(this.#fd, page, 0, this.#pageSize, (number - 1) * this.#pageSize) < this.#pageSize) {
      throw new FileFault('it is cut short');
    }
    return page;
  }
}

/** Pages by the header where that counts (fileformat2 §1.3.7), else by the file's size. */
function pageCount(header: Buffer, bySize: number): number {
  const byHeader = header.readUInt32BE(28);
  const counts = byHeader !== 0 && header.readUInt32BE(24) === header.readUInt32BE(92);
  if (counts && byHeader > bySize) throw new FileFault(`it is cut short: ${bySize} of ${byHeader} pages are there`);
  if (bySize < 1) throw new FileFault('it is cut short');
  return counts ? byHeader : bySize;
}

function childrenOf(page: Buffer, start: number, cells: number): Uint32Array {
  const children = new Uint32Array(cells + 1);
  for (let cell = 0; cell < cells; cell++) {
    const at = page.readUInt16BE(start + 12 + 2 * cell);
    if (at + 4 > page.length) throw new FileFault('a row lies outside of its page');
    children[cell] = page.readUInt32BE(at);
  }
  children[cells] = page.readUInt32BE(start + 8);
  return children;
}

type Varint = { readonly value: number; readonly next: number };

/** Seven bits a byte, big endian, at most nine bytes (fileformat2 §1.6); inexact beyond 2^53, where all is refused. */
function readVarint(page: Buffer, at: number): Varint {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = page[at + i];
    if (byte === undefined) throw new FileFault('a row lies outside of its page');
    if (i === 8) return { value: value * 256 + byte, next: at + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  throw new FileFault('a row lies outside of its page');
}

/** A record (type, name, tbl_name, rootpage, sql) of the schema table that lies in one page. */
function readSchemaRecord(page: Buffer, at: number): SchemaObject {
  const size = readVarint(page, at);
  const body = readVarint(page, size.next).next;
  const header = readVarint(page, body);
  if (body + size.value > page.length || header.value > size.value) {
    throw new FileFault('a declaration of a table lies outside of its page');
  }
  const values: (string | number | undefined)[] = [];
  let type = header.next;
  let content = body + header.value;
  while (type < body + header.value && values.length < 5) {
    const serial = readVarint(page, type);
    type = serial.next;
    const length = contentLength(serial.value);
    if (content + length > body + size.value) throw new FileFault('a declaration of a table is damaged');
    values.push(readValue(page, serial.value, content, length));
    content += length;
  }
  const [kind, name, , rootPage, sql] = values;
  if (typeof kind !== 'string' || typeof name !== 'string' || typeof rootPage !== 'number') {
    throw new FileFault('a declaration of a table is damaged');
  }
  return { type: kind, name, rootPage, sql: typeof sql === 'string' ? sql : '' };
}

/** Bytes of a value by its serial type (fileformat2 §2.1). */
function contentLength(serial: number): number {
  if (serial >= 12) return Math.floor((serial - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][serial] ?? 0;
}

function readValue(page: Buffer, serial: number, at: number, length: number): string | number | undefined {
  if (serial >= 13 && serial % 2 === 1) return page.toString('utf8', at, at + length);
  if (serial >= 1 && serial <= 4) return page.readIntBE(at, length);
  if (serial === 8 || serial === 9) return serial - 8;
  return undefined;
}
