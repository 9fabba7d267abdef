// Buffers for sending blobs. A response starts with small ones; one that drains quickly may go on with large ones, of
// which only so many are out at a time: two hundred stalled readers must not cost two hundred times the large size.

const smallBytes = 256 << 10;
const largeBytes = 1 << 20;
const keptSmall = 32;
const maxLarge = 16;

export class BufferPool {
  readonly #small: Buffer[] = [];
  readonly #large: Buffer[] = [];
  #largeOut = 0;

  takeSmall(): Buffer {
    return this.#small.pop() ?? Buffer.allocUnsafeSlow(smallBytes);
  }

  /** Undefined when all large buffers are out. */
  takeLarge(): Buffer | undefined {
    if (this.#largeOut >= maxLarge) return undefined;
    this.#largeOut += 1;
    return this.#large.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
  }

  isLarge(buffer: Buffer): boolean {
    return buffer.byteLength === largeBytes;
  }

  /** Counts a buffer as returned without using it again. */
  drop(buffer: Buffer): void {
    if (this.isLarge(buffer)) this.#largeOut -= 1;
  }

  giveBack(buffer: Buffer): void {
    if (this.isLarge(buffer)) {
      this.#largeOut -= 1;
      this.#large.push(buffer);
    } else if (this.#small.length < keptSmall) {
      this.#small.push(buffer);
    }
  }
}
