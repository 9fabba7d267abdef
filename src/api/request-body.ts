// Reads bodies of the API into memory, never more than their limit.

import { ExportError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';

/** The parsed body. Throws USAGE for another content type or text that is no JSON, INPUT_TOO_LARGE beyond the limit. */
export async function readJsonBody(request: Request, limitBytes: number = limits.apiBodyBytes): Promise<unknown> {
  const type = request.headers.get('content-type') ?? '';
  // Only this type: what a foreign web page can send without asking first (forms, plain text) is refused.
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    throw new ExportError('USAGE', 'the body must be JSON', { hint: 'send the header content-type: application/json' });
  }
  const text = (await readBounded(request, limitBytes)).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ExportError('USAGE', 'the body is not JSON', { cause });
  }
}

/** A body of bytes. Throws USAGE for another content type, INPUT_TOO_LARGE beyond the limit. */
export async function readByteBody(request: Request, limitBytes: number): Promise<Buffer> {
  requireBytes(request);
  return readBounded(request, limitBytes);
}

/** Forms and plain text are what foreign web pages can send without asking first. */
export function requireBytes(request: Request): void {
  if (/^application\/octet-stream\s*(?:;|$)/i.test(request.headers.get('content-type') ?? '')) return;
  throw new ExportError('USAGE', 'the upload must say that it is bytes', {
    hint: 'send the header content-type: application/octet-stream',
  });
}

async function readBounded(request: Request, limitBytes: number): Promise<Buffer> {
  const tooLarge = new ExportError('INPUT_TOO_LARGE', `the body is larger than ${limitBytes} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
