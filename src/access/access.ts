// The door of the service: from an Authorization header to a caller, from a caller to what they may do. One principal is
// always there: the operator, whose token lies in the data folder. Tenants' tokens come from a source, where there is one.

import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { ExportError } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { AccessSource, StoredToken } from './access-source.ts';
import { createTokenSigner, type AccessToken, type IssuedToken, type TokenSigner } from './access-token.ts';
import { parseCredentials, type Credentials } from './credentials.ts';
import { isPublicBy, type PullRule } from './pull-rules.ts';
import { mayAccess, type Action, type Principal } from './roles.ts';
import { sameSecret } from './same-secret.ts';
import type { Scope } from './scope.ts';
import { openSecret } from './secret-file.ts';
import { hashToken, isTokenSecret } from './token-secret.ts';

export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'principal'; readonly principal: Principal }
  /** Somebody with a short-lived token of ours: they may do what it says and its holder may do, no more. */
  | { readonly kind: 'token'; readonly token: AccessToken; readonly holder: Principal | undefined };

export const anonymous: Caller = { kind: 'anonymous' };

export interface Access {
  /**
   * Who sends this Authorization header; without one, anonymous. Throws UNAUTHORIZED for credentials that are wrong,
   * unreadable, expired or revoked: they are never taken for anonymous. `request` (method and path) is for the audit.
   */
  authenticate(authorization: string | undefined, request?: string): Promise<Caller>;
  /** Whether the caller may do `action` to `repository`. Asked after `authenticate`, within the same request. */
  allows(caller: Caller, repository: string, action: Action): boolean;
  /** Whether everybody may pull from `repository`. */
  isPublic(repository: string): boolean;
  /** A short-lived token for the part of `scopes` that the caller may do. */
  issueToken(caller: Caller, scopes: readonly Scope[]): IssuedToken;
  /** Keeps for the audit that somebody known was refused. Returns at once. */
  noteRefusal(caller: Caller, request: string, reason: string): void;
}

export type AccessOptions = {
  readonly clock: Clock;
  /** Tokens and rules of tenants; without it there is the operator alone. */
  readonly source?: AccessSource;
  /** Which repositories everybody may pull from; by default what the source's rules say, without any all of `default`. */
  readonly anonymousPull?: (repository: string) => boolean;
};

/** The user name that goes with the operator token in Basic authentication. */
export const operatorName = 'operator';

const operator: Principal = { name: operatorName, grants: [{ role: 'operator', tenant: '*' }] };

/** Opens the access rules of a data folder; makes `operator.token` and `token.key` (mode 0600) on first start. */
export async function openAccess(dir: string, options: AccessOptions): Promise<Access> {
  const operatorToken = await openOperatorToken(dir);
  const signer = createTokenSigner(await openSecret(join(dir, 'token.key')), options.clock);
  const rules = (await options.source?.pullRules()) ?? [];
  return new Door(operatorToken, signer, rules, options);
}

/** The operator token of a data folder, made on first start (contract.md: `DIR/operator.token`, mode 0600). */
export function openOperatorToken(dir: string): Promise<string> {
  return openSecret(join(dir, 'operator.token'));
}

/** How the audit names a caller. */
export function actorOf(caller: Caller): string {
  const principal =
    caller.kind === 'principal' ? caller.principal : caller.kind === 'token' ? caller.holder : undefined;
  return principal === undefined ? 'anonymous' : nameOf(principal.name, principal.tokenId);
}

class Door implements Access {
  readonly #operatorToken: string;
  readonly #signer: TokenSigner;
  readonly #options: AccessOptions;
  #rules: readonly PullRule[];

  constructor(operatorToken: string, signer: TokenSigner, rules: readonly PullRule[], options: AccessOptions) {
    this.#operatorToken = operatorToken;
    this.#signer = signer;
    this.#rules = rules;
    this.#options = options;
  }

  async authenticate(authorization: string | undefined, request?: string): Promise<Caller> {
    const { source } = this.#options;
    if (source) this.#rules = await source.pullRules();
    if (authorization === undefined) return anonymous;
    const credentials = parseCredentials(authorization);
    if (!credentials) throw new ExportError('UNAUTHORIZED', 'the authorization header cannot be read');
    if (isOperator(credentials, this.#operatorToken)) return { kind: 'principal', principal: operator };
    const secret = credentials.scheme === 'basic' ? credentials.password : credentials.token;
    const issued = credentials.scheme === 'bearer' ? this.#signer.verify(secret) : undefined;
    if (issued) return { kind: 'token', token: issued, holder: await this.#holderOf(issued, request) };
    const stored = isTokenSecret(secret) ? await this.#find(secret) : undefined;
    return { kind: 'principal', principal: this.#admit(stored, request) };
  }

  allows(caller: Caller, repository: string, action: Action): boolean {
    if (action === 'pull' && this.isPublic(repository)) return true;
    if (caller.kind === 'anonymous') return false;
    if (caller.kind === 'principal') return mayAccess(caller.principal, repository, action);
    const { token, holder } = caller;
    if (!holder || !mayAccess(holder, repository, action)) return false;
    return token.scopes.some((scope) => scope.repository === repository && scope.actions.includes(action));
  }

  isPublic(repository: string): boolean {
    return this.#options.anonymousPull?.(repository) ?? isPublicBy(this.#rules, repository);
  }

  issueToken(caller: Caller, scopes: readonly Scope[]): IssuedToken {
    const granted = scopes.map(({ repository, actions }) => ({
      repository,
      actions: actions.filter((action) => this.allows(caller, repository, action)),
    }));
    return this.#signer.issue({ ...holderClaims(caller), scopes: granted.filter(({ actions }) => actions.length > 0) });
  }

  noteRefusal(caller: Caller, request: string, reason: string): void {
    const actor = actorOf(caller);
    // Strangers are asked for credentials all the time: that is the protocol, and no refusal of anybody.
    if (actor !== 'anonymous') this.#options.source?.noteRefusal({ actor, request, reason });
  }

  /** Who a short-lived token was issued to: undefined for strangers. Throws when their own token is no longer good. */
  async #holderOf({ subject, tokenId }: AccessToken, request: string | undefined): Promise<Principal | undefined> {
    if (tokenId !== undefined) return this.#admit(await this.#options.source?.tokenById(tokenId), request);
    return subject === operatorName ? operator : undefined;
  }

  async #find(secret: string): Promise<StoredToken | undefined> {
    const hash = hashToken(secret);
    const stored = await this.#options.source?.tokenByHash(hash);
    // Looked up by its hash, which tells nobody how near a guess was; compared in constant time all the same.
    return stored && timingSafeEqual(Buffer.from(stored.sha256, 'hex'), Buffer.from(hash, 'hex')) ? stored : undefined;
  }

  #admit(stored: StoredToken | undefined, request: string | undefined): Principal {
    const { source, clock } = this.#options;
    if (stored && isLive(stored, clock.now())) {
      source?.noteUse(stored.id);
      return { name: stored.name, grants: [stored.grant], tokenId: stored.id };
    }
    if (request !== undefined) {
      const actor = stored === undefined ? 'unknown' : nameOf(stored.name, stored.id);
      source?.noteRefusal({ actor, request, reason: 'wrong, expired or revoked credentials' });
    }
    throw new ExportError('UNAUTHORIZED', 'the credentials are wrong, have expired or were revoked', {
      hint: 'log in with a token of your tenant, or as user operator with the text of operator.token in the data folder',
    });
  }
}

function isLive({ expiresAt, revokedAt }: StoredToken, now: Date): boolean {
  return revokedAt === undefined && (expiresAt === undefined || Date.parse(expiresAt) > now.getTime());
}

function isOperator(credentials: Credentials, operatorToken: string): boolean {
  if (credentials.scheme === 'bearer') return sameSecret(credentials.token, operatorToken);
  return credentials.user === operatorName && sameSecret(credentials.password, operatorToken);
}

/** A token that was traded for another one stays its holder's. */
function holderClaims(caller: Caller): Pick<AccessToken, 'subject' | 'tokenId'> {
  if (caller.kind === 'anonymous') return { subject: '' };
  if (caller.kind === 'token') {
    const { subject, tokenId } = caller.token;
    return { subject, ...(tokenId === undefined ? {} : { tokenId }) };
  }
  const { name, tokenId } = caller.principal;
  return { subject: name, ...(tokenId === undefined ? {} : { tokenId }) };
}

function nameOf(name: string, tokenId: string | undefined): string {
  return tokenId === undefined ? name : `${name} (${tokenId})`;
}
