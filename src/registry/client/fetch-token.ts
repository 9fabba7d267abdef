// One exchange with a registry's token service (Docker token authentication: GET with Basic or without credentials;
// OAuth2 form: POST with an identity token).

import { ExportError } from '../../core/errors.ts';
import { secretsOf, type Credential } from './credential.ts';
import type { Http, HttpRequest } from './http.ts';
import { registryError } from './registry-error.ts';

export type TokenRequest = {
  readonly registry: URL;
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credential: Credential | undefined;
};

const clientId = 'export-center';
const answerLimit = 65_536;
/** What a token is good for when the service does not say (token authentication specification, expires_in). */
const defaultSeconds = 60;

export async function fetchToken(http: Http, request: TokenRequest): Promise<{ token: string; expiresInMs: number }> {
  const { credential } = request;
  const response = await http.request(
    credential?.kind === 'identity' ? exchange(request, credential.token) : ask(request, credential),
  );
  if (response.status !== 200) {
    throw await registryError('log in', request.registry.host, response, { hidden: secretsOf(credential) });
  }
  const answer = readJson(await response.bytes(answerLimit));
  const token = answer['token'] ?? answer['access_token'];
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ExportError('REGISTRY_REFUSED', `${request.registry.host} gives a login answer without a token`);
  }
  const seconds = answer['expires_in'];
  return { token, expiresInMs: (typeof seconds === 'number' && seconds > 0 ? seconds : defaultSeconds) * 1000 };
}

function ask({ realm, service, scopes }: TokenRequest, credential: Credential | undefined): HttpRequest {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credential?.kind !== 'basic') return { method: 'GET', url };
  const pair = Buffer.from(`${credential.username}:${credential.password}`, 'utf8').toString('base64');
  return { method: 'GET', url, headers: { authorization: `Basic ${pair}` } };
}

function exchange({ realm, service, scopes }: TokenRequest, identity: string): HttpRequest {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId, refresh_token: identity });
  if (service !== undefined) form.set('service', service);
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const body = Buffer.from(form.toString());
  return {
    method: 'POST',
    url: realm,
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) },
    retry: true,
  };
}

function readJson(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through: the answer is as useless as an empty one, and its text may be a secret.
  }
  return {};
}
