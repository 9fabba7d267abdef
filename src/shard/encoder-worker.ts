// One thread of the encoder pool: takes a frame's raw bytes, answers the compressed ones. Memory outside the heap is given
// back at once: a collector that looks at the heap alone would let megabytes of dead frames pile up.

import { parentPort } from 'node:worker_threads';
import { encode, type EncodeOptions } from './encode.ts';
import { gzipMember } from './gzip.ts';
import { releaseMemory } from './release-memory.ts';

/** A zstd frame, or without options a gzip member. */
export type EncodeTask = { readonly id: number; readonly raw: Uint8Array; readonly options?: EncodeOptions };
export type EncodeAnswer =
  { readonly id: number; readonly encoded: Uint8Array } | { readonly id: number; readonly error: string };

function answer({ id, raw, options }: EncodeTask): EncodeAnswer {
  try {
    return { id, encoded: options === undefined ? gzipMember(raw) : frameOf(raw, options) };
  } catch (thrown) {
    return { id, error: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    releaseMemory(raw);
    if (options?.dictionary) releaseMemory(options.dictionary);
  }
}

function frameOf(raw: Uint8Array, options: EncodeOptions): Uint8Array {
  const { dictionary } = options;
  const own = dictionary === undefined ? options : { ...options, dictionary: asBuffer(dictionary) };
  const frame = encode(raw, own);
  const encoded = Uint8Array.from(frame);
  releaseMemory(frame);
  return encoded;
}

/** A message brings plain byte arrays. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

parentPort?.on('message', (task: EncodeTask) => {
  const reply = answer(task);
  parentPort?.postMessage(reply, 'encoded' in reply ? [reply.encoded.buffer as ArrayBuffer] : []);
});
