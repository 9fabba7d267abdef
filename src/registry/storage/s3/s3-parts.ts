// An object that is sent in parts and appears at once, at its end. One part is on its way while the next is made.

import type { PartTag, S3Bucket } from './s3-bucket.ts';

export class S3Parts {
  readonly #bucket: S3Bucket;
  readonly #key: string;
  readonly #uploadId: string;
  readonly #parts: PartTag[] = [];
  #number = 0;
  #inFlight: Promise<void> = Promise.resolve();

  constructor(bucket: S3Bucket, key: string, uploadId: string) {
    this.#bucket = bucket;
    this.#key = key;
    this.#uploadId = uploadId;
  }

  static async begin(bucket: S3Bucket, key: string): Promise<S3Parts> {
    return new S3Parts(bucket, key, await bucket.beginParts(key));
  }

  add(bytes: Buffer): Promise<void> {
    return this.#next((number) => this.#bucket.putPart(this.#key, this.#uploadId, number, bytes));
  }

  /** The bytes of another object, copied by the service. */
  addObject(from: string): Promise<void> {
    return this.#next((number) => this.#bucket.copyPart(this.#key, this.#uploadId, number, from));
  }

  async end(): Promise<void> {
    await this.#inFlight;
    await this.#bucket.endParts(this.#key, this.#uploadId, this.#parts);
  }

  /** Never throws: what cannot be dropped now is a leftover for the sweep. */
  async drop(): Promise<void> {
    await this.#inFlight.catch(() => undefined);
    await this.#bucket.dropParts(this.#key, this.#uploadId).catch(() => undefined);
  }

  async #next(send: (number: number) => Promise<PartTag>): Promise<void> {
    await this.#inFlight;
    const number = ++this.#number;
    this.#inFlight = send(number).then((part) => void this.#parts.push(part));
    // Awaited with the next part; until then a failure must not count as unhandled.
    this.#inFlight.catch(() => undefined);
  }
}
