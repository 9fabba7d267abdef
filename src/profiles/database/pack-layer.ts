// The layer of a database artifact: file and metadata.json as tar, compressed as gzip members of 1 MiB in worker threads,
// into a file. Memory is bounded by the members in flight.

import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Digester, type Digest } from '../../core/digest.ts';
import { mapAhead, type EncoderPool } from '../../shard/encoder-pool.ts';
import { gzip } from '../../shard/gzip.ts';
import { tarOf } from './tar.ts';

export type LayerParts = {
  /** Name of the database inside the layer, and the file that it is. */
  readonly name: string;
  readonly path: string;
  readonly metadata: string;
};

export type PackOptions = {
  /** Where the layer is written; the file must not be there. */
  readonly to: string;
  readonly encoders: EncoderPool;
  readonly signal?: AbortSignal | undefined;
  /** Told of the raw bytes that are done. */
  readonly onProgress?: ((done: number) => void) | undefined;
};

export type PackedLayer = { readonly digest: Digest; readonly size: number };

export async function packLayer({ name, path, metadata }: LayerParts, options: PackOptions): Promise<PackedLayer> {
  const { size } = await stat(path);
  const text = Buffer.from(metadata);
  const tar = tarOf([
    { name, size, read: () => createReadStream(path, { highWaterMark: gzip.member }) as AsyncIterable<Buffer> },
    { name: 'metadata.json', size: text.length, read: () => [text] },
  ]);
  return writeMembers(tar, options);
}

/** Compresses a stream of bytes into the file `to`. */
export async function writeMembers(
  bytes: AsyncIterable<Uint8Array>,
  { to, encoders, signal, onProgress }: PackOptions,
): Promise<PackedLayer> {
  const digester = new Digester();
  let size = 0;
  let done = 0;
  await using file = await open(to, 'wx', 0o600);
  for await (const member of mapAhead(piecesOf(bytes), encoders.size + 1, (piece) => encoders.gzip(piece))) {
    signal?.throwIfAborted();
    digester.update(member);
    for (let at = 0; at < member.length;) at += (await file.write(member, at)).bytesWritten;
    size += member.length;
    done += gzip.member;
    onProgress?.(done);
  }
  return { digest: digester.digest(), size };
}

/** Pieces of exactly one member's size, the last one smaller, each in a buffer of its own that a thread may take. */
async function* piecesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafeSlow(gzip.member);
  let filled = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + gzip.member - filled);
      piece.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < gzip.member) continue;
      yield piece;
      piece = Buffer.allocUnsafeSlow(gzip.member);
      filled = 0;
    }
  }
  // A copy: a thread takes whole buffers alone.
  if (filled > 0) yield Buffer.from(Uint8Array.from(piece.subarray(0, filled)).buffer);
}
