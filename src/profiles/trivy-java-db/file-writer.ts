// `trivy-java.db` out of sorted rows: plain appends first, indexes afterwards, so that the pages follow from the rows alone.
// Where several rows claim one SHA-1 it stays with a row without classifier, as Trivy's own builder has it, and among
// those with the first.

import { rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Json } from '../../core/canonical-json.ts';
import { compareUtf8 } from '../../core/order.ts';
import { keyParts } from '../database/row.ts';
import { cleanPages } from './clean-pages.ts';
import { coordinatesFault } from '../../evidence/maven-coordinates.ts';
import { isJavaRowValue, jar, type JavaRowValue } from './java-row.ts';
import { createIndexes, createTables } from './schema.ts';
import type { WriteSummary } from './write-protocol.ts';

/** What is wrong with a row that was to be written. */
export class RowFault extends Error {
  override readonly name = 'RowFault';
}

/** Rows of one statement: below SQLite's bound of parameters, and most of what a call costs is saved. */
const rowsAtOnce = 64;
const sqliteConstraintUnique = 2067;

/** A journal in memory costs nothing for pages that are new, and an index that cannot be unique leaves no trace. */
const settings = `
  pragma page_size = 4096; pragma encoding = 'UTF-8'; pragma auto_vacuum = none; pragma foreign_keys = off;
  pragma journal_mode = memory; pragma synchronous = off; pragma locking_mode = exclusive;
  pragma secure_delete = on; pragma temp_store = file; pragma cache_size = -16384`;

const oneJar = /^\{"jar":\["([0-9a-f]{40})"\]\}$/;

/** Where a file is put together before it is packed into its place. */
export function buildPath(file: string): string {
  return `${file}.build`;
}

export class JavaDbFile {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #insertArtifact: StatementSync;
  readonly #insertOne: StatementSync;
  readonly #insertMany: StatementSync;
  readonly #classified = new BitList();
  #parameters: SQLInputValue[] = [];
  #last = '';
  #group = '';
  #artifact = '';
  #artifacts = 0;
  #archives = 0;

  /** `file` must be empty, or not there. */
  constructor(file: string) {
    this.#file = file;
    this.#database = new DatabaseSync(buildPath(file), { enableForeignKeyConstraints: false });
    this.#database.exec(`${settings}; ${createTables.join(';')}; begin`);
    this.#insertArtifact = this.#database.prepare('INSERT INTO artifacts VALUES (?, ?, ?)');
    this.#insertOne = this.#database.prepare('INSERT INTO indices VALUES (?, ?, ?, ?)');
    const values = Array.from({ length: rowsAtOnce }, () => '(?, ?, ?, ?)').join(', ');
    this.#insertMany = this.#database.prepare(`INSERT INTO indices VALUES ${values}`);
  }

  /** Adds rows, written as lines `k TAB v LF`, in rising order of k. Throws RowFault. */
  add(lines: Uint8Array): void {
    const text = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString('utf8');
    for (let start = 0; start < text.length;) {
      const tab = text.indexOf('\t', start);
      const end = text.indexOf('\n', tab);
      this.#addRow(text.slice(start, tab), text.slice(tab + 1, end));
      start = end + 1;
    }
  }

  /** Makes the indexes, and closes the file. */
  finish(): WriteSummary {
    for (let at = 0; at < this.#parameters.length; at += 4) this.#insertOne.run(...this.#parameters.slice(at, at + 4));
    this.#parameters = [];
    this.#database.exec('commit');
    const [artifactsIndex, rowsIndex, sha1Index] = createIndexes;
    const duplicates = this.#tryUnique(sha1Index) ? 0 : this.#removeDuplicates();
    if (duplicates > 0) this.#database.exec(sha1Index);
    this.#database.exec(`${artifactsIndex}; ${rowsIndex}`);
    // Table after table, without gaps: afterwards nothing tells in which portions the rows came.
    // Into another file, because a plain one keeps every old page in its journal in memory.
    this.#database.prepare('VACUUM INTO ?').run(this.#file);
    this.#database.close();
    rmSync(buildPath(this.#file));
    cleanPages(this.#file);
    return { artifacts: this.#artifacts, archives: this.#archives - duplicates, duplicates };
  }

  #addRow(k: string, text: string): void {
    const [group = '', artifact = '', version = '', classifier = '', ...more] = keyParts(k);
    const fault = more.length > 0 ? 'have too many parts' : coordinatesFault({ group, artifact, version, classifier });
    if (fault !== undefined) throw new RowFault(`the coordinates ${JSON.stringify(k)} ${fault}`);
    if (this.#last !== '' && compareUtf8(this.#last, k) >= 0) {
      throw new RowFault(`the row ${JSON.stringify(k)} does not come after the one before`);
    }
    this.#last = k;
    if (group !== this.#group || artifact !== this.#artifact) {
      this.#insertArtifact.run(++this.#artifacts, group, artifact);
      this.#group = group;
      this.#artifact = artifact;
    }
    const single = oneJar.exec(text)?.[1];
    if (single !== undefined) this.#addArchive(version, classifier, jar, single);
    else {
      for (const [type, list] of Object.entries(parsedValue(k, text))) {
        for (const sha1 of list) this.#addArchive(version, classifier, type, sha1);
      }
    }
  }

  #addArchive(version: string, classifier: string, type: string, sha1: string): void {
    this.#classified.push(classifier !== '');
    this.#archives++;
    this.#parameters.push(this.#artifacts, version, Buffer.from(sha1, 'hex'), type);
    if (this.#parameters.length < rowsAtOnce * 4) return;
    this.#insertMany.run(...this.#parameters);
    this.#parameters = [];
  }

  #tryUnique(index: string): boolean {
    try {
      this.#database.exec(index);
      return true;
    } catch (error) {
      if ((error as { errcode?: unknown }).errcode === sqliteConstraintUnique) return false;
      throw error;
    }
  }

  /** Removes all but one of the rows that have the same SHA-1; says how many went. */
  #removeDuplicates(): number {
    this.#database.exec('CREATE INDEX by_sha1 ON indices(sha1)');
    const groups = this.#database.prepare(`
      SELECT group_concat(rowid) AS rows FROM indices INDEXED BY by_sha1 GROUP BY sha1 HAVING count(*) > 1`);
    const losers: number[] = [];
    for (const group of groups.iterate()) {
      const rows = String(group['rows']).split(',').map(Number);
      const rank = (row: number): number => (this.#classified.get(row - 1) ? 1 : 0);
      rows.sort((a, b) => rank(a) - rank(b) || a - b);
      losers.push(...rows.slice(1));
    }
    const remove = this.#database.prepare('DELETE FROM indices WHERE rowid = ?');
    this.#database.exec('DROP INDEX by_sha1; begin');
    for (const row of losers) remove.run(row);
    this.#database.exec('commit');
    return losers.length;
  }
}

function parsedValue(k: string, text: string): JavaRowValue {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    value = null;
  }
  if (!isJavaRowValue(value)) throw new RowFault(`the row ${JSON.stringify(k)} has no sorted lists of SHA-1`);
  return value;
}

/** One bit for each row. */
class BitList {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  push(bit: boolean): void {
    const at = this.#length++;
    if (at >> 3 >= this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    if (bit) this.#bytes[at >> 3] = (this.#bytes[at >> 3] as number) | (1 << (at & 7));
  }

  get(at: number): boolean {
    return ((this.#bytes[at >> 3] as number) & (1 << (at & 7))) !== 0;
  }
}
