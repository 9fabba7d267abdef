// Ingest through a service. What the service can read itself is named to it; a file or folder of this machine is sent,
// a folder as JSON lines. Either way the answer is a stream of progress and, as its last event, the result.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, isAbsolute, resolve } from 'node:path';
import { hasRole } from '../access/roles.ts';
import { ExportError } from '../core/errors.ts';
import { isDatabaseFormat, isPointerLines } from '../evidence/database-pointer.ts';
import { fileKindOf } from '../evidence/formats.ts';
import type { IngestOptions, IngestProgress, IngestResult, Refusal } from '../evidence/types.ts';
import { isLayout, parseLayoutReference } from '../registry/layout/layout-reference.ts';
import { eventStreamMediaType } from './event-stream-media-type.ts';
import { folderLines } from './folder-lines.ts';
import { readAnswerWithProgress } from './progress-answer.ts';
import type { Greeting, Remote, RemotePost } from './remote.ts';

export type RemoteIngest = {
  readonly tenant: string;
  readonly options: IngestOptions;
  /** The service sees the same files under the same paths. */
  readonly samePlace: boolean;
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
};

export async function remoteIngest(remote: Remote, request: RemoteIngest): Promise<IngestResult> {
  const refused: Refusal[] = [];
  const named = isLocator(request.options.from) || request.samePlace;
  const post = named ? naming(request) : await sending(remote, request, refused);
  const response = await remote.open('POST', { ...post, headers: { accept: eventStreamMediaType } });
  const result = await readAnswerWithProgress<IngestProgress, IngestResult>(response, {
    host: remote.host,
    onProgress: request.onProgress,
    hint: 'it may have been completed: see export-center evidence list; repeating it does no harm',
  });
  return withOwnReasons(result, refused);
}

/** True for what is not a path: an http(s) URL or an `oci:` reference. */
export function isLocator(from: string): boolean {
  return /^(?:https?:\/\/|oci:)/i.test(from);
}

function naming({ tenant, options }: RemoteIngest): RemotePost {
  const from = isLocator(options.from) || isAbsolute(options.from) ? options.from : resolve(options.from);
  return { path: ['ingest'], query: { tenant }, json: { ...options, from } };
}

async function sending(remote: Remote, { tenant, options }: RemoteIngest, refused: Refusal[]): Promise<RemotePost> {
  const path = resolve(options.from);
  const found = await findSent(path, options);
  // Asked first, because a refusal in the middle of a long upload reaches the sender as a broken connection.
  const { principal } = await remote.get<Greeting>({ path: [] });
  if (!hasRole(principal, tenant, 'publisher')) {
    throw new ExportError('DENIED', `the token may not ingest for tenant ${tenant}`, {
      hint: 'use a token of a publisher, or name its --tenant',
    });
  }
  const { from: _, sync, allowShrink, ...texts } = options;
  const flags = { sync: sync ? 'true' : undefined, allowShrink: allowShrink ? 'true' : undefined };
  const { name, bytes } = found(refused);
  return { path: ['ingest', 'upload'], query: { tenant, ...texts, ...flags, name }, bytes };
}

type Sent = { readonly name: string; readonly bytes: () => AsyncIterable<Uint8Array> };

/** What is sent of `path`: a file as it is, a folder as lines, of a database in an OCI layout its layer. */
async function findSent(path: string, { format = 'osv' }: IngestOptions): Promise<(refused: Refusal[]) => Sent> {
  if (isDatabaseFormat(format) && !isPointerLines(path)) {
    const { openLocalDatabase } = await import('../runs/overlay/local-database.ts');
    const { bytes } = await openLocalDatabase(path, format);
    return () => ({ name: `${format}.bin`, bytes });
  }
  await refuseLayout(path);
  const found = await stat(path).catch((cause: unknown) => {
    throw new ExportError('NOT_FOUND', `${path} cannot be read`, { cause });
  });
  if (!found.isDirectory()) return () => ({ name: basename(path), bytes: () => createReadStream(path) });
  return (refused) => ({ name: 'folder.jsonl.gz', bytes: () => folderLines(path, fileKindOf(format), refused) });
}

/** A bundle is unfolded by the service, which must be able to reach it. */
async function refuseLayout(path: string): Promise<void> {
  if (!(await isLayout((await parseLayoutReference(path)).dir))) return;
  throw new ExportError('USAGE', `${path} is an OCI layout, which is not sent`, {
    hint: 'push it to a registry with oras cp -r --from-oci-layout, and ingest oci:HOST/REPOSITORY:TAG',
  });
}

/** What was refused before it was sent is listed with the reason it was refused for. */
function withOwnReasons(result: IngestResult, refused: readonly Refusal[]): IngestResult {
  if (refused.length === 0) return result;
  const own = new Map(refused.map((refusal) => [refusal.path, refusal]));
  return { ...result, rejected: result.rejected.map((refusal) => own.get(refusal.path) ?? refusal) };
}
