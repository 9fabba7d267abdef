// One repository of one registry as an address: builds URLs, sends authorized requests, turns refusals into errors.
// Credentials go to the registry's own origin and nowhere else.

import type { Clock } from '../../core/clock.ts';
import { ExportError } from '../../core/errors.ts';
import { Authenticator } from './authenticator.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import type { HttpResponse } from './http-response.ts';
import type { Http, HttpRequest } from './http.ts';
import { registryError } from './registry-error.ts';

export type RegistryRequest = Omit<HttpRequest, 'url'> & {
  /** Below `/v2/<repository>/`, such as `manifests/latest`; or a URL that the registry gave. */
  readonly target: string | URL;
  readonly scopes: readonly string[];
};

export type EndpointOptions = {
  readonly http: Http;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Plain HTTP; default: for names of this machine only. */
  readonly plainHttp?: boolean | undefined;
};

type Server = { readonly origin: URL; readonly auth: Authenticator };

export class RegistryEndpoint {
  readonly http: Http;
  /** As people write it. */
  readonly host: string;
  readonly repository: string;
  readonly #options: EndpointOptions;
  #server: Promise<Server> | undefined;
  #problem: string | undefined;
  #secrets: readonly string[] = [];
  #lastAuthorization: string | undefined;

  constructor(host: string, repository: string, options: EndpointOptions) {
    this.http = options.http;
    this.host = host;
    this.repository = repository;
    this.#options = options;
  }

  /** Scopes of the token specification for this repository. */
  get pull(): string[] {
    return [`repository:${this.repository}:pull`];
  }

  get push(): string[] {
    return [`repository:${this.repository}:pull,push`];
  }

  /** Sends, answers one challenge, and gives back whatever status comes then. */
  async send(request: RegistryRequest): Promise<HttpResponse> {
    this.#server ??= this.#connect();
    const { origin, auth } = await this.#server;
    const { target, scopes, ...rest } = request;
    const url = typeof target === 'string' ? new URL(`/v2/${this.repository}/${target}`, origin) : target;
    if (url.origin !== origin.origin) return this.http.request({ ...rest, url });
    const before = await auth.authorization(scopes);
    const response = await this.#sendAs(before, rest, url);
    // A 401 from behind a redirect is not this registry's challenge.
    if (response.status !== 401 || response.url.origin !== origin.origin) return response;
    const challenges = parseChallenges(response.headers['www-authenticate']);
    const after = await auth.answer(challenges, scopes, before);
    this.#problem = auth.problem;
    this.#secrets = auth.secrets;
    if (after === undefined) return response;
    await response.discard();
    return this.#sendAs(after, rest, url);
  }

  /** The error for an answer that is not what was hoped for. */
  refusal(operation: string, response: HttpResponse): Promise<ExportError> {
    const sent = this.#lastAuthorization?.replace(/^\S+ /, '');
    const hidden = sent === undefined ? this.#secrets : [sent, ...this.#secrets];
    return registryError(operation, this.host, response, { hidden, problem: this.#problem });
  }

  #sendAs(
    authorization: string | undefined,
    request: Omit<RegistryRequest, 'target' | 'scopes'>,
    url: URL,
  ): Promise<HttpResponse> {
    this.#lastAuthorization = authorization;
    return this.http.request({ ...request, url, headers: { ...request.headers, authorization } });
  }

  async #connect(): Promise<Server> {
    const { http, credentials, clock, plainHttp } = this.#options;
    const origin = originOf(this.host, plainHttp ?? (isThisMachine(this.host) && !(await this.#speaksTls())));
    return { origin, auth: new Authenticator(http, origin, credentials, clock) };
  }

  /** Plain HTTP is taken for granted on this machine, unless the caller trusts an authority of its own and is right. */
  async #speaksTls(): Promise<boolean> {
    if (!this.http.hasOwnAuthorities) return false;
    try {
      const url = new URL('/v2/', `https://${this.host}/`);
      await (await this.http.request({ method: 'HEAD', url, retry: false })).discard();
      return true;
    } catch (thrown) {
      if (thrown instanceof ExportError && thrown.code === 'UNREACHABLE') return false;
      throw thrown;
    }
  }
}

/** Docker Hub's registry has another name than its references. */
function originOf(host: string, plainHttp: boolean): URL {
  const server = host === 'docker.io' || host === 'index.docker.io' ? 'registry-1.docker.io' : host;
  return new URL(`${plainHttp ? 'http' : 'https'}://${server}/`);
}

/** The names for which plain HTTP is taken for granted. */
export function isThisMachine(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '127.0.0.1' || name === '[::1]';
}
