// POST /api/v1/ingest (what the server itself can reach) and /api/v1/ingest/upload (a body). Both answer with the
// result, or, to callers that accept text/event-stream, with progress events and the result as the last of them.

import { z } from '@hono/zod-openapi';
import type { IngestOptions, IngestProgress, IngestResult } from '../../evidence/types.ts';
import { eventStreamMediaType } from '../event-stream-media-type.ts';
import { exact } from '../exact.ts';
import { answerWithProgress } from '../progress-answer.ts';
import { requireBytes } from '../request-body.ts';
import { addRoute, type RouteRoom } from '../route.ts';
import { checkOrigin } from '../server-files.ts';
import { ingestResultSchema, ingestSchema, uploadQuery } from '../schemas.ts';
import { checkFileName, withSpooledUpload } from '../upload-spool.ts';

export type IngestRoutesOptions = {
  /** Folder where uploads wait. */
  readonly spoolDir: string;
  readonly stopping: AbortSignal;
  readonly heartbeatMs: number;
};

type Work = (onProgress: (progress: IngestProgress) => void) => Promise<IngestResult>;

const answers = { answer: ingestResultSchema, otherAnswers: { [eventStreamMediaType]: z.string() } };

export function addIngestRoutes(room: RouteRoom, options: IngestRoutesOptions): void {
  const { center } = room;
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/ingest',
      operationId: 'ingest',
      summary: 'Take evidence from a path or URL that the server reads',
      scope: 'tenant',
      role: 'publisher',
      body: ingestSchema,
      ...answers,
    },
    ({ tenant, body, principal, request }) => {
      const ingest: IngestOptions = exact(body);
      checkOrigin(ingest.from, principal, 'body.from');
      return answerWithProgress(request, options, (onProgress) => center.ingest(tenant, ingest, onProgress));
    },
  );
  addUpload(room, options);
}

function addUpload(room: RouteRoom, options: IngestRoutesOptions): void {
  const { center } = room;
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/ingest/upload',
      operationId: 'ingestUpload',
      summary: 'Take evidence from the body: a document, a .zip or JSON lines, told apart by name',
      scope: 'tenant',
      role: 'publisher',
      query: uploadQuery,
      upload: 'application/octet-stream',
      ...answers,
    },
    ({ tenant, query: { name, ...rest }, request }) => {
      requireBytes(request);
      checkFileName(name);
      const work: Work = (onProgress) =>
        withSpooledUpload(options.spoolDir, name, request.body, (from) =>
          center.ingest(tenant, { ...exact(rest), from }, onProgress),
        );
      return answerWithProgress(request, options, work);
    },
  );
}
