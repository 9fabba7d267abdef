// AWS Signature Version 4 for S3 ("Authenticating Requests" in the Amazon S3 API Reference): in headers, and in the query
// of a URL that somebody else may use for a while.

import { createHmac, hash } from 'node:crypto';

export type AwsCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

export type SigningScope = { readonly credentials: AwsCredentials; readonly region: string; readonly now: Date };

export type UnsignedRequest = {
  readonly method: string;
  /** Path and query are escaped by `escapeS3`. */
  readonly url: URL;
  /** All of them are signed; names in lower case. */
  readonly headers: { readonly [name: string]: string };
  /** SHA-256 of the body in hex; the server refuses other bytes. */
  readonly payloadSha256: string;
};

export const emptySha256 = hash('sha256', '', 'hex');

const algorithm = 'AWS4-HMAC-SHA256';

/** The headers to send, with the signature among them. */
export function signRequest(request: UnsignedRequest, scope: SigningScope): { [name: string]: string } {
  const { sessionToken, accessKeyId } = scope.credentials;
  const headers: { [name: string]: string } = {
    ...request.headers,
    'x-amz-content-sha256': request.payloadSha256,
    'x-amz-date': timestamp(scope.now),
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const signed = { ...headers, host: request.url.host };
  const signature = sign({ ...request, headers: signed }, scope);
  const names = Object.keys(signed).sort().join(';');
  const credential = `${accessKeyId}/${credentialScope(scope)}`;
  headers['authorization'] = `${algorithm} Credential=${credential},SignedHeaders=${names},Signature=${signature}`;
  return headers;
}

/** A URL for one GET that needs no credentials for `seconds` from `now` on. */
export function presignGet(url: URL, seconds: number, scope: SigningScope): URL {
  const { sessionToken, accessKeyId } = scope.credentials;
  const query: [string, string][] = [
    ['X-Amz-Algorithm', algorithm],
    ['X-Amz-Credential', `${accessKeyId}/${credentialScope(scope)}`],
    ['X-Amz-Date', timestamp(scope.now)],
    ['X-Amz-Expires', String(seconds)],
    ...(sessionToken === undefined ? [] : [['X-Amz-Security-Token', sessionToken] as [string, string]]),
    ['X-Amz-SignedHeaders', 'host'],
  ];
  const target = new URL(url);
  target.search = queryOf([...target.searchParams, ...query]);
  const headers = { host: target.host };
  const signature = sign({ method: 'GET', url: target, headers, payloadSha256: 'UNSIGNED-PAYLOAD' }, scope);
  target.search = `${target.search}&X-Amz-Signature=${signature}`;
  return target;
}

/** Percent-escapes all but the unreserved characters of RFC 3986; in a path the slashes stay. */
export function escapeS3(text: string, keep: '' | '/' = ''): string {
  const escaped = encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return keep === '/' ? escaped.replaceAll('%2F', '/') : escaped;
}

/** A query in the form and order in which it is signed. */
export function queryOf(parameters: Iterable<readonly [string, string]>): string {
  const pairs = Array.from(parameters, ([name, value]) => [escapeS3(name), escapeS3(value)] as const);
  const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
  pairs.sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function sign({ method, url, headers, payloadSha256 }: UnsignedRequest, scope: SigningScope): string {
  const names = Object.keys(headers).sort();
  const canonical = [
    method,
    url.pathname,
    queryOf(url.searchParams),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim()}`),
    '',
    names.join(';'),
    payloadSha256,
  ].join('\n');
  const text = [algorithm, timestamp(scope.now), credentialScope(scope), hash('sha256', canonical, 'hex')].join('\n');
  return hmac(signingKey(scope), text).toString('hex');
}

function signingKey({ credentials, region, now }: SigningScope): Buffer {
  const date = hmac(Buffer.from(`AWS4${credentials.secretAccessKey}`), day(now));
  return hmac(hmac(hmac(date, region), 's3'), 'aws4_request');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function credentialScope({ region, now }: SigningScope): string {
  return `${day(now)}/${region}/s3/aws4_request`;
}

/** `YYYYMMDDThhmmssZ` */
function timestamp(now: Date): string {
  return `${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function day(now: Date): string {
  return timestamp(now).slice(0, 8);
}
