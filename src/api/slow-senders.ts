// Cuts off clients that send a body so slowly that it can only be meant to hold a connection. Who sends nothing at all is
// cut by the socket's timeout; this is for those who send a byte now and then.

import type { IncomingMessage } from 'node:http';

/** Every connection that sends must bring this much between two looks. */
export type SenderPace = { readonly bytes: number; readonly everyMs: number };

/** 1 KiB a second, looked at over a minute: ten times slower than the slowest line that anybody still uses. */
export const slowestSender: SenderPace = { bytes: 60 << 10, everyMs: 60_000 };

export class SenderWatch {
  readonly #pace: SenderPace;
  readonly #seen = new Map<IncomingMessage, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(pace: SenderPace) {
    this.#pace = pace;
    this.#timer = setInterval(() => this.#look(), pace.everyMs).unref();
  }

  /** Watches a request until its body is there or its connection is gone. */
  add(incoming: IncomingMessage): void {
    if (incoming.complete) return;
    // A whole span passes before it is judged.
    this.#seen.set(incoming, Number.NEGATIVE_INFINITY);
    const forget = (): void => void this.#seen.delete(incoming);
    incoming.once('end', forget);
    incoming.once('close', forget);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const [incoming, before] of this.#seen) {
      const { bytesRead } = incoming.socket;
      this.#seen.set(incoming, bytesRead);
      // Bytes that wait for us are our own slowness.
      if (incoming.complete || incoming.readableLength > 0) continue;
      if (bytesRead - before < this.#pace.bytes) incoming.socket.destroy();
    }
  }
}
