// A least-recently-used cache of byte strings under one cap on their total size. What is kept is named by its digest and
// never changes, so nothing ever has to be invalidated.

export class ByteLru {
  readonly #capBytes: number;
  readonly #entries = new Map<string, Buffer>();
  #bytes = 0;

  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  get(key: string): Buffer | undefined {
    const bytes = this.#entries.get(key);
    if (!bytes) return undefined;
    // A Map keeps the order of insertion: taking an entry out and in again makes it the youngest.
    this.#entries.delete(key);
    this.#entries.set(key, bytes);
    return bytes;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, bytes: Buffer): void {
    this.delete(key);
    if (bytes.byteLength > this.#capBytes) return;
    this.#entries.set(key, bytes);
    this.#bytes += bytes.byteLength;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#capBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const bytes = this.#entries.get(key);
    if (!bytes) return;
    this.#entries.delete(key);
    this.#bytes -= bytes.byteLength;
  }

  get bytes(): number {
    return this.#bytes;
  }
}
