// Short-lived access tokens: compact JWS (RFC 7515) with HMAC-SHA-256 and the claims of the distribution token
// protocol. The key lives in the data folder, so every process on that folder accepts the others' tokens.

import { createHmac, randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { sameSecret } from './same-secret.ts';
import { actions, type Action } from './roles.ts';
import type { Scope } from './scope.ts';

export const tokenLifetimeSeconds = 300;

/** Clocks of several machines may differ by this much. */
const leewaySeconds = 30;

const issuer = 'export-center';
const header = encode({ alg: 'HS256', typ: 'JWT' });

/** What a token says: who it was issued to (empty: anonymous) and what it allows. */
export type AccessToken = {
  readonly subject: string;
  readonly scopes: readonly Scope[];
  /** Of the token that it was issued for: it is good for as long as that one is. */
  readonly tokenId?: string;
};

export type IssuedToken = { readonly token: string; readonly issuedAt: Date; readonly expiresInSeconds: number };

export type TokenSigner = {
  issue(token: AccessToken): IssuedToken;
  /** The token's content, undefined when it is not ours, altered or out of its time. */
  verify(text: string): AccessToken | undefined;
};

/** A signer with the secret `key`. */
export function createTokenSigner(key: string, clock: Clock): TokenSigner {
  const seal = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');
  return {
    issue({ subject, scopes, tokenId }) {
      const issuedAt = clock.now();
      const now = Math.floor(issuedAt.getTime() / 1000);
      const access = scopes.map((scope) => ({ type: 'repository', name: scope.repository, actions: scope.actions }));
      const claims = { iss: issuer, aud: issuer, sub: subject, iat: now, nbf: now, exp: now + tokenLifetimeSeconds };
      const holder = tokenId === undefined ? {} : { tid: tokenId };
      const signed = `${header}.${encode({ ...claims, ...holder, jti: randomUUID(), access })}`;
      return { token: `${signed}.${seal(signed)}`, issuedAt, expiresInSeconds: tokenLifetimeSeconds };
    },
    verify(text) {
      const end = text.lastIndexOf('.');
      // The header is compared as a whole, so no other algorithm can be named in it.
      if (end < 0 || !text.startsWith(`${header}.`) || !sameSecret(text.slice(end + 1), seal(text.slice(0, end)))) {
        return undefined;
      }
      return readClaims(text.slice(header.length + 1, end), Math.floor(clock.now().getTime() / 1000));
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

type Claims = {
  iss: string;
  aud: string;
  sub: string;
  tid?: string;
  nbf: number;
  exp: number;
  access: { name: string; actions: string[] }[];
};

/** Called only after the seal was checked, so the claims have the shape that `issue` gives them. */
function readClaims(payload: string, now: number): AccessToken | undefined {
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims;
  if (claims.iss !== issuer || claims.aud !== issuer) return undefined;
  if (now > claims.exp + leewaySeconds || now < claims.nbf - leewaySeconds) return undefined;
  const isAction = (text: string): text is Action => (actions as readonly string[]).includes(text);
  return {
    subject: claims.sub,
    ...(claims.tid === undefined ? {} : { tokenId: claims.tid }),
    scopes: claims.access.map((entry) => ({ repository: entry.name, actions: entry.actions.filter(isAction) })),
  };
}
