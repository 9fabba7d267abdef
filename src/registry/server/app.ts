// The registry over HTTP/1.1 (OCI distribution-spec 1.1): everything below /v2, and /token on the same origin. On Node's
// own requests and answers: web objects in between would cost as much as the answer itself.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { anonymous, type Access, type Caller } from '../../access/access.ts';
import { mayAccess, type Action } from '../../access/roles.ts';
import type { Scope } from '../../access/scope.ts';
import type { Clock } from '../../core/clock.ts';
import { toExportError, type ExportError } from '../../core/errors.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import type { RegistryStorage } from '../storage/storage.ts';
import { BufferPool } from './buffer-pool.ts';
import { hasGone, headerOf, replyJson, type Exchange, type RegistryContext } from './exchange.ts';
import { refuse, refuseThrown, refuseUnauthorized, type ErrorMeaning } from './oci-error.ts';
import { matchRoute, type RouteMatch } from './routes.ts';
import { handleToken } from './token-route.ts';

/** Long enough for a slow line to come back, short enough that stalled readers and senders do not pile up. */
const defaultStallMs = 120_000;

export type RegistryLogEntry = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
  /** Set when the fault is ours. */
  readonly error?: ExportError;
};

export type RegistryAppOptions = {
  readonly storage: RegistryStorage;
  readonly access: Access;
  /** Scheme and host under which clients reach us; when it is absent, what they put into their Host header. */
  readonly publicUrl?: string | undefined;
  readonly clock: Clock;
  /** Called once for every request that was answered or broken off. */
  readonly log?: (entry: RegistryLogEntry) => void;
  /** Kind of the challenge in a 401; `basic` for clients that cannot fetch tokens. */
  readonly challenge?: 'bearer' | 'basic';
  /** A connection on which no byte moves for this long is cut; 120 seconds by default. */
  readonly stallMs?: number;
  /** Repositories by the other names under which they are read; none by default. */
  readonly aliases?: ReadonlyMap<string, string> | undefined;
};

export type RegistryApp = {
  /** Answers one request whose path is `/token`, `/v2` or below `/v2/`. Never rejects. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
};

type Opened = Omit<Exchange, 'caller'> & { readonly path: string };

export function createRegistryApp(options: RegistryAppOptions): RegistryApp {
  const { storage, access, publicUrl, challenge = 'bearer', aliases = new Map<string, string>() } = options;
  const origin = publicUrl?.replace(/\/+$/, '');
  const context: RegistryContext = {
    storage,
    access,
    challenge,
    originOf: (incoming) => origin ?? requestOrigin(incoming),
    buffers: new BufferPool(),
    aliases,
  };
  return { handle: (incoming, outgoing) => answer(open(context, incoming, outgoing), options) };
}

async function answer(x: Opened, { clock, log, stallMs = defaultStallMs }: RegistryAppOptions): Promise<void> {
  const start = clock.now().getTime();
  const { incoming, outgoing } = x;
  incoming.socket.setTimeout(stallMs);
  // Errors of a connection that broke are noticed where they matter; without a listener they would end the process.
  outgoing.on('error', () => undefined);
  const error = await (x.path === '/token' ? answerToken(x) : answerRegistry(x));
  const durationMs = clock.now().getTime() - start;
  log?.({ method: x.method, path: x.path, status: outgoing.statusCode, durationMs, ...(error ? { error } : {}) });
}

function open(context: RegistryContext, incoming: IncomingMessage, outgoing: ServerResponse): Opened {
  const [path, query] = splitOnce(incoming.url ?? '/');
  return {
    context,
    incoming,
    outgoing,
    method: incoming.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
  };
}

function splitOnce(url: string): [string, string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

async function answerToken(x: Opened): Promise<ExportError | undefined> {
  return guarded({ ...x, caller: anonymous }, { missing: 'NAME_UNKNOWN', invalid: 'UNSUPPORTED' }, () =>
    handleToken(x),
  );
}

async function answerRegistry(x: Opened): Promise<ExportError | undefined> {
  const match = matchRoute(decode(x.path));
  const meaning = match?.route ?? { missing: 'NAME_UNKNOWN', invalid: 'NAME_INVALID' };
  let caller: Caller = anonymous;
  return guarded({ ...x, caller }, meaning, async () => {
    caller = await x.context.access.authenticate(headerOf(x, 'authorization'), `${x.method} ${x.path}`);
    if (match) return answerRoute({ ...x, caller }, match);
    if (/^\/v2\/?$/.test(x.path)) return ping({ ...x, caller });
    return refuse(x, 404, 'UNSUPPORTED', { message: 'no such endpoint' });
  });
}

/** Runs a handler and answers what it throws. Returns the error when the fault is ours. */
async function guarded(
  x: Exchange,
  meaning: ErrorMeaning,
  work: () => Promise<void> | void,
): Promise<ExportError | undefined> {
  try {
    await work();
    return undefined;
  } catch (thrown) {
    if (hasGone(x)) return undefined;
    if (!x.outgoing.headersSent) return refuseThrown(x, thrown, meaning);
    // Half an answer is out: only cutting the connection tells the client that it is not whole.
    x.outgoing.destroy();
    return toExportError(thrown);
  }
}

/** end-1. A 200 for strangers would make clients believe that no credentials are ever needed. */
function ping(x: Exchange): void {
  if (x.caller.kind === 'anonymous') refuseUnauthorized(x, 'credentials are needed to push');
  else replyJson(x, {});
}

async function answerRoute(
  x: Exchange & { readonly path: string },
  { route, name, reference }: RouteMatch,
): Promise<void> {
  if (!isRepositoryName(name)) return refuse(x, 400, 'NAME_INVALID', { message: 'not a repository name' });
  const action = route.methods[x.method];
  if (action === undefined) {
    const headers = { Allow: Object.keys(route.methods).join(', ') };
    return refuse(x, 405, 'UNSUPPORTED', { message: `${x.method} is not supported here`, headers });
  }
  if (action !== 'pull' && x.context.storage.refusesClients !== undefined) {
    const headers = { Allow: 'GET, HEAD' };
    return refuse(x, 405, 'UNSUPPORTED', { message: x.context.storage.refusesClients, headers });
  }
  const meant = x.context.aliases.get(name);
  if (meant !== undefined && action !== 'pull') {
    const message = `${name} is another name of ${meant}, for reading alone`;
    return refuse(x, 405, 'UNSUPPORTED', { message, headers: { Allow: 'GET, HEAD' } });
  }
  // Rights are those of the repository itself, and so is the scope that a challenge asks for.
  const own = meant ?? name;
  if (!x.context.access.allows(x.caller, own, action)) return refuseAccess(x, own, action);
  return route.handle({ ...x, repository: x.context.storage.repository(own), reference });
}

function refuseAccess(x: Exchange & { readonly path: string }, repository: string, action: Action): void {
  const { access } = x.context;
  // A short-lived token that was asked for less is no refusal of its holder.
  const tooNarrow = x.caller.kind === 'token' && x.caller.holder && mayAccess(x.caller.holder, repository, action);
  if (tooNarrow !== true) access.noteRefusal(x.caller, `${x.method} ${x.path}`, `may not ${action}`);
  if (x.caller.kind === 'principal') {
    return refuse(x, 403, 'DENIED', { message: `your role does not allow to ${action} here` });
  }
  const actions: Action[] = action === 'push' ? ['pull', 'push'] : [action];
  const scopes: Scope[] = [{ repository, actions }];
  const from = x.query.get('from');
  if (from !== null && isRepositoryName(from)) scopes.push({ repository: from, actions: ['pull'] });
  return refuseUnauthorized(x, `a token that allows to ${action} is needed`, scopes);
}

/** The path with its percent escapes undone; a malformed one is taken as it is and matches nothing. */
function decode(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What the client called us, so that the realm of a challenge is on the origin that it knows. */
function requestOrigin(incoming: IncomingMessage): string {
  const host = incoming.headers.host ?? '';
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http';
  return `${scheme}://${/^[a-zA-Z0-9.:[\]_-]{1,255}$/.test(host) ? host : 'localhost'}`;
}
