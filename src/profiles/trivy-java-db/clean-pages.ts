// Takes out of a new SQLite file what does not follow from its tables (sqlite.org/fileformat2.html §1.3, §1.6): the counters
// and the library's number in the header, and what the library left behind in the unused middle of its pages.

import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const pageBytes = 4_096;
/** Pages read at once. */
const pagesAtOnce = 64;
/** Kinds of pages that have a middle: of tables and of indexes, inner ones and leaves. */
const headerBytes = new Map([
  [0x02, 12],
  [0x05, 12],
  [0x0a, 8],
  [0x0d, 8],
]);
const fileHeaderBytes = 100;
const changeCounter = 1;
/** Of the library whose files these were first compared with. */
const libraryNumber = 3_053_004;

export function cleanPages(file: string): void {
  const fd = openSync(file, 'r+');
  const window = Buffer.alloc(pageBytes * pagesAtOnce);
  try {
    for (let at = 0; ; at += window.length) {
      const length = readSync(fd, window, 0, window.length, at);
      if (length === 0) return;
      let changed = at === 0;
      if (at === 0) pinHeader(window);
      for (let page = 0; page < length; page += pageBytes) {
        if (cleanPage(window.subarray(page, page + pageBytes), at + page === 0 ? fileHeaderBytes : 0)) changed = true;
      }
      if (changed) writeSync(fd, window, 0, length, at);
    }
  } finally {
    closeSync(fd);
  }
}

function pinHeader(header: Buffer): void {
  header.writeUInt32BE(changeCounter, 24);
  header.writeUInt32BE(changeCounter, 92);
  header.writeUInt32BE(libraryNumber, 96);
}

/** Zeroes the bytes between the list of cells and the cells; true when there was something. */
function cleanPage(page: Buffer, start: number): boolean {
  const header = headerBytes.get(page[start] as number);
  if (header === undefined) return false;
  const from = start + header + 2 * page.readUInt16BE(start + 3);
  const middle = page.subarray(from, page.readUInt16BE(start + 5) || 65_536);
  if (middle.every((byte) => byte === 0)) return false;
  middle.fill(0);
  return true;
}
