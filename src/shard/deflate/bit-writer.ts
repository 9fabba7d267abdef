// Bits in the order of DEFLATE (RFC 1951 §3.1.1): from the lowest bit of each byte up, into a buffer that is used again.

export class BitWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #length = 0;
  /** Bits that are not in the buffer yet, and how many they are, fewer than 16. */
  #held = 0;
  #count = 0;

  constructor(capacity: number) {
    // What is held goes out by twos.
    this.#bytes = new Uint8Array(capacity + 2);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** The lowest `count` bits of `value`, which has no others; at most 16. */
  put(value: number, count: number): void {
    this.#held |= value << this.#count;
    this.#count += count;
    if (this.#count < 16) return;
    this.#view.setUint16(this.#length, this.#held, true);
    this.#length += 2;
    this.#held >>>= 16;
    this.#count -= 16;
  }

  /** Whole bytes, after zeros up to the next byte. */
  putBytes(bytes: Uint8Array): void {
    this.#fillByte();
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A copy of all that was written, the last byte filled with zeros; the writer begins again. */
  take(): Uint8Array {
    this.#fillByte();
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #fillByte(): void {
    this.#view.setUint16(this.#length, this.#held, true);
    this.#length += (this.#count + 7) >> 3;
    this.#held = 0;
    this.#count = 0;
  }
}
