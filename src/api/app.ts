// The API of the product: everything a Center can do, under /api/v1, with its description at /openapi.json and the
// health answers that need no token. Routes are statements, not a chain: chained types explode.

import { OpenAPIHono } from '@hono/zod-openapi';
import type { Access } from '../access/access.ts';
import { ExportError } from '../core/errors.ts';
import type { Health } from '../observe/health.ts';
import type { Log } from '../observe/log.ts';
import { metricsMediaType, type Metrics } from '../observe/metrics.ts';
import type { RegistryStorage } from '../registry/storage/storage.ts';
import type { Center } from '../runs/center.ts';
import type { TransparencyLog } from '../trust/log/transparency-log.ts';
import type { TufFiles } from '../runs/tuf/tuf-files.ts';
import { problemResponse } from './problem.ts';
import type { RouteRoom } from './route.ts';
import { addAccessRoutes } from './routes/access-routes.ts';
import { addDownloadRoutes } from './routes/download-routes.ts';
import { addEvidenceRoutes } from './routes/evidence-routes.ts';
import { addIngestRoutes } from './routes/ingest-routes.ts';
import { addKeyRoutes } from './routes/key-routes.ts';
import { addLogRoutes } from './routes/log-routes.ts';
import { addMaintenanceRoutes } from './routes/maintenance-routes.ts';
import { addProfileRoutes } from './routes/profile-routes.ts';
import { addRunRoutes } from './routes/run-routes.ts';
import { addVexRoutes, type VexRoom } from './routes/vex-routes.ts';
import { addTufRoutes } from './routes/tuf-routes.ts';
import { addTufFileRoutes } from './routes/tuf-file-routes.ts';

export type ApiOptions = {
  readonly center: Center;
  readonly access: Access;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Log;
  /** The registry whose bundles can be downloaded; without it there are no downloads. */
  readonly storage?: RegistryStorage;
  /** Open to everybody below /log; without it nothing answers there. */
  readonly transparencyLog?: TransparencyLog;
  /** VEX repositories; without them there are none. */
  readonly vex?: Pick<VexRoom, 'archive' | 'publicUrl'>;
  /** What is published in TUF repositories; without it, or without a registry, nothing is served below /tuf. */
  readonly tuf?: TufFiles;
  /** Folder where uploads wait until they are ingested. */
  readonly spoolDir: string;
  readonly version: string;
  /** Raised when the service begins to end: event streams are cut then, other requests go on. */
  readonly stopping?: AbortSignal;
  /** Longest silence of an event stream; 15 seconds by default. */
  readonly heartbeatMs?: number;
};

export function createApiApp(options: ApiOptions): OpenAPIHono {
  const app = new OpenAPIHono();
  const room: RouteRoom = { app, center: options.center, access: options.access };
  const stopping = options.stopping ?? new AbortController().signal;
  const streams = { stopping, heartbeatMs: options.heartbeatMs ?? 15_000 };
  addHealth(app, options);
  addMaintenanceRoutes(room, { version: options.version, heartbeatMs: streams.heartbeatMs });
  addIngestRoutes(room, { ...streams, spoolDir: options.spoolDir });
  addEvidenceRoutes(room);
  addProfileRoutes(room);
  addRunRoutes(room, streams);
  addKeyRoutes(room);
  addAccessRoutes(room);
  if (options.transparencyLog) addLogRoutes(app, options.transparencyLog);
  if (options.vex) addVexRoutes({ app, access: options.access, ...options.vex });
  addTufRoutes(room);
  const { storage, access, tuf } = options;
  if (storage) addDownloadRoutes({ app, access, storage });
  if (storage && tuf) addTufFileRoutes({ app, access, storage, tuf });
  addDescription(app, options.version);
  app.notFound((c) => {
    const { pathname } = new URL(c.req.url);
    return problemResponse(new ExportError('NOT_FOUND', `nothing answers ${c.req.method} ${pathname}`));
  });
  app.onError((error) => {
    const answer = problemResponse(error);
    if (answer.status >= 500) options.log.error('a request failed', { error });
    return answer;
  });
  return app;
}

function addHealth(app: OpenAPIHono, { health, metrics }: ApiOptions): void {
  app.get('/healthz', () => new Response('ok\n'));
  app.get('/readyz', async () => {
    const report = await health.ready();
    return Response.json(report, { status: report.ok ? 200 : 503, headers: { 'cache-control': 'no-store' } });
  });
  app.get(
    '/metrics',
    async () => new Response(await metrics.text(), { headers: { 'content-type': metricsMediaType } }),
  );
}

function addDescription(app: OpenAPIHono, version: string): void {
  const schemes = app.openAPIRegistry;
  schemes.registerComponent('securitySchemes', 'operatorBearer', { type: 'http', scheme: 'bearer' });
  schemes.registerComponent('securitySchemes', 'operatorBasic', { type: 'http', scheme: 'basic' });
  const info = { title: 'Export Center', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } };
  let document: string | undefined;
  app.get('/openapi.json', () => {
    document ??= JSON.stringify(app.getOpenAPI31Document({ openapi: '3.1.0', info }));
    return new Response(document, { headers: { 'content-type': 'application/json' } });
  });
}
