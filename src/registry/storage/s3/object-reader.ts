// Reading an object piece by piece. Readers go forward, so one answer serves them; another place, or an answer that broke
// off, costs a new request for the rest.

import { ExportError } from '../../../core/errors.ts';
import type { HttpResponse } from '../../client/http-response.ts';
import type { BlobReader } from '../storage.ts';
import type { S3Bucket } from './s3-bucket.ts';

const maxBreaks = 4;

/** `first` is an answer with the object's bytes from the start. */
export function readerOfObject(bucket: S3Bucket, key: string, size: number, first: HttpResponse): BlobReader {
  return new ObjectReader(bucket, key, size, first);
}

type Opened = {
  readonly response: HttpResponse;
  readonly chunks: AsyncIterator<Buffer>;
  position: number;
  rest: Buffer;
};

const noBytes = Buffer.alloc(0);

class ObjectReader implements BlobReader {
  readonly size: number;
  readonly #bucket: S3Bucket;
  readonly #key: string;
  #open: Opened | undefined;

  constructor(bucket: S3Bucket, key: string, size: number, first: HttpResponse) {
    this.#bucket = bucket;
    this.#key = key;
    this.size = size;
    this.#open = openedAt(first, 0);
  }

  async read(into: Buffer, position: number): Promise<number> {
    if (position >= this.size) return 0;
    for (let breaks = 0; ; breaks++) {
      try {
        return await this.#fill(into, position);
      } catch (thrown) {
        await this.close();
        if (!(thrown instanceof ExportError) || !thrown.retryable || breaks >= maxBreaks) throw thrown;
      }
    }
  }

  async close(): Promise<void> {
    const opened = this.#open;
    this.#open = undefined;
    await opened?.response.discard();
  }

  async #fill(into: Buffer, position: number): Promise<number> {
    const opened = await this.#openAt(position);
    while (opened.rest.byteLength === 0) {
      const { value, done } = await opened.chunks.next();
      if (done === true) {
        throw new ExportError('UNREACHABLE', 'the object storage ends an object early', { retryable: true });
      }
      opened.rest = value;
    }
    const count = opened.rest.copy(into);
    opened.rest = opened.rest.subarray(count);
    opened.position += count;
    return count;
  }

  async #openAt(position: number): Promise<Opened> {
    if (this.#open?.position === position) return this.#open;
    await this.close();
    const found = await this.#bucket.get(this.#key, position);
    if (!found) throw new ExportError('STORAGE_FAILED', 'an object vanished while it was read');
    this.#open = openedAt(found.response, position);
    return this.#open;
  }
}

function openedAt(response: HttpResponse, position: number): Opened {
  return { response, chunks: response.body[Symbol.asyncIterator](), position, rest: noBytes };
}
