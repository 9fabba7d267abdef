// One upstream Java database, read-only and without its neighbours (no journal, no log): the guard first, then one sorted
// query. SQLite sorts in a temporary file; memory is its cache and one page of rows.

import { closeSync, fstatSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { coordinatesFault, type Coordinates } from '../../evidence/maven-coordinates.ts';
import { isArchiveType, javaRowKey } from './java-row.ts';
import { FileFault, PageGuard } from './page-guard.ts';
import type { ReadAnswer, ReadFailure } from './read-protocol.ts';
import { schemaFault } from './schema.ts';

/** Indexes are left alone: nobody has looked at them, and they may say anything. */
const sortedRows = `
  select a.group_id, a.artifact_id, i.version, i.archive_type,
         case when typeof(i.sha1) = 'blob' and length(i.sha1) = 20 then lower(hex(i.sha1)) end
  from indices i not indexed left join artifacts a not indexed on a.id = i.artifact_id
  order by a.group_id, a.artifact_id, i.version, i.archive_type, i.sha1`;

type Row = readonly [unknown, unknown, unknown, unknown, unknown];

function guard(file: string): void {
  const fd = openSync(file, 'r');
  try {
    const pages = new PageGuard(fd, fstatSync(fd).size);
    const objects = pages.readSchema();
    const fault = schemaFault(objects);
    if (fault !== undefined) throw new FileFault(fault);
    for (const { type, rootPage } of objects) if (type === 'table') pages.checkTable(rootPage);
  } finally {
    closeSync(fd);
  }
}

function openDatabase(file: string): DatabaseSync {
  const url = pathToFileURL(file);
  url.search = 'immutable=1&mode=ro';
  const database = new DatabaseSync(url, { readOnly: true, returnArrays: true });
  database.exec('pragma trusted_schema = off; pragma cell_size_check = on; pragma cache_size = -65536');
  return database;
}

export class RowReader {
  readonly #database: DatabaseSync;
  readonly #rows: Iterator<unknown>;
  readonly #pageRows: number;
  readonly #leftOut: Record<string, number> = {};
  #k = '';
  #value: Record<string, string[]> = {};
  #ended = false;

  /** Throws FileFault, or SQLite's own errors: see `failureOf`. */
  constructor(file: string, pageRows: number) {
    guard(file);
    this.#database = openDatabase(file);
    this.#pageRows = pageRows;
    try {
      this.#rows = this.#database.prepare(sortedRows).iterate();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The next rows, or the end. */
  next(): ReadAnswer {
    const lines: string[] = [];
    while (lines.length < this.#pageRows && !this.#ended) {
      const { done, value } = this.#rows.next();
      if (done === true) {
        this.#ended = true;
        this.#flush(lines);
      } else this.#take(value as Row, lines);
    }
    return lines.length > 0 ? { lines: Buffer.from(lines.join('')) } : { leftOut: this.#leftOut };
  }

  close(): void {
    this.#database.close();
  }

  /** A row of the file is one archive; those with the same coordinates make one row of ours. */
  #take([group, artifact, version, archiveType, sha1]: Row, lines: string[]): void {
    const texts = typeof group === 'string' && typeof artifact === 'string' && typeof version === 'string';
    if (!texts || typeof archiveType !== 'string' || typeof sha1 !== 'string') {
      throw new FileFault('a row lacks its artifact, its version, its type or a SHA-1 of 20 bytes');
    }
    const coordinates: Coordinates = { group, artifact, version, classifier: '' };
    if (coordinatesFault(coordinates) !== undefined || !isArchiveType(archiveType)) {
      this.#leftOut['key-not-writable'] = (this.#leftOut['key-not-writable'] ?? 0) + 1;
      return;
    }
    const k = javaRowKey(coordinates);
    if (k !== this.#k) this.#flush(lines);
    this.#k = k;
    const list = (this.#value[archiveType] ??= []);
    if (list.at(-1) !== sha1) list.push(sha1);
  }

  /** Types and SHA-1 come sorted, so the text is canonical as it is written. */
  #flush(lines: string[]): void {
    if (this.#k !== '') lines.push(`${this.#k}\t${JSON.stringify(this.#value)}\n`);
    this.#k = '';
    this.#value = {};
  }
}

/** What an error of reading says about the file. */
export function failureOf(error: unknown): ReadFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof FileFault) return { kind: 'refused', message };
  const code = (error as { errcode?: unknown }).errcode;
  // SQLITE_CORRUPT and SQLITE_NOTADB, with their extensions.
  const damaged = typeof code === 'number' && [11, 26].includes(code & 0xff);
  return damaged ? { kind: 'refused', message: `it is damaged: ${message}` } : { kind: 'failed', message };
}
