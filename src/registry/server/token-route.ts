// The token endpoint (distribution token protocol): GET with Basic credentials, or with none for anonymous access.
// Less than what was asked for is no error; the resource then answers 401. The OAuth2 form (POST) is not offered, and
// clients that try it go on with GET when they get 404.

import { formatSeconds } from '../../core/clock.ts';
import { ExportError } from '../../core/errors.ts';
import { parseScopes } from '../../access/scope.ts';
import { headerOf, replyJson, type Exchange } from './exchange.ts';
import { basicChallenge, refuse } from './oci-error.ts';

export async function handleToken(x: Omit<Exchange, 'caller'>): Promise<void> {
  if (x.method !== 'GET') return refuse(x, 404, 'UNSUPPORTED', { message: 'tokens are given to GET only' });
  const { access } = x.context;
  try {
    const caller = await access.authenticate(headerOf(x, 'authorization'), `${x.method} /token`);
    const { token, issuedAt, expiresInSeconds } = access.issueToken(caller, parseScopes(x.query.getAll('scope')));
    return replyJson(
      x,
      { token, access_token: token, expires_in: expiresInSeconds, issued_at: formatSeconds(issuedAt) },
      { 'Cache-Control': 'no-store' },
    );
  } catch (thrown) {
    if (!(thrown instanceof ExportError && thrown.code === 'UNAUTHORIZED')) throw thrown;
    const headers = { 'WWW-Authenticate': basicChallenge };
    return refuse(x, 401, 'UNAUTHORIZED', { message: thrown.message, headers });
  }
}
