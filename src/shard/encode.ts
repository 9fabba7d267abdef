// Encoder `libzstd/1.5.7` (formats.md §3). One-shot with a chunk size of compressBound is the only form that gives the
// same bytes everywhere; streams, the asynchronous form and the default chunk size give others.

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ExportError } from '../core/errors.ts';

export const encoder = { id: `libzstd/${process.versions.zstd}`, shardLevel: 9, journalLevel: 19 } as const;

/** The encoder that published bundles name; a runtime with another one fetches instead of deriving. */
export const encoderId = 'libzstd/1.5.7';

export type EncodeOptions = { readonly level: number; readonly dictionary?: Buffer; readonly windowLog?: number };

export function encode(raw: Uint8Array, { level, dictionary, windowLog }: EncodeOptions): Buffer {
  return zstdCompressSync(raw, {
    chunkSize: Math.max(64, compressBound(raw.byteLength)),
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      ...(windowLog === undefined ? {} : { [constants.ZSTD_c_windowLog]: windowLog }),
    },
    ...(dictionary === undefined ? {} : { dictionary }),
  });
}

function compressBound(length: number): number {
  return length + (length >> 8) + (length < 131_072 ? (131_072 - length) >> 11 : 0);
}

/** Decodes one frame to at most `maxBytes`; VERIFICATION_FAILED when it is damaged or larger. */
export function decode(frame: Uint8Array, maxBytes: number, dictionary?: Buffer): Buffer {
  try {
    return zstdDecompressSync(frame, {
      maxOutputLength: Math.max(1, maxBytes),
      ...(dictionary === undefined || dictionary.length === 0 ? {} : { dictionary }),
    });
  } catch (cause) {
    throw new ExportError('VERIFICATION_FAILED', `a compressed frame cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
