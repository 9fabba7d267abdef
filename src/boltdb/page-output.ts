// The bytes of a file under construction, gathered into spans that are handed out whole. Pages get their numbers in the
// order in which they are reserved, so numbers depend on the facts alone, never on how fast a sink is.

import { firstDataPage, pageBytes } from './format.ts';
import type { BoltSink } from './types.ts';

const spanBytes = 1 << 20;
/** Values from this size on are handed out as they are instead of being copied into a span. */
const directBytes = 1 << 16;

type Piece = { readonly position: number; readonly bytes: Buffer; readonly span?: Buffer };

export class PageOutput {
  #span: Buffer = Buffer.alloc(spanBytes);
  #start = firstDataPage * pageBytes;
  #used = 0;
  #ready: Piece[] = [];
  readonly #spare: Buffer[] = [];

  /** Number of the page that the next reserved byte is on; valid between pages. */
  get nextPage(): number {
    return (this.#start + this.#used) / pageBytes;
  }

  /** Whether `drain` has something to do; writing on without it costs memory. */
  get isReady(): boolean {
    return this.#ready.length > 0;
  }

  /** The span that the last `reserve` points into; another one may come with the next. */
  get span(): Buffer {
    return this.#span;
  }

  /** Makes room for `length` bytes in one piece (at most a span) and returns their offset in `span`; they are zero. */
  reserve(length: number): number {
    if (this.#used + length > spanBytes) this.#seal();
    const at = this.#used;
    this.#used += length;
    this.#span.fill(0, at, this.#used);
    return at;
  }

  /** Adds bytes of any length. Large ones are kept by reference until drained. */
  append(bytes: Buffer): void {
    if (bytes.length < directBytes) {
      const at = this.reserve(bytes.length);
      bytes.copy(this.#span, at);
      return;
    }
    this.#seal();
    this.#ready.push({ position: this.#start, bytes });
    this.#start += bytes.length;
  }

  /** Writes over what is on pages that were written before. */
  rewrite(page: number, bytes: Buffer): void {
    const position = page * pageBytes;
    if (position >= this.#start) bytes.copy(this.#span, position - this.#start);
    else this.#ready.push({ position, bytes });
  }

  /** Hands everything that is ready to the sink, one piece after the other. */
  async drain(sink: BoltSink): Promise<void> {
    const pieces = this.#ready;
    this.#ready = [];
    for (const { position, bytes, span } of pieces) {
      await sink(position, bytes);
      if (span) this.#spare.push(span);
    }
  }

  /** Ends the open span, adds the first pages of the file, and hands out the rest. */
  async finish(head: Buffer, sink: BoltSink): Promise<void> {
    this.#seal();
    this.#ready.push({ position: 0, bytes: head });
    await this.drain(sink);
  }

  #seal(): void {
    if (this.#used === 0) return;
    this.#ready.push({ position: this.#start, bytes: this.#span.subarray(0, this.#used), span: this.#span });
    this.#start += this.#used;
    this.#span = this.#spare.pop() ?? Buffer.allocUnsafeSlow(spanBytes);
    this.#used = 0;
  }
}
