// What a rejected promise was rejected with, as one of our errors.

import assert from 'node:assert/strict';
import { ExportError, type ErrorCode } from '../../../src/core/errors.ts';

/** Resolves with the ExportError that `work` rejects with, after checking its code. */
export async function expectError(work: Promise<unknown>, code: ErrorCode): Promise<ExportError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(thrown instanceof ExportError, `expected an ExportError ${code}, got ${String(thrown)}`);
  assert.equal(thrown.code, code, thrown.message);
  return thrown;
}

/** All bytes of a stream. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
