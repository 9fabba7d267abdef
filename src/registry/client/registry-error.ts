// A registry's refusal as one of our errors: host, what was asked, the registry's code and message (distribution-spec
// v1.1.1 §error codes), and a hint that says which rule bites.

import { ExportError, type ErrorCode } from '../../core/errors.ts';
import type { HttpResponse } from './http-response.ts';

export type RefusalContext = {
  /** Secrets that a careless registry may echo. */
  readonly hidden?: readonly string[];
  /** Why no credentials could be read. */
  readonly problem?: string | undefined;
};

const bodyLimit = 65_536;

/** Consumes the body and gives the error to throw. `operation` reads like `push a blob to team/app`. */
export async function registryError(
  operation: string,
  host: string,
  response: HttpResponse,
  context: RefusalContext = {},
): Promise<ExportError> {
  const { code, message } = await readRefusal(response);
  const said = [code, message].filter((part) => part !== '').join(': ');
  const text = hide(
    `${host} refuses to ${operation}: status ${response.status}${said === '' ? '' : ` ${said}`}`,
    context,
  );
  const hint = isAboutTypes(response.status, said) ? plainHint : hintFor(response.status, host, code, context.problem);
  return new ExportError(codeFor(response.status), text, {
    retryable: response.status === 429 || response.status >= 500,
    ...(hint === undefined ? {} : { hint }),
  });
}

const plainHint =
  'this registry takes listed media types only: see what it takes with `export-center registry check REFERENCE`, and ' +
  'publish with a profile that has "encoding": "plain"';

/** GitLab names the unknown media type, Quay the schema that a type does not match. */
function isAboutTypes(status: number, said: string): boolean {
  const words = /media ?type|artifact ?type|does not match schema|schema validation|is not one of/i;
  return [400, 415, 422].includes(status) && words.test(said);
}

function codeFor(status: number): ErrorCode {
  if (status === 401) return 'UNAUTHORIZED';
  if (status === 403) return 'DENIED';
  if (status === 404) return 'NOT_FOUND';
  return status === 502 || status === 503 || status === 504 ? 'UNREACHABLE' : 'REGISTRY_REFUSED';
}

function hintFor(status: number, host: string, code: string, problem: string | undefined): string | undefined {
  if (status === 401 || status === 403) {
    const login = `log in first: oras login ${host}, or docker login ${host}`;
    return problem === undefined ? login : `${problem}; ${login}`;
  }
  if (status === 404 && code === 'NAME_UNKNOWN')
    return 'the repository does not exist; some registries want it created first';
  if (status === 405)
    return 'this registry forbids the operation; Amazon ECR answers so above 500 layers in a manifest';
  if (status === 413) return 'the registry, or a proxy before it, limits the size of a body';
  if (status === 429) return 'the registry limits how much is asked in a time; try again later or with credentials';
  return status >= 500 ? 'the registry itself fails; its log says more' : undefined;
}

async function readRefusal(response: HttpResponse): Promise<{ code: string; message: string }> {
  let text: string;
  try {
    text = (await response.bytes(bodyLimit)).toString('utf8');
  } catch {
    return { code: '', message: '' };
  }
  try {
    const value = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown; detail?: unknown }[] } | null;
    const first = value?.errors?.[0];
    const detail = detailOf(first?.detail);
    const message = typeof first?.message === 'string' ? first.message + detail : '';
    return { code: typeof first?.code === 'string' ? printable(first.code, 40) : '', message: printable(message, 300) };
  } catch {
    // Proxies answer with HTML pages, whose text helps nobody.
    return { code: '', message: text.startsWith('<') ? '' : printable(text, 200) };
  }
}

/** Many registries say only there what is wrong: as a text, or as an object with a message. */
function detailOf(detail: unknown): string {
  const text = typeof detail === 'object' && detail !== null && 'message' in detail ? detail.message : detail;
  return typeof text === 'string' && text !== '' ? ` (${text})` : '';
}

/** One line without control characters: what a stranger wrote goes to a terminal. */
function printable(text: string, limit: number): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, limit);
}

function hide(text: string, { hidden = [] }: RefusalContext): string {
  return hidden.filter((secret) => secret.length > 3).reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}
