// Uploads in progress, in the bucket: what has come so far lies there in pieces, each named by its offset, so that any
// process on any machine can go on with any upload, also after the one that began it is gone.
//
//   …/_uploads/<id>/start            the session
//   …/_uploads/<id>/<offset>         bytes from there on
//
// The running hash is kept in memory; where it is missing the pieces are read again.

import { randomUUID } from 'node:crypto';
import { digestAlgorithm, Digester, type Digest, type DigestAlgorithm } from '../../../core/digest.ts';
import { ExportError } from '../../../core/errors.ts';
import { limits } from '../../../core/limits.ts';
import { wrongDigest } from '../content-store.ts';
import type { RepositoryPaths } from '../disk-paths.ts';
import type { LinkStore } from '../link-store.ts';
import type { Sweepable, SweepEntry, SweptSessions } from '../storage.ts';
import { inPieces } from './pieces.ts';
import type { S3Bucket } from './s3-bucket.ts';
import type { S3Content } from './s3-content.ts';

/** Running hashes kept; an upload whose hash was dropped is read again. */
const maxStates = 256;

type HashState = { readonly size: number; readonly digester: Digester };

type Piece = { readonly key: string; readonly size: number };
type Session = { readonly pieces: readonly Piece[]; readonly size: number };

/** What the uploads of one process share, across repositories. */
export type S3UploadMemory = { readonly busy: Set<string>; readonly states: Map<string, HashState> };

export type S3UploadsOptions = {
  readonly bucket: S3Bucket;
  readonly content: S3Content;
  readonly links: LinkStore;
  readonly memory: S3UploadMemory;
};

export class S3Uploads implements SweptSessions {
  readonly swept: Sweepable;
  readonly #paths: RepositoryPaths;
  readonly #options: S3UploadsOptions;

  constructor(paths: RepositoryPaths, options: S3UploadsOptions) {
    this.#paths = paths;
    this.#options = options;
    this.swept = {
      list: () => this.#list(),
      find: (id) => this.#find(id),
      discard: (id, beforeMs) => this.#discard(id, beforeMs),
    };
  }

  async start(): Promise<string> {
    const id = randomUUID();
    await this.#options.bucket.put(`${this.#folder(id)}/start`, Buffer.alloc(0));
    this.#remember(id, { size: 0, digester: new Digester() });
    return id;
  }

  async size(id: string): Promise<number | undefined> {
    return (await this.#session(id))?.size;
  }

  async append(id: string, source: AsyncIterable<Uint8Array>, offset?: number): Promise<number> {
    return this.#exclusively(id, async (session) => {
      if (offset !== undefined && offset !== session.size) {
        throw new ExportError('CONFLICT', `the upload stands at ${session.size} bytes, the chunk begins at ${offset}`);
      }
      return this.#receive(id, session, source);
    });
  }

  async finish(id: string, digest: Digest): Promise<void> {
    await this.#exclusively(id, async (session) => {
      const { content, links } = this.#options;
      const algorithm = digestAlgorithm(digest);
      const digester =
        algorithm === 'sha256' ? await this.#digesterAt(id, session) : await this.#hash(session, algorithm);
      this.#options.memory.states.delete(id);
      if (digester.digest() !== digest) {
        await this.#remove(id);
        throw wrongDigest(digest);
      }
      if (!(await content.touch(digest))) await content.assemble(digest, session.pieces);
      await links.mark(this.#paths.blob(digest));
      await this.#remove(id);
    });
  }

  async cancel(id: string): Promise<boolean> {
    if (this.#options.memory.busy.has(id)) return false;
    this.#options.memory.states.delete(id);
    if (!(await this.#session(id))) return false;
    await this.#remove(id);
    return true;
  }

  async #receive(id: string, session: Session, source: AsyncIterable<Uint8Array>): Promise<number> {
    const digester = await this.#digesterAt(id, session);
    let { size } = session;
    // One piece is on its way while the next one comes in.
    let inFlight: Promise<void> = Promise.resolve();
    try {
      for await (const piece of inPieces(source)) {
        await inFlight;
        refuseHuge(size + piece.byteLength);
        inFlight = this.#putPiece(id, size, piece);
        inFlight.catch(() => undefined);
        digester.update(piece);
        size += piece.byteLength;
      }
    } catch (thrown) {
      // What came before the source failed is kept; nothing is remembered when a piece was not stored, and then what is
      // there is hashed again next time.
      await inFlight;
      this.#remember(id, { size, digester });
      throw thrown;
    }
    await inFlight;
    this.#remember(id, { size, digester });
    return size;
  }

  async #putPiece(id: string, offset: number, bytes: Buffer): Promise<void> {
    const key = `${this.#folder(id)}/${String(offset).padStart(15, '0')}`;
    if (await this.#options.bucket.put(key, bytes, { onlyNew: true })) return;
    throw new ExportError('CONFLICT', 'another request writes to this upload');
  }

  async #exclusively<T>(id: string, work: (session: Session) => Promise<T>): Promise<T> {
    const { busy } = this.#options.memory;
    if (busy.has(id)) throw new ExportError('CONFLICT', 'another request writes to this upload');
    busy.add(id);
    try {
      const session = await this.#session(id);
      if (!session) throw unknownUpload();
      return await work(session);
    } finally {
      busy.delete(id);
    }
  }

  /** The pieces in order, as far as they follow each other; undefined for what is no session. */
  async #session(id: string): Promise<Session | undefined> {
    if (this.#paths.upload(id) === undefined) return undefined;
    const pieces: Piece[] = [];
    let size = 0;
    let started = false;
    for await (const object of this.#options.bucket.list(`${this.#folder(id)}/`)) {
      const name = object.key.slice(object.key.lastIndexOf('/') + 1);
      if (name === 'start') started = true;
      if (Number(name) !== size) continue;
      pieces.push(object);
      size += object.size;
    }
    return started ? { pieces, size } : undefined;
  }

  /** Takes the running hash over the session's bytes out of the memory, or computes it. */
  async #digesterAt(id: string, session: Session): Promise<Digester> {
    const { states } = this.#options.memory;
    const state = states.get(id);
    states.delete(id);
    return state?.size === session.size ? state.digester : this.#hash(session, 'sha256');
  }

  async #hash({ pieces }: Session, algorithm: DigestAlgorithm): Promise<Digester> {
    const digester = new Digester(algorithm);
    for (const { key } of pieces) {
      const found = await this.#options.bucket.get(key);
      if (!found) throw unknownUpload();
      for await (const chunk of found.response.body) digester.update(chunk);
    }
    return digester;
  }

  /** The mark of the session goes last, so that a crash leaves a session and not pieces without one. */
  async #remove(id: string): Promise<void> {
    const keys: string[] = [];
    for await (const { key } of this.#options.bucket.list(`${this.#folder(id)}/`)) keys.push(key);
    for (const key of keys.sort()) await this.#options.bucket.delete(key);
  }

  async *#list(): AsyncGenerator<SweepEntry> {
    for await (const name of this.#options.bucket.names(this.#paths.uploads)) {
      const entry = name.endsWith('/') ? await this.#find(name.slice(0, -1)) : undefined;
      if (entry) yield entry;
    }
  }

  async #find(id: string): Promise<SweepEntry | undefined> {
    let found: SweepEntry | undefined;
    for await (const { size, modifiedAtMs } of this.#options.bucket.list(`${this.#folder(id)}/`)) {
      const touchedAtMs = Math.max(found?.touchedAtMs ?? 0, modifiedAtMs);
      found = { name: id, size: (found?.size ?? 0) + size, touchedAtMs };
    }
    return found;
  }

  async #discard(id: string, beforeMs: number): Promise<boolean> {
    const entry = await this.#find(id);
    if (entry && entry.touchedAtMs >= beforeMs) return false;
    await this.#remove(id);
    return true;
  }

  #folder(id: string): string {
    const path = this.#paths.upload(id);
    if (path === undefined) throw unknownUpload();
    return path;
  }

  #remember(id: string, state: HashState): void {
    const { states } = this.#options.memory;
    states.delete(id);
    states.set(id, state);
    for (const oldest of states.keys()) {
      if (states.size <= maxStates) break;
      states.delete(oldest);
    }
  }
}

function refuseHuge(size: number): void {
  if (size > limits.blobBytes) {
    throw new ExportError('INPUT_TOO_LARGE', `a blob may have ${limits.blobBytes} bytes at most`);
  }
}

function unknownUpload(): ExportError {
  return new ExportError('NOT_FOUND', 'no such upload');
}
