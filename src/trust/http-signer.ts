// A signer behind HTTP: POST of JSON `{algorithm, digest | data}` (base64), answered by `{signature}` (base64). A token
// goes as a Bearer token, over TLS or to this machine alone.

import { ExportError } from '../core/errors.ts';
import { maxSignatureBytes, type SignerInput, type SignerTransport } from './remote-signer.ts';
import type { KeyAlgorithm } from './public-key.ts';

const timeoutMs = 30_000;

/** Sends one POST; given by the composition root, so that proxies, authorities and `--offline` hold here too. */
export type Post = (request: PostRequest) => Promise<{ readonly status: number; readonly body: Buffer }>;

export type PostRequest = {
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly body: Buffer;
  readonly maxAnswerBytes: number;
  readonly signal?: AbortSignal;
};

/** The answer within 30 seconds; UNREACHABLE, to be tried again, when `name` takes longer. */
export async function postInTime(
  post: Post,
  name: string,
  request: Omit<PostRequest, 'signal'>,
): Promise<Awaited<ReturnType<Post>>> {
  const signal = AbortSignal.timeout(timeoutMs);
  return post({ ...request, signal }).catch((cause: unknown) => {
    if (!signal.aborted) throw cause;
    throw new ExportError('UNREACHABLE', `${name} did not answer in time`, { retryable: true, cause });
  });
}

export type HttpSignerOptions = {
  readonly algorithm: KeyAlgorithm;
  readonly input: SignerInput;
  readonly token?: string | undefined;
  readonly post: Post;
};

/** Throws USAGE for a URL that is none, or that is plain HTTP to another machine. */
export function httpTransport(text: string, { algorithm, input, token, post }: HttpSignerOptions): SignerTransport {
  const url = serviceUrl(text, 'EXPORT_CENTER_SIGNER');
  const name = `the signer ${url.host}`;
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return {
    name,
    async ask(bytes, signal) {
      const body = Buffer.from(JSON.stringify({ algorithm, [input]: bytes.toString('base64') }));
      const answer = await post({ url, headers, body, maxAnswerBytes: maxSignatureBytes, signal });
      if (answer.status !== 200) throw refused(name, answer.status);
      return signatureOf(answer.body, name);
    },
  };
}

/** The URL that a variable has; https, or http on this machine. Throws USAGE, without repeating what may be secret. */
export function serviceUrl(text: string, variable: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = /^(?:localhost|.*\.localhost|127\.0\.0\.1|\[::1\])$/.test(url?.hostname ?? '');
  if (url && url.username === '' && (url.protocol === 'https:' || (url.protocol === 'http:' && local))) return url;
  throw new ExportError('USAGE', `${variable} must be an https URL without credentials`, {
    hint: 'plain http is for services on localhost',
  });
}

function signatureOf(body: Buffer, name: string): Buffer {
  try {
    const { signature } = JSON.parse(body.toString('utf8')) as { signature?: unknown };
    if (typeof signature === 'string') return Buffer.from(signature, 'base64');
  } catch {
    // Falls through to the one refusal.
  }
  throw new ExportError('UNREACHABLE', `${name} answered with something else than {"signature": …}`);
}

function refused(name: string, status: number): ExportError {
  if (status === 401 || status === 403) {
    return new ExportError('DENIED', `${name} refused to sign (${status})`, {
      hint: 'set its token in EXPORT_CENTER_SIGNER_TOKEN',
    });
  }
  return new ExportError('UNREACHABLE', `${name} answered with status ${status}`, { retryable: status >= 500 });
}
