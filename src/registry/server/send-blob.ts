// From an open blob to the socket: two buffers, one being read while the other is being written. Back-pressure is the
// write's callback. A client that takes nothing for a while is cut off by the socket's timeout (see app.ts).

import type { ServerResponse } from 'node:http';
import type { BlobReader } from '../storage/storage.ts';
import type { BufferPool } from './buffer-pool.ts';
import { ExportError } from '../../core/errors.ts';

/** After this many bytes a response may use large buffers. */
const growAfterBytes = 4 << 20;

/** Sends the bytes from `start` to before `end` and ends the response. Rejects when the client goes away. */
export async function sendBlob(
  outgoing: ServerResponse,
  reader: BlobReader,
  start: number,
  end: number,
  pool: BufferPool,
): Promise<void> {
  if (reader.bytes) {
    outgoing.end(reader.bytes.subarray(start, end));
    return;
  }
  await sendPart(outgoing, reader, start, end, pool);
  outgoing.end();
}

/** Like `sendBlob`, and leaves the response open for what follows. */
export async function sendPart(
  outgoing: ServerResponse,
  reader: BlobReader,
  start: number,
  end: number,
  pool: BufferPool,
): Promise<void> {
  if (reader.bytes) return sendBytes(outgoing, reader.bytes.subarray(start, end));
  const buffers = [pool.takeSmall(), pool.takeSmall()] as [Buffer, Buffer];
  const gone = clientGone(outgoing);
  // The write in flight holds the other buffer; it must be over before that buffer may be used or given back.
  let inFlight: Promise<void> = Promise.resolve();
  try {
    for (let position = start, turn: 0 | 1 = 0; position < end; turn = turn === 0 ? 1 : 0) {
      if (position - start >= growAfterBytes) grow(buffers, turn, pool);
      const buffer = buffers[turn];
      const count = await reader.read(buffer.subarray(0, Math.min(buffer.byteLength, end - position)), position);
      if (count === 0) throw new ExportError('STORAGE_FAILED', 'a blob became shorter while it was sent');
      await inFlight;
      inFlight = Promise.race([write(outgoing, buffer.subarray(0, count)), gone.promise]);
      inFlight.catch(() => undefined);
      position += count;
    }
    await inFlight;
    for (const buffer of buffers) pool.giveBack(buffer);
  } catch (thrown) {
    // The socket may still hold the buffers: forget them instead of giving them to another response.
    for (const buffer of buffers) pool.drop(buffer);
    throw thrown;
  } finally {
    gone.stop();
  }
}

/** Sends bytes that nobody changes any more, and waits until the connection has taken them. */
export async function sendBytes(outgoing: ServerResponse, bytes: Buffer): Promise<void> {
  const gone = clientGone(outgoing);
  try {
    await Promise.race([write(outgoing, bytes), gone.promise]);
  } finally {
    gone.stop();
  }
}

/** Replaces the buffer whose turn it is (nothing in flight uses it) by a large one, if there is one to be had. */
function grow(buffers: [Buffer, Buffer], turn: 0 | 1, pool: BufferPool): void {
  if (pool.isLarge(buffers[turn])) return;
  const large = pool.takeLarge();
  if (!large) return;
  pool.giveBack(buffers[turn]);
  buffers[turn] = large;
}

function write(outgoing: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    outgoing.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** A promise that rejects when the connection closes: a write to a closed connection may never call back. */
function clientGone(outgoing: ServerResponse): { promise: Promise<never>; stop(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const onClose = (): void => reject(new ExportError('CANCELLED', 'the client went away'));
  outgoing.once('close', onClose);
  if (outgoing.destroyed) onClose();
  return { promise, stop: () => void outgoing.off('close', onClose) };
}
