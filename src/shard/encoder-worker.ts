// One thread of the encoder pool: takes a frame's raw bytes, answers the compressed ones.

import { parentPort } from 'node:worker_threads';
import { encode, type EncodeOptions } from './encode.ts';

export type EncodeTask = { readonly id: number; readonly raw: Uint8Array; readonly options: EncodeOptions };
export type EncodeAnswer =
  { readonly id: number; readonly encoded: Uint8Array } | { readonly id: number; readonly error: string };

parentPort?.on('message', ({ id, raw, options }: EncodeTask) => {
  try {
    const { dictionary } = options;
    const own = dictionary === undefined ? options : { ...options, dictionary: Buffer.from(dictionary) };
    const encoded = Uint8Array.from(encode(raw, own));
    parentPort?.postMessage({ id, encoded } satisfies EncodeAnswer, [encoded.buffer]);
  } catch (thrown) {
    parentPort?.postMessage({
      id,
      error: thrown instanceof Error ? thrown.message : String(thrown),
    } satisfies EncodeAnswer);
  }
});
