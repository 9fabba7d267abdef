// A database on its way in: the bytes of its source are verified, unfolded and written to a temporary folder in one pass,
// whatever they are wrapped in: gzip of any number of members, a tar archive, or nothing. Only files with the names that
// are looked for are written, under names of our own, so that no archive can reach another place.

import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Digester, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { DatabaseKind } from '../../profiles/database/kinds.ts';
import { readTar } from '../../profiles/database/read-tar.ts';
import { onDisk } from '../../registry/storage/storage-error.ts';

export type SpooledDatabase = {
  readonly file: string;
  /** SHA-256 of the source's bytes as they came. */
  readonly digest: Digest;
  /** The bytes of `metadata.json`, where the source has one. */
  readonly metadata: Buffer | undefined;
};

export type DatabaseBytes = {
  readonly bytes: AsyncIterable<Buffer>;
  readonly onBytes?: (count: number) => void;
};

const metadataName = 'metadata.json';
const metadataBytes = 64 << 10;
/** Nothing small is taken for a bomb. */
const ratioFrom = 64 << 20;
const tarMagicAt = 257;

/**
 * Writes the database to `folder`. Throws VERIFICATION_FAILED for damaged archives, INPUT_TOO_LARGE beyond the limits,
 * INPUT_INVALID when there is no such database in it, and what reading the bytes throws.
 */
export async function spoolDatabase(
  source: DatabaseBytes,
  kind: DatabaseKind,
  folder: string,
): Promise<SpooledDatabase> {
  const digester = new Digester();
  const raw = counted(source, digester);
  const spool = new Spool(kind, folder);
  await unwrap(raw.bytes, raw.count, spool);
  if (!spool.found) {
    throw new ExportError('INPUT_INVALID', `there is no ${kind.product.fileName} in it`, {
      hint: `give the ${kind.format} artifact of a registry or layout, its layer as a file, or a ${kind.product.fileName}`,
    });
  }
  return { file: spool.file, digest: digester.digest(), metadata: spool.metadata };
}

function counted({ bytes, onBytes }: DatabaseBytes, digester: Digester) {
  let count = 0;
  const generate = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of bytes) {
      count += piece.length;
      digester.update(piece);
      onBytes?.(piece.length);
      yield piece;
    }
  };
  return { bytes: generate(), count: () => count };
}

async function unwrap(raw: AsyncIterable<Buffer>, rawBytes: () => number, spool: Spool): Promise<void> {
  const [outer, whole] = await peek(raw);
  const isGzip = outer[0] === 0x1f && outer[1] === 0x8b;
  const plain = isGzip ? gunzip(whole) : whole;
  const [head, content] = await peek(bounded(plain, rawBytes));
  if (head.toString('latin1', tarMagicAt, tarMagicAt + 5) !== 'ustar') return spool.database(content);
  for await (const entry of readTar(content)) {
    if (entry.isFile && entry.name === spool.kind.product.fileName) await spool.database(entry.content);
    if (entry.isFile && entry.name === metadataName) await spool.keepMetadata(entry.content, entry.size);
  }
}

/** Files of an archive that are looked for, each once. */
class Spool {
  readonly kind: DatabaseKind;
  readonly file: string;
  found = false;
  metadata: Buffer | undefined;

  constructor(kind: DatabaseKind, folder: string) {
    this.kind = kind;
    this.file = join(folder, kind.product.fileName);
  }

  async database(content: AsyncIterable<Buffer>): Promise<void> {
    if (this.found) throw damaged(`it holds ${this.kind.product.fileName} twice`);
    this.found = true;
    const handle = await onDisk('unpacking a database', () => open(this.file, 'wx', 0o600));
    try {
      for await (const piece of content) {
        await onDisk('unpacking a database', async () => {
          for (let at = 0; at < piece.length;) at += (await handle.write(piece, at)).bytesWritten;
        });
      }
    } finally {
      await handle.close();
    }
  }

  async keepMetadata(content: AsyncIterable<Buffer>, size: number): Promise<void> {
    if (size > metadataBytes) throw damaged(`its ${metadataName} has ${size} bytes`);
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(piece);
    this.metadata = Buffer.concat(pieces);
  }
}

/** The first bytes, at least as many as telling a tar archive takes, and everything with them. */
async function peek(bytes: AsyncIterable<Buffer>): Promise<[Buffer, AsyncIterable<Buffer>]> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < tarMagicAt + 5) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  const whole = async function* (): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  };
  return [head, whole()];
}

async function* gunzip(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // The callback is there because pipeline wants one; the error arrives at the iteration.
  const plain = pipeline(Readable.from(bytes), createGunzip({ chunkSize: 256 << 10 }), () => undefined);
  try {
    yield* plain as AsyncIterable<Buffer>;
  } catch (thrown) {
    if (thrown instanceof ExportError) throw thrown;
    throw damaged(`gzip: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  } finally {
    plain.destroy();
  }
}

async function* bounded(bytes: AsyncIterable<Buffer>, rawBytes: () => number): AsyncGenerator<Buffer> {
  let count = 0;
  for await (const piece of bytes) {
    count += piece.length;
    if (count > limits.databaseBytes || (count > ratioFrom && count > limits.inputRatio * rawBytes())) {
      throw new ExportError('INPUT_TOO_LARGE', `the database unfolds to more than ${count - piece.length} bytes`);
    }
    yield piece;
  }
}

/** The `metadata.json` that lies beside a plain database file. */
export function readMetadataBeside(file: string): Promise<Buffer | undefined> {
  return readFile(file).then(
    (bytes) => (bytes.length > metadataBytes ? undefined : bytes),
    () => undefined,
  );
}

function damaged(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `the archive of the database is damaged: ${what}`);
}
