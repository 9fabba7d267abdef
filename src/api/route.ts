// One way to add a route: it is described in the OpenAPI document, its caller is checked, its input is parsed strictly,
// its errors become problems. No route can be added past the door.

import { type OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { actorOf, type Access } from '../access/access.ts';
import { hasRole, type Principal, type Role } from '../access/roles.ts';
import { defaultTenant } from '../access/tenant-name.ts';
import { ExportError } from '../core/errors.ts';
import type { Center } from '../runs/center.ts';
import { problemMediaType } from './problem.ts';
import { readJsonBody } from './request-body.ts';
import { problemSchema } from './schemas.ts';

/** What every group of routes is given. */
export type RouteRoom = {
  readonly app: OpenAPIHono;
  readonly center: Center;
  readonly access: Access;
};

export type RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = {
  readonly method: 'get' | 'post';
  /** As OpenAPI writes it: `/api/v1/runs/{id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** Where one must have the role: in the tenant in `?tenant=`, or in the whole installation. */
  readonly scope: 'tenant' | 'installation';
  /** The weakest role that may do this; `any` is for everybody who has a token. */
  readonly role: Role | 'any';
  readonly params?: P;
  /** Besides `tenant`, which routes of scope tenant always take. */
  readonly query?: Q;
  readonly body?: B;
  /** What the description says about the body, where the parser is somebody else. */
  readonly describedBody?: z.ZodType;
  /** Headers that the handler reads itself, for the description. */
  readonly headers?: z.ZodObject;
  /** Media type of a body that the handler reads itself. */
  readonly upload?: string;
  readonly status?: number;
  readonly answer: z.ZodType;
  /** Further media types that the same answer may come in, with what they hold. */
  readonly otherAnswers?: { readonly [mediaType: string]: z.ZodType };
};

export type RouteInput<P, Q, B> = {
  readonly tenant: string;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly principal: Principal;
  /** How the audit names the caller. */
  readonly actor: string;
  readonly request: Request;
  readonly context: Context;
};

const nothing = z.unknown();

/** Adds a route and its description. */
export function addRoute<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  { app, access }: RouteRoom,
  spec: RouteSpec<P, Q, B>,
  handler: (input: RouteInput<z.output<P>, z.output<Q>, z.output<B>>) => Promise<Response>,
): void {
  app.openAPIRegistry.registerPath(describeRoute(spec));
  const path = spec.path.replaceAll(/\{(\w+)\}/g, ':$1');
  app.on(spec.method.toUpperCase(), path, async (context) => {
    const request = context.req.raw;
    const { tenant = defaultTenant, ...query } = singleParameters(new URL(request.url).searchParams);
    refuseForeignPages(request);
    const { principal, actor } = await requireRole(access, request, spec, tenant);
    if (spec.scope === 'installation' && tenant !== defaultTenant) throw unknownParameter('tenant');
    const body = spec.body === undefined ? undefined : await readJsonBody(request);
    const answer = await handler({
      tenant,
      params: check(spec.params, context.req.param(), 'path'),
      query: check(spec.query ?? z.strictObject({}), query, 'query') as z.output<Q>,
      body: check(spec.body, body, 'body'),
      principal,
      actor,
      request,
      context,
    });
    answer.headers.set('cache-control', 'no-store');
    answer.headers.set('x-content-type-options', 'nosniff');
    return answer;
  });
}

function describeRoute(spec: RouteSpec<z.ZodType, z.ZodType, z.ZodType>): RouteConfig {
  const tenant = z.object({ tenant: z.string().default(defaultTenant).optional() });
  const query = spec.query instanceof z.ZodObject ? spec.query : z.object({});
  const request: RouteConfig['request'] = {
    ...(spec.params instanceof z.ZodObject ? { params: spec.params } : {}),
    ...(spec.headers === undefined ? {} : { headers: spec.headers }),
    query: spec.scope === 'tenant' ? tenant.extend(query.shape) : query,
    ...(spec.body === undefined
      ? {}
      : { body: { required: true, content: { 'application/json': { schema: spec.describedBody ?? spec.body } } } }),
    ...(spec.upload === undefined
      ? {}
      : {
          body: {
            required: true,
            content: { [spec.upload]: { schema: z.string().openapi({ type: 'string', format: 'binary' }) } },
          },
        }),
  };
  const others = Object.entries(spec.otherAnswers ?? {}).map(([type, schema]) => [type, { schema }] as const);
  return {
    method: spec.method,
    path: spec.path,
    operationId: spec.operationId,
    summary: spec.summary,
    description: describeRole(spec),
    security: [{ operatorBearer: [] }, { operatorBasic: [] }],
    request,
    responses: {
      [spec.status ?? 200]: {
        description: spec.summary,
        content: { 'application/json': { schema: spec.answer }, ...Object.fromEntries(others) },
      },
      default: { description: 'the request failed', content: { [problemMediaType]: { schema: problemSchema } } },
    },
  };
}

function describeRole({ role, scope }: Pick<RouteSpec<z.ZodType, z.ZodType, z.ZodType>, 'role' | 'scope'>): string {
  if (role === 'any') return 'For everybody who has a token.';
  return `Needs the role ${role} in ${scope === 'tenant' ? 'the tenant' : 'the whole installation'}.`;
}

/** Who calls, when they have the role; the same refusal for a tenant that is somebody else's and for none at all. */
async function requireRole(
  access: Access,
  request: Request,
  { role, scope }: Pick<RouteSpec<z.ZodType, z.ZodType, z.ZodType>, 'role' | 'scope'>,
  tenant: string,
): Promise<{ principal: Principal; actor: string }> {
  const described = `${request.method} ${new URL(request.url).pathname}`;
  const caller = await access.authenticate(request.headers.get('authorization') ?? undefined, described);
  if (caller.kind === 'anonymous') {
    throw new ExportError('UNAUTHORIZED', 'this needs a token', {
      hint: 'log in with export-center login, or set EXPORT_CENTER_TOKEN',
    });
  }
  const where = scope === 'tenant' ? tenant : '*';
  if (caller.kind === 'principal' && (role === 'any' || hasRole(caller.principal, where, role))) {
    return { principal: caller.principal, actor: actorOf(caller) };
  }
  const place = scope === 'tenant' ? 'the tenant' : 'the whole installation';
  const reason =
    caller.kind === 'token' ? 'a registry token opens the registry alone' : `needs role ${role} in ${place}`;
  access.noteRefusal(caller, described, reason);
  throw new ExportError('DENIED', `not allowed: ${reason}`, {
    hint: 'ask the operator for a token, or name your --tenant',
  });
}

/** Browsers add remembered Basic credentials to requests of any page, and say so in this header. */
function refuseForeignPages(request: Request): void {
  const site = request.headers.get('sec-fetch-site');
  if (request.method === 'GET' || site === null || site === 'same-origin' || site === 'none') return;
  throw new ExportError('DENIED', 'requests from pages of other origins are refused');
}

function singleParameters(parameters: URLSearchParams): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (Object.hasOwn(out, name)) throw new ExportError('INPUT_INVALID', `query: ${name} is given twice`);
    out[name] = value;
  }
  return out;
}

function unknownParameter(name: string): ExportError {
  return new ExportError('INPUT_INVALID', `query: unrecognized key: "${name}"`);
}

function check<S extends z.ZodType>(schema: S | undefined, value: unknown, where: string): z.output<S> {
  const result = (schema ?? nothing).safeParse(value);
  if (result.success) return result.data as z.output<S>;
  const [issue] = result.error.issues;
  const place = [where, ...(issue?.path ?? []).map(String)].join('.');
  throw new ExportError('INPUT_INVALID', `${place}: ${lowerFirst(issue?.message ?? 'not valid')}`, {
    hint: 'the accepted form is described at /openapi.json',
  });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
