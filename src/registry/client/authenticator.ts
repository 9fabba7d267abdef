// Logging in at one registry, as its challenges ask: Bearer tokens for scopes (Docker token authentication, anonymous
// too), Basic, or a token that the caller brought. Nothing is sent before the registry asks, except the caller's own
// token to its own origin. Tokens live in memory for their time.

import type { Clock } from '../../core/clock.ts';
import type { Challenge } from './challenge.ts';
import { secretsOf, type Credential } from './credential.ts';
import type { Credentials } from './credentials.ts';
import { fetchToken } from './fetch-token.ts';
import type { Http } from './http.ts';
import { checkRealm } from './token-realm.ts';

type Token = { readonly value: string; readonly expiresAt: number };

/** What the registry told about its token service. */
type Service = { readonly realm: URL; readonly service: string | undefined };

/** Time before its end at which a token counts as gone. */
const marginMs = 5_000;

export class Authenticator {
  readonly #http: Http;
  readonly #registry: URL;
  readonly #credentials: Credentials;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Promise<Token>>();
  #service: Service | undefined;
  #fixed: string | undefined;
  #found: Credential | undefined;
  #problem: string | undefined;

  constructor(http: Http, registry: URL, credentials: Credentials, clock: Clock) {
    this.#http = http;
    this.#registry = registry;
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** Why no credentials could be read, for the hint of a refusal. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** What must not appear in a message. */
  get secrets(): string[] {
    const given = this.#credentials.tokenFor(this.#registry.origin);
    return given === undefined ? secretsOf(this.#found) : [given];
  }

  /** The Authorization header for `scopes` as far as it is known without asking the registry again. */
  async authorization(scopes: readonly string[]): Promise<string | undefined> {
    const given = this.#credentials.tokenFor(this.#registry.origin);
    if (given !== undefined) return `Bearer ${given}`;
    if (this.#fixed !== undefined) return this.#fixed;
    if (!this.#service) return undefined;
    return `Bearer ${await this.#token(this.#service, scopes, [])}`;
  }

  /** After a 401: a header that may do better than `used`, undefined when there is none. */
  async answer(challenges: Challenge[], scopes: readonly string[], used?: string): Promise<string | undefined> {
    if (this.#credentials.tokenFor(this.#registry.origin) !== undefined) return undefined;
    const credential = await this.#credential();
    const better = await this.#header(challenges, scopes, credential);
    return better === used ? undefined : better;
  }

  async #header(
    challenges: Challenge[],
    scopes: readonly string[],
    credential: Credential | undefined,
  ): Promise<string | undefined> {
    if (credential?.kind === 'bearer') return (this.#fixed = `Bearer ${credential.token}`);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) {
      const { parameters } = bearer;
      const realm = checkRealm(parameters.get('realm'), this.#registry);
      this.#service = { realm, service: parameters.get('service') };
      this.#tokens.delete(cacheKey(scopes));
      return `Bearer ${await this.#token(this.#service, scopes, (parameters.get('scope') ?? '').split(' '))}`;
    }
    if (challenges.some(({ scheme }) => scheme === 'basic') && credential?.kind === 'basic') {
      const pair = Buffer.from(`${credential.username}:${credential.password}`, 'utf8');
      return (this.#fixed = `Basic ${pair.toString('base64')}`);
    }
    return undefined;
  }

  async #token(service: Service, scopes: readonly string[], challenged: readonly string[]): Promise<string> {
    const key = cacheKey(scopes);
    const known = this.#tokens.get(key);
    if (known) {
      const token = await known;
      if (token.expiresAt - marginMs > this.#clock.now().getTime()) return token.value;
    }
    // Requests that start together share one fetch; whoever comes first replaces what was there.
    const current = this.#tokens.get(key);
    const pending = current !== undefined && current !== known ? current : this.#fetch(service, scopes, challenged);
    this.#tokens.set(key, pending);
    try {
      return (await pending).value;
    } catch (thrown) {
      if (this.#tokens.get(key) === pending) this.#tokens.delete(key);
      throw thrown;
    }
  }

  async #fetch(service: Service, scopes: readonly string[], challenged: readonly string[]): Promise<Token> {
    const wanted = mergeScopes([...scopes, ...challenged]);
    const { token, expiresInMs } = await fetchToken(this.#http, {
      ...service,
      registry: this.#registry,
      scopes: wanted,
      credential: await this.#credential(),
    });
    return { value: token, expiresAt: this.#clock.now().getTime() + expiresInMs };
  }

  async #credential(): Promise<Credential | undefined> {
    if (this.#found) return this.#found;
    const { credential, problem } = await this.#credentials.find(this.#registry.origin);
    this.#problem = problem;
    this.#found = credential;
    return credential;
  }
}

function cacheKey(scopes: readonly string[]): string {
  return mergeScopes(scopes).join(' ');
}

/** One scope for each resource, actions united and sorted; the actions follow the last colon. */
export function mergeScopes(scopes: readonly string[]): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of scopes) {
    const colon = scope.lastIndexOf(':');
    if (colon <= 0) continue;
    const resource = scope.slice(0, colon);
    const set = actions.get(resource) ?? new Set<string>();
    for (const action of scope.slice(colon + 1).split(',')) set.add(action);
    actions.set(resource, set);
  }
  return [...actions].map(([resource, set]) => `${resource}:${[...set].sort().join(',')}`).sort();
}
