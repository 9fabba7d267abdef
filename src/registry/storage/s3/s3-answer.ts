// Reading what an S3 service answers: its small XML documents, and its refusals as errors of the product. The documents
// are flat lists of text elements, so no general XML parser is needed.

import { ExportError } from '../../../core/errors.ts';
import type { HttpResponse } from '../../client/http-response.ts';

const answerBytes = 8 << 20;

/** The document of an answer as text. */
export async function readXml(response: HttpResponse): Promise<string> {
  return (await response.bytes(answerBytes)).toString('utf8');
}

/** Contents of every element of this name, in order; elements of one name are not nested in each other. */
export function elements(xml: string, name: string): string[] {
  return Array.from(
    xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g')),
    (match) => match[1] ?? '',
  );
}

/** Text of the first element of this name, undefined when there is none. */
export function textOf(xml: string, name: string): string | undefined {
  const [first] = elements(xml, name);
  return first === undefined ? undefined : unescapeXml(first);
}

/** Text as content of an element. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const named: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name = '') => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return decimal === undefined ? (named[name] ?? whole) : String.fromCodePoint(Number(decimal));
  });
}

const fullCodes: readonly string[] = [
  'QuotaExceeded',
  'InsufficientStorage',
  'XMinioStorageFull',
  'NoSpaceLeftOnDevice',
];

/** The error for an answer that is not what was hoped for; `what` reads like `storing content`. Consumes the body. */
export async function s3Refusal(what: string, response: HttpResponse): Promise<ExportError> {
  const xml = await readXml(response).catch(() => '');
  return refusal(what, response.status, textOf(xml, 'Code') ?? '');
}

/** For answers that begin as a success and end as a failure. */
export function refusal(what: string, status: number, said: string): ExportError {
  const code = /^[A-Za-z0-9.]{1,60}$/.test(said) ? said : '';
  const full = status === 507 || fullCodes.includes(code);
  const message = `${what}: the object storage answers ${status}${code === '' ? '' : ` ${code}`}`;
  return new ExportError(full ? 'STORAGE_FULL' : 'STORAGE_FAILED', message, {
    hint: hintFor(status, code, full),
    retryable: full || status === 429 || status >= 500,
  });
}

function hintFor(status: number, code: string, full: boolean): string {
  if (full) return 'make room in the bucket; nothing was stored by halves';
  if (code === 'NoSuchBucket') return 'make the bucket first, and check its name';
  if (code === 'RequestTimeTooSkewed') return 'the clock of this machine is wrong';
  if (status === 403)
    return 'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and what they are allowed to do';
  return status >= 500
    ? 'the object storage itself fails; its log says more'
    : 'check AWS_ENDPOINT_URL_S3 and the bucket';
}
