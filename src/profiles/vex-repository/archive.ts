// The archive of a VEX repository (vex-repo-spec 0.1, §3): `index.json` and one document for each package, as tar.gz whose
// bytes follow from the statements alone. Memory is bounded by the statements about one package and the list of packages.

import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../core/canonical-json.ts';
import { writeMembers, type PackedLayer, type PackOptions } from '../database/pack-layer.ts';
import type { Contribution } from '../database/row.ts';
import { tarOf, type TarFile } from '../database/tar.ts';
import { objectOf, textOf } from '../trivy-db/osv/document.ts';
import {
  indexDocument,
  locationOf,
  packageDocument,
  timestampOf,
  type PackageEntry,
  type PackageStatement,
} from './documents.ts';

export type ArchiveOptions = PackOptions & {
  /** Folder for the documents until they are in the archive. */
  readonly tempDir: string;
};

/** Writes the archive of `statements`, sorted by package, to `options.to`. */
export async function writeVexArchive(
  statements: AsyncIterable<readonly Contribution[]>,
  options: ArchiveOptions,
): Promise<PackedLayer> {
  const spool = join(options.tempDir, 'documents');
  const documents = await Spool.create(spool);
  try {
    for await (const { id, about } of packagesOf(statements)) await documents.add(id, about);
  } finally {
    await documents.close();
  }
  return writeMembers(tarOf(documents.files(spool)), options);
}

/** Statements of one package after the other. */
async function* packagesOf(
  statements: AsyncIterable<readonly Contribution[]>,
): AsyncGenerator<{ readonly id: string; readonly about: readonly PackageStatement[] }> {
  let id: string | undefined;
  let about: PackageStatement[] = [];
  for await (const page of statements) {
    for (const { k, v } of page) {
      if (id !== undefined && k !== id) {
        yield { id, about };
        about = [];
      }
      id = k;
      about.push(statementOf(v));
    }
  }
  if (id !== undefined) yield { id, about };
}

function statementOf(v: Json): PackageStatement {
  const { author, statement = null } = objectOf(v);
  return { author: textOf(author), statement };
}

/** Documents one behind the other in a file, and where each begins. */
class Spool {
  readonly #file: FileHandle;
  readonly #entries: (PackageEntry & { readonly at: number; readonly size: number })[] = [];
  #size = 0;
  #newest = '';

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(path: string): Promise<Spool> {
    return new Spool(await open(path, 'wx', 0o600));
  }

  async add(id: string, about: readonly PackageStatement[]): Promise<void> {
    for (const { statement } of about) {
      const at = timestampOf(statement);
      if (at > this.#newest) this.#newest = at;
    }
    const bytes = Buffer.from(packageDocument(id, about));
    this.#entries.push({ id, location: locationOf(id), at: this.#size, size: bytes.length });
    for (let at = 0; at < bytes.length;) at += (await this.#file.write(bytes, at)).bytesWritten;
    this.#size += bytes.length;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** The index first, so that a reader of the stream finds it at once. */
  files(path: string): TarFile[] {
    const packages = this.#entries.map(({ id, location }) => ({ id, location }));
    const index = Buffer.from(indexDocument(this.#newest, packages));
    const documents = this.#entries.map(({ location, at, size }) => ({
      name: location,
      size,
      read: () => createReadStream(path, { start: at, end: at + size - 1 }) as AsyncIterable<Buffer>,
    }));
    return [{ name: 'index.json', size: index.length, read: () => [index] }, ...documents];
  }
}
