// Gives the memory behind bytes back now instead of at some later garbage collection.

/** Frees the whole buffer behind `bytes`, which nobody may use any more. A slice of a shared pool is left alone. */
export function releaseMemory(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (bytes.byteOffset === 0 && buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize)
    buffer.transfer(0);
}
