// serve: the folder's lock, the Center that executes runs, one origin over HTTP, and an orderly end. A signal drains:
// requests in flight finish, runs stop at their next step and are taken up again at the next start.

import { resolve } from 'node:path';
import { createApiApp } from '../../api/app.ts';
import { openAccess } from '../../access/access.ts';
import { RateLimiter } from '../../access/rate-limit.ts';
import { parseListenAddress, startServer, type ListenAddress, type RunningServer } from '../../api/server.ts';
import { digestOf } from '../../core/digest.ts';
import { ExportError, toExportError } from '../../core/errors.ts';
import { createHealth, type Health } from '../../observe/health.ts';
import { createLog, isLevel, type Log } from '../../observe/log.ts';
import { createMetrics, type Labels, type Metrics, type Reading } from '../../observe/metrics.ts';
import { tenantNameFault } from '../../access/tenant-name.ts';
import { createRegistryApp } from '../../registry/server/app.ts';
import type { LocalCenter } from '../../runs/local-center.ts';
import { openCenter } from '../../runs/open-center.ts';
import type { RegistryPlace } from '../../runs/registry-storage.ts';
import type { TufExpiry } from '../../runs/tuf/tuf-desk.ts';
import { flagOption, textOption, type CommandRun } from '../command.ts';
import { writeTo, type CliHost } from '../host.ts';
import { lockFolder, type ServiceLock } from '../service-lock.ts';
import { serviceAddress } from '../service-address.ts';
import { TlsFiles } from '../tls-files.ts';

/** Requests and runs in flight have this long when the service ends. */
const graceMs = 20_000;

type Service = {
  readonly run: CommandRun;
  readonly center: LocalCenter;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly stopping: AbortController;
};

export async function serve(run: CommandRun): Promise<undefined> {
  const listen = parseListenAddress(textOption(run, 'listen') ?? '127.0.0.1:8080');
  const publicUrl = parsePublicUrl(textOption(run, 'publicUrl'));
  const tls = await openTls(run);
  const limiter = openLimiter(run);
  const log = openLog(run.host);
  const lock = await lockFolder(run.settings.data);
  try {
    const service = await openService(run, log, publicUrl);
    try {
      await serveUntilEnd(service, lock, { listen, tls, limiter }, publicUrl);
    } finally {
      await within(graceMs, service.center.close());
    }
  } finally {
    await lock.release();
  }
  log.info('the service has ended');
  if (run.host.fatal.aborted) throw toExportError(run.host.fatal.reason);
  return undefined;
}

async function openService(run: CommandRun, log: Log, publicUrl: string | undefined): Promise<Service> {
  const { settings, host } = run;
  const center = await openCenter({
    data: settings.data,
    registry: registryPlace(run),
    ...(settings.databaseUrl === undefined ? {} : { databaseUrl: settings.databaseUrl }),
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    offline: settings.offline,
    env: settings.env,
    clock: host.clock,
    service: true,
    onRunFailure: (id, error) => log.warn('a run failed', { run: id, error }),
  });
  return { run, center, health: createHealth(), metrics: createMetrics(), log, stopping: new AbortController() };
}

type Listening = {
  readonly listen: ListenAddress;
  readonly tls: TlsFiles | undefined;
  readonly limiter: RateLimiter | undefined;
};

async function serveUntilEnd(
  service: Service,
  lock: ServiceLock,
  { listen, tls, limiter }: Listening,
  publicUrl: string | undefined,
): Promise<void> {
  const { run, center, log, stopping } = service;
  const { host } = run;
  const apps = await createApps(service, publicUrl);
  const server = await startServer({
    listen,
    ...apps,
    ...(tls === undefined ? {} : { tls: tls.pair }),
    ...(limiter === undefined ? {} : { limiter }),
  });
  tls?.watch({ log, use: (pair) => server.renewTls(pair) }, stopping.signal);
  const servers: RunningServer[] = [server];
  try {
    const address = serviceAddress(listen.host, server.port, tls !== undefined);
    // What programs on this machine use, when the public side is out of their reach or asks for a certificate's name.
    const inner = address.inner ?? (await startServer({ listen: { host: '127.0.0.1', port: 0 }, ...apps }));
    if (typeof inner !== 'string') servers.push(inner);
    await center.setPublicUrl(publicUrl ?? address.outer);
    await center.ensureSigningKey();
    await center.ensureTrust();
    await lock.announce({
      address: typeof inner === 'string' ? inner : inner.url,
      pid: process.pid,
      startedAt: host.clock.now().toISOString(),
    });
    await writeTo(host.stdout, `export-center ready ${server.url}\n`);
    log.info('ready', { url: server.url, data: run.settings.data });
    await workUntilEnd(service);
  } finally {
    stopping.abort();
    await Promise.all(servers.map((running) => running.stop(graceMs)));
  }
}

/** Executes runs until a signal, an exception that nobody caught, or a failure of the queue itself. */
async function workUntilEnd({ run, center, health, log, stopping }: Service): Promise<void> {
  const { signal, fatal } = run.host;
  const end = AbortSignal.any([signal, fatal]);
  const ended = Promise.withResolvers<void>();
  const onEnd = (): void => ended.resolve();
  if (end.aborted) onEnd();
  end.addEventListener('abort', onEnd, { once: true });
  const work = center.work(end);
  work.catch(() => {});
  await Promise.race([work, ended.promise]);
  health.drain();
  if (fatal.aborted) log.error('an error was caught by nobody: the service ends', { error: fatal.reason as unknown });
  else log.info('draining');
  // New events are cut now, so that watchers do not hold the end up; their clients come back to the next start.
  stopping.abort();
  await within(graceMs, work);
}

async function createApps(service: Service, publicUrl: string | undefined) {
  const { run, center, health, metrics, log, stopping } = service;
  const { clock, version } = run.host;
  const access = await openAccess(run.settings.data, { clock, source: center.accessSource() });
  const storage = await center.registryStorage();
  const transparencyLog = await center.transparencyLog();
  // A front answers out of its cache while its upstream is away, so only what it stores itself is asked.
  health.register('storage', () => storage.content.find(digestOf('readiness')));
  observe(service);
  const registry = createRegistryApp({
    storage,
    access,
    publicUrl,
    aliases: trivyAliases(run),
    clock,
    log: (entry) => log[entry.error === undefined ? 'debug' : 'error']('registry request', entry),
  });
  const spoolDir = resolve(run.settings.data, 'tmp', 'uploads');
  const api = createApiApp({
    center,
    access,
    storage,
    ...(transparencyLog === undefined ? {} : { transparencyLog }),
    vex: { archive: (tenant) => center.vexArchive(tenant), ...(publicUrl === undefined ? {} : { publicUrl }) },
    tuf: center.tufFiles(),
    health,
    metrics,
    log,
    spoolDir,
    version,
    stopping: stopping.signal,
  });
  return { registry, api, log, metrics };
}

function observe({ run, center, health, metrics }: Service): void {
  health.register('database', () => center.ping());
  metrics.gauge('process_resident_memory_bytes', 'resident memory', () => process.memoryUsage.rss());
  const { clock } = run.host;
  metrics.gauge('export_center_tuf_expiry_seconds', 'seconds until the first metadata of a role expires', async () =>
    firstExpiries(await center.tufExpiries(), clock.now()),
  );
}

/** Without names of tenants and profiles: whoever may not see them may see this. */
function firstExpiries(expiries: readonly TufExpiry[], now: Date): Reading {
  const first = new Map<string, readonly [Labels, number]>();
  for (const { kind, role, expires } of expiries) {
    const seconds = (expires.getTime() - now.getTime()) / 1_000;
    const key = `${kind} ${role}`;
    if (seconds < (first.get(key)?.[1] ?? Infinity)) first.set(key, [{ kind, role }, seconds]);
  }
  return [...first.values()];
}

function openLog({ env, stderr, clock }: CliHost): Log {
  const level = env['EXPORT_CENTER_LOG_LEVEL'] ?? 'info';
  if (!isLevel(level)) throw new ExportError('USAGE', 'EXPORT_CENTER_LOG_LEVEL is debug, info, warn or error');
  return createLog({ write: (line) => void stderr.write(line), clock, level });
}

async function openTls(run: CommandRun): Promise<TlsFiles | undefined> {
  const certFile = textOption(run, 'tlsCert');
  const keyFile = textOption(run, 'tlsKey');
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    throw new ExportError('USAGE', '--tls-cert and --tls-key belong together');
  }
  const { cwd } = run.host;
  return TlsFiles.open(resolve(cwd, certFile), resolve(cwd, keyFile));
}

function openLimiter(run: CommandRun): RateLimiter | undefined {
  const text = textOption(run, 'tenantRate');
  if (text === undefined) return undefined;
  const perSecond = Number(text);
  if (Number.isFinite(perSecond) && perSecond >= 0.5) return new RateLimiter(perSecond, run.host.clock);
  throw new ExportError('USAGE', `--tenant-rate takes a number from 0.5 on, not ${text}`);
}

/** The names that Trivy asks for when it is told of no repository. */
function trivyAliases(run: CommandRun): ReadonlyMap<string, string> | undefined {
  const tenant = textOption(run, 'trivyAliases');
  if (tenant === undefined) return undefined;
  const fault = tenantNameFault(tenant);
  if (fault !== undefined) throw new ExportError('USAGE', fault);
  return new Map(['trivy-db', 'trivy-java-db'].map((name) => [`aquasecurity/${name}`, `${tenant}/${name}`]));
}

/** What the options say goes before the environment, and takes the other kind of place out of it. */
function registryPlace(run: CommandRun): RegistryPlace {
  const [bucket, upstream] = [textOption(run, 'storage'), textOption(run, 'upstream')];
  const given = {
    ...(bucket === undefined ? {} : { bucket }),
    ...(upstream === undefined ? {} : { upstream }),
  };
  const named = bucket === undefined && upstream === undefined ? run.settings.registry : given;
  return flagOption(run, 'redirectBlobs') ? { ...named, redirects: true } : named;
}

function parsePublicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.username) return url.origin;
  throw new ExportError('USAGE', `not a public URL: ${text}`, { hint: 'write http(s)://HOST[:PORT]' });
}

/** Waits for `work`, but no longer than `ms`; what is left then ends with the process. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.resolve(), ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
