// The door of the service: from an Authorization header to a caller, from a caller to what they may do.
// Today there is one principal, the operator, whose token lies in the data folder; tenants' tokens join in `logIn`.

import { join } from 'node:path';
import { ExportError } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import { createTokenSigner, type AccessToken, type IssuedToken, type TokenSigner } from './access-token.ts';
import { parseCredentials, type Credentials } from './credentials.ts';
import { mayAccess, type Action, type Principal } from './roles.ts';
import { sameSecret } from './same-secret.ts';
import type { Scope } from './scope.ts';
import { openSecret } from './secret-file.ts';

export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'principal'; readonly principal: Principal }
  /** Somebody with a token of ours: they may do what it says, no more. */
  | { readonly kind: 'token'; readonly token: AccessToken };

export const anonymous: Caller = { kind: 'anonymous' };

export interface Access {
  /**
   * Who sends this Authorization header; without one, anonymous. Throws UNAUTHORIZED for credentials that are wrong,
   * unreadable or expired: they are never taken for anonymous.
   */
  authenticate(authorization: string | undefined): Promise<Caller>;
  /** Whether the caller may do `action` to `repository`. */
  allows(caller: Caller, repository: string, action: Action): boolean;
  /** Whether everybody may pull from `repository`. */
  isPublic(repository: string): boolean;
  /** A short-lived token for the part of `scopes` that the caller may do. */
  issueToken(caller: Caller, scopes: readonly Scope[]): IssuedToken;
}

export type AccessOptions = {
  readonly clock: Clock;
  /** Which repositories everybody may pull from; by default all. */
  readonly anonymousPull?: (repository: string) => boolean;
};

/** The user name that goes with the operator token in Basic authentication. */
export const operatorName = 'operator';

const operator: Principal = { name: operatorName, grants: [{ role: 'operator', tenant: '*' }] };

/** Opens the access rules of a data folder; makes `operator.token` and `token.key` (mode 0600) on first start. */
export async function openAccess(dir: string, options: AccessOptions): Promise<Access> {
  const operatorToken = await openOperatorToken(dir);
  const signer = createTokenSigner(await openSecret(join(dir, 'token.key')), options.clock);
  const isPublic = options.anonymousPull ?? (() => true);
  const allows = (caller: Caller, repository: string, action: Action): boolean => {
    if (action === 'pull' && isPublic(repository)) return true;
    if (caller.kind === 'principal') return mayAccess(caller.principal, repository, action);
    if (caller.kind === 'anonymous') return false;
    return caller.token.scopes.some((scope) => scope.repository === repository && scope.actions.includes(action));
  };
  return {
    authenticate: async (authorization) => logIn(authorization, operatorToken, signer),
    allows,
    isPublic,
    issueToken(caller, scopes) {
      const granted = scopes.map(({ repository, actions }) => ({
        repository,
        actions: actions.filter((action) => allows(caller, repository, action)),
      }));
      return signer.issue({
        subject: subjectOf(caller),
        scopes: granted.filter((scope) => scope.actions.length > 0),
      });
    },
  };
}

/** The operator token of a data folder, made on first start (contract.md: `DIR/operator.token`, mode 0600). */
export function openOperatorToken(dir: string): Promise<string> {
  return openSecret(join(dir, 'operator.token'));
}

function logIn(authorization: string | undefined, operatorToken: string, signer: TokenSigner): Caller {
  if (authorization === undefined) return anonymous;
  const credentials = parseCredentials(authorization);
  if (!credentials) throw new ExportError('UNAUTHORIZED', 'the authorization header cannot be read');
  if (isOperator(credentials, operatorToken)) return { kind: 'principal', principal: operator };
  const token = credentials.scheme === 'bearer' ? signer.verify(credentials.token) : undefined;
  if (!token) {
    throw new ExportError('UNAUTHORIZED', 'the credentials are wrong or have expired', {
      hint: 'log in as user operator with the text of operator.token in the data folder',
    });
  }
  return { kind: 'token', token };
}

function isOperator(credentials: Credentials, operatorToken: string): boolean {
  if (credentials.scheme === 'bearer') return sameSecret(credentials.token, operatorToken);
  return credentials.user === operatorName && sameSecret(credentials.password, operatorToken);
}

function subjectOf(caller: Caller): string {
  if (caller.kind === 'anonymous') return '';
  return caller.kind === 'principal' ? caller.principal.name : caller.token.subject;
}
