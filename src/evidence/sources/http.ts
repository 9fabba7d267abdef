// Fetches an input from a web address into a temporary file, with a conditional request (RFC 9110 §13.1.2).

import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { messageOf } from './item.ts';

/** A GET that follows redirects and knows proxies and certificates; header names in answers are lower case. */
export type HttpGet = (
  url: string,
  headers: Readonly<Record<string, string>>,
) => Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Buffer>;
}>;

export type Download =
  | { readonly changed: false }
  | {
      readonly changed: true;
      readonly file: string;
      readonly etag: string | undefined;
      /** Removes the file. */
      dispose(): Promise<void>;
    };

/**
 * Downloads `url` below `tempDir` unless the server says that `etag` is still current. Throws UNREACHABLE (retryable)
 * or NOT_FOUND; a download that breaks off leaves nothing.
 */
export async function download(
  url: string,
  options: { readonly get: HttpGet; readonly tempDir: string; readonly etag?: string | undefined },
): Promise<Download> {
  const { get, tempDir, etag } = options;
  const shown = withoutSecrets(url);
  const answer = await get(url, etag === undefined ? {} : { 'if-none-match': etag }).catch((cause: unknown) => {
    throw cause instanceof ExportError ? cause : unreachable(shown, messageOf(cause), cause);
  });
  if (answer.status === 304 && etag !== undefined) {
    await drain(answer.body);
    return { changed: false };
  }
  if (answer.status !== 200) {
    await drain(answer.body);
    if (answer.status === 404 || answer.status === 410) {
      throw new ExportError('NOT_FOUND', `${shown} is not there (status ${answer.status})`, {
        hint: 'check the address',
      });
    }
    throw unreachable(shown, `status ${answer.status}`, undefined);
  }
  await mkdir(tempDir, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(tempDir, 'download-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const file = join(folder, fileNameOf(url, answer.headers['content-type']));
    await pipeline(bounded(answer.body, shown), createWriteStream(file, { flags: 'wx' }));
    return { changed: true, file, etag: answer.headers['etag'], dispose };
  } catch (error) {
    await dispose();
    throw error instanceof ExportError ? error : unreachable(shown, messageOf(error), error);
  }
}

async function* bounded(body: AsyncIterable<Buffer>, shown: string): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limits.inputBytes) {
      throw new ExportError('INPUT_TOO_LARGE', `${shown} is larger than ${limits.inputBytes} bytes`);
    }
    yield chunk;
  }
}

async function drain(body: AsyncIterable<Buffer>): Promise<void> {
  // What it says is of no interest, but an unread answer holds its connection.
  for await (const chunk of body) void chunk;
}

const extensionOfType: Readonly<Record<string, string>> = {
  'application/zip': '.zip',
  'application/json': '.json',
  'application/x-ndjson': '.jsonl',
  'application/jsonl': '.jsonl',
  'application/gzip': '.jsonl.gz',
};

/** The last part of the path, with the extension that the media type tells when the name has none. */
function fileNameOf(url: string, type: string | undefined): string {
  let name = posix.basename(new URL(url).pathname);
  try {
    name = decodeURIComponent(name);
  } catch {
    // Not percent-encoded text; as it stands it names the file just as well.
  }
  name = name
    .replaceAll(/[^\w.@:+-]/g, '_')
    .replace(/^\.+/, '')
    .slice(-200);
  const media = type?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return /\.(?:json|jsonl|zip|gz)$/i.test(name) ? name : `${name || 'download'}${extensionOfType[media] ?? ''}`;
}

/** Queries and user information of addresses hold secrets often enough. */
export function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function unreachable(shown: string, what: string, cause: unknown): ExportError {
  return new ExportError('UNREACHABLE', `${shown} could not be fetched: ${what}`, {
    hint: 'check the network and try again',
    retryable: true,
    cause,
  });
}
