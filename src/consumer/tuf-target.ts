// What a TUF repository says about a bundle: the digest that its publisher vouches for now, neither older than what was
// seen before nor older than the publisher's own time limit. The client is tuf-js; a repository at a URL and one in a
// folder, such as a kit, are read alike.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { digestOf, parseDigest, type Digest } from '../core/digest.ts';
import { ExportError, toExportError } from '../core/errors.ts';
import { createHttp, type Http, type HttpRequest } from '../registry/client/http.ts';
import { isThisMachine } from '../registry/client/registry-endpoint.ts';
import type { NetworkOptions } from './types.ts';

export type TufSource = {
  /** URL of the repository, or a folder with its files. */
  readonly from: string;
  /** The first root, from a source that is trusted: bytes of `root.json`. */
  readonly root: Buffer;
  /** Folder that remembers what was seen, so that nobody leads back behind it; without it every look is the first. */
  readonly memory?: string;
};

export type TufTarget = {
  readonly path: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly length: number;
  /** Version and expiry of the timestamp that vouches for it. */
  readonly publication: number;
  readonly expires: string;
};

/** More than any metadata within our limits. */
const maxFileBytes = 8 * 1024 * 1024;

/**
 * The target of that path (`mirror/latest`). Throws VERIFICATION_FAILED with the reason for anything that is wrong with
 * the repository, expired metadata among it; UNREACHABLE or OFFLINE when it cannot be asked; NOT_FOUND for a folder
 * without a repository. `now` is the time at which expiry is judged.
 */
export async function findTufTarget(
  path: string,
  source: TufSource,
  options: NetworkOptions & { readonly now?: Date } = {},
): Promise<TufTarget> {
  const http = createHttp({ ca: options.ca, offline: options.offline, signal: options.signal });
  const memory = await openMemory(source);
  try {
    const isUrl = /^https?:\/\//.test(source.from);
    const base = isUrl ? source.from.replace(/\/+$/, '') : 'folder:';
    const fetcher = isUrl
      ? new HttpFetcher(http, authorizationFor(new URL(source.from), options))
      : new FolderFetcher(resolve(source.from));
    const updater = new Updater({ metadataDir: memory.dir, metadataBaseUrl: base, fetcher });
    if (options.now) setTime(updater, options.now);
    await updater.refresh();
    const target = await updater.getTargetInfo(path);
    if (!target) throw new ExportError('VERIFICATION_FAILED', `the TUF repository lists no ${path}`);
    const { version, expires } = await readTimestamp(memory.dir);
    const digest = parseDigest(`sha256:${target.hashes['sha256']}`);
    return { path, digest, length: target.length, publication: version, expires };
  } catch (thrown) {
    throw refusalOf(thrown);
  } finally {
    await memory.close();
    await http.close();
  }
}

/** The client's clock is private; what is judged here is judged at the time that the caller says. */
function setTime(updater: Updater, now: Date): void {
  (updater as unknown as { trustedSet: { referenceTime: Date } }).trustedSet.referenceTime = now;
}

/** A folder for each first root: what was seen under one says nothing under another. */
async function openMemory({ root, memory }: TufSource): Promise<{ readonly dir: string; close(): Promise<void> }> {
  const isKept = memory !== undefined;
  const dir = isKept ? join(memory, digestOf(root).slice(7, 23)) : await mkdtemp(join(tmpdir(), 'export-center-tuf-'));
  if (isKept) await mkdir(dir, { recursive: true });
  const known = await readFile(join(dir, 'root.json')).catch(() => undefined);
  if (known === undefined) await writeFile(join(dir, 'root.json'), root);
  return { dir, close: () => (isKept ? Promise.resolve() : rm(dir, { recursive: true, force: true })) };
}

/** The file that the client has just verified and kept. */
async function readTimestamp(dir: string): Promise<{ version: number; expires: string }> {
  const text = await readFile(join(dir, 'timestamp.json'), 'utf8');
  return (JSON.parse(text) as { signed: { version: number; expires: string } }).signed;
}

function refusalOf(thrown: unknown): ExportError {
  if (thrown instanceof ExportError) return thrown;
  const { message } = toExportError(thrown);
  return new ExportError('VERIFICATION_FAILED', `the TUF repository is refused: ${message}`, { cause: thrown });
}

/** The token is for the product's own service, and for no other. */
function authorizationFor(from: URL, { token, server }: NetworkOptions): HttpRequest['headers'] {
  const isOwn = server === undefined ? isThisMachine(from.host) : from.origin === new URL(server).origin;
  return token === undefined || !isOwn ? {} : { authorization: `Bearer ${token}` };
}

/** Answers of a web server; other statuses than 200 are as the client wants them told. */
class HttpFetcher extends BaseFetcher {
  readonly #http: Http;
  readonly #headers: HttpRequest['headers'];

  constructor(http: Http, headers: HttpRequest['headers']) {
    super();
    this.#http = http;
    this.#headers = headers;
  }

  async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const response = await this.#http.get(url, { headers: this.#headers });
    if (response.status === 404) throw new DownloadHTTPError(`${url} is not there`, response.status);
    if (response.status !== 200) {
      throw new ExportError('UNREACHABLE', `${url} answered ${response.status}`, {
        retryable: response.status >= 500,
        ...(response.status === 401 || response.status === 403
          ? { hint: 'the repository wants a token: put one that only reads into its address, as /tuf/~TOKEN/TENANT' }
          : {}),
      });
    }
    return streamOf(await response.bytes(maxFileBytes));
  }
}

/** Files of a folder that another program wrote; names come from metadata, so none leads out of it. */
class FolderFetcher extends BaseFetcher {
  readonly #dir: string;

  constructor(dir: string) {
    super();
    this.#dir = dir;
  }

  async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const name = url.slice(url.lastIndexOf('/') + 1);
    try {
      return streamOf(await readFile(join(this.#dir, name)));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      if (name !== 'timestamp.json') throw new DownloadHTTPError(`${name} is not there`, 404);
      throw new ExportError('NOT_FOUND', `${this.#dir} holds no TUF repository`, { cause });
    }
  }
}

function streamOf(bytes: Buffer): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new Blob([new Uint8Array(bytes)]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>;
}
