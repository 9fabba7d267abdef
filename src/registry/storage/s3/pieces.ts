// A stream cut into pieces of one size: the parts of an upload to a bucket. Bytes are copied, because a source may use its
// buffers again.

/** The least that a part may have that is not the last one. */
export const pieceBytes = 5 << 20;

/**
 * Pieces of `pieceBytes`, the last one shorter; none for an empty source. When the source fails, what came until then is
 * given out before the error.
 */
export async function* inPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      for (let from = 0; from < chunk.byteLength;) {
        const taken = Buffer.from(chunk.subarray(from, from + pieceBytes - size));
        chunks.push(taken);
        size += taken.byteLength;
        from += taken.byteLength;
        if (size < pieceBytes) continue;
        yield Buffer.concat(chunks, size);
        chunks = [];
        size = 0;
      }
    }
  } catch (thrown) {
    if (size > 0) yield Buffer.concat(chunks, size);
    throw thrown;
  }
  if (size > 0) yield Buffer.concat(chunks, size);
}
