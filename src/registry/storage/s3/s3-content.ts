// Content by digest in a bucket. An object appears under its name in one moment, when all of it is there, and the last
// bytes are sent only after the digest of the whole was right; the service checks what it gets against its SHA-256.

import { digestAlgorithm, digestHex, Digester, type Digest } from '../../../core/digest.ts';
import { ExportError } from '../../../core/errors.ts';
import { limits } from '../../../core/limits.ts';
import type { BlobSource } from '../../../oci/repository.ts';
import { ByteLru } from '../byte-lru.ts';
import { damaged, readerOfBytes, verifyBytes, wrongDigest, wrongSize } from '../content-store.ts';
import type { DiskPaths } from '../disk-paths.ts';
import type { StoredContent } from '../stored-content.ts';
import type { BlobReader } from '../storage.ts';
import { inPieces, pieceBytes } from './pieces.ts';
import { readerOfObject } from './object-reader.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { S3Parts } from './s3-parts.ts';
import type { S3Touches } from './s3-touches.ts';

/** Blobs up to this size are kept in memory once read. */
const cachedBlobBytes = 256 << 10;

/** A client has this long to begin its request; a transfer that was begun goes on. */
const urlSeconds = 15 * 60;

export type S3ContentOptions = {
  readonly bucket: S3Bucket;
  readonly touches: S3Touches;
  readonly paths: DiskPaths;
  readonly cacheBytes: number;
  /** Clients are sent to the bucket for blobs that are not kept in memory. */
  readonly redirects: boolean;
};

export class S3Content implements StoredContent {
  readonly urlOf?: (digest: Digest) => Promise<URL | undefined>;
  readonly #options: S3ContentOptions;
  readonly #cache: ByteLru;

  constructor(options: S3ContentOptions) {
    this.#options = options;
    if (options.redirects) this.urlOf = (digest) => this.#urlOf(digest);
    this.#cache = new ByteLru(options.cacheBytes);
  }

  async size(digest: Digest): Promise<number | undefined> {
    return (await this.#options.bucket.head(this.#key(digest)))?.size;
  }

  async has(digest: Digest): Promise<boolean> {
    return this.#cache.has(digest) || (await this.size(digest)) !== undefined;
  }

  touch(digest: Digest): Promise<boolean> {
    return this.#options.touches.touch(this.#key(digest));
  }

  async put(digest: Digest, size: number, source: BlobSource): Promise<void> {
    if (Buffer.isBuffer(source)) verifyBytes(digest, size, source);
    await this.#options.touches.store(this.#key(digest), () => this.#send(digest, size, source));
  }

  async #send(digest: Digest, size: number, source: BlobSource): Promise<void> {
    const stream = Buffer.isBuffer(source) ? slices(source) : source();
    let parts: S3Parts | undefined;
    try {
      // The last piece is held back until the whole is verified.
      let held: Buffer = Buffer.alloc(0);
      for await (const piece of verified(digest, size, inPieces(stream))) {
        if (held.byteLength > 0) {
          parts ??= await S3Parts.begin(this.#options.bucket, this.#key(digest));
          await parts.add(held);
        }
        held = piece;
      }
      if (parts) await parts.add(held);
      else await this.#options.bucket.put(this.#key(digest), held, payloadOf(digest));
      await parts?.end();
    } catch (thrown) {
      await parts?.drop();
      throw thrown;
    }
  }

  /** Makes content out of objects whose bytes, one after the other, were verified to have this digest. */
  async assemble(digest: Digest, objects: readonly { readonly key: string; readonly size: number }[]): Promise<void> {
    const { bucket } = this.#options;
    const key = this.#key(digest);
    const [first] = objects;
    await this.#options.touches.store(key, async () => {
      if (!first) await bucket.put(key, Buffer.alloc(0));
      else if (objects.length === 1) await copyOrThrow(bucket, first.key, key);
      else await joinObjects(bucket, key, objects);
    });
  }

  async read(digest: Digest): Promise<BlobReader | undefined> {
    const cached = this.#cache.get(digest);
    if (cached) return readerOfBytes(cached);
    const found = await this.#options.bucket.get(this.#key(digest));
    if (!found) return undefined;
    const { size } = found.object;
    if (size > cachedBlobBytes) return readerOfObject(this.#options.bucket, this.#key(digest), size, found.response);
    return readerOfBytes(this.#keep(digest, await found.response.bytes(cachedBlobBytes)));
  }

  async readManifest(digest: Digest): Promise<Buffer | undefined> {
    const cached = this.#cache.get(digest);
    if (cached) return cached;
    const found = await this.#options.bucket.get(this.#key(digest));
    return found && this.#keep(digest, await found.response.bytes(limits.manifestBytes + 1));
  }

  async #urlOf(digest: Digest): Promise<URL | undefined> {
    const { bucket } = this.#options;
    if (this.#cache.has(digest)) return undefined;
    const size = await this.size(digest);
    return size !== undefined && size > cachedBlobBytes ? bucket.urlOf(this.#key(digest), urlSeconds) : undefined;
  }

  /** Forgets what the memory holds of content that was removed. */
  forget(digest: Digest): void {
    this.#cache.delete(digest);
  }

  #keep(digest: Digest, bytes: Buffer): Buffer {
    const digester = new Digester(digestAlgorithm(digest));
    digester.update(bytes);
    if (digester.digest() !== digest) throw damaged(digest);
    this.#cache.set(digest, bytes);
    return bytes;
  }

  #key(digest: Digest): string {
    return this.#options.paths.blob(digest);
  }
}

async function joinObjects(
  bucket: S3Bucket,
  key: string,
  objects: readonly { readonly key: string; readonly size: number }[],
): Promise<void> {
  const parts = await S3Parts.begin(bucket, key);
  try {
    // What is too small for a part is read and sent together with what follows it.
    let small: Buffer[] = [];
    for (const [index, object] of objects.entries()) {
      const isPart = object.size >= pieceBytes || index === objects.length - 1;
      if (small.length === 0 && isPart) {
        await parts.addObject(object.key);
        continue;
      }
      small.push(await readWhole(bucket, object.key));
      const gathered = small.reduce((sum, bytes) => sum + bytes.byteLength, 0);
      if (gathered < pieceBytes && index < objects.length - 1) continue;
      await parts.add(Buffer.concat(small));
      small = [];
    }
    await parts.end();
  } catch (thrown) {
    await parts.drop();
    throw thrown;
  }
}

async function readWhole(bucket: S3Bucket, key: string): Promise<Buffer> {
  const found = await bucket.get(key);
  if (!found) throw vanished();
  return found.response.bytes(pieceBytes);
}

async function copyOrThrow(bucket: S3Bucket, from: string, to: string): Promise<void> {
  if (!(await bucket.copy(from, to))) throw vanished();
}

function vanished(): ExportError {
  return new ExportError('STORAGE_FAILED', 'a piece of an upload vanished from the object storage', {
    retryable: true,
  });
}

/** The pieces; throws DIGEST_MISMATCH at their end, or as soon as they are too many. */
async function* verified(digest: Digest, size: number, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const digester = new Digester(digestAlgorithm(digest));
  let seen = 0;
  for await (const piece of pieces) {
    seen += piece.byteLength;
    if (seen > size) throw wrongSize(digest, size, seen);
    digester.update(piece);
    yield piece;
  }
  if (seen !== size) throw wrongSize(digest, size, seen);
  if (digester.digest() !== digest) throw wrongDigest(digest);
}

function payloadOf(digest: Digest): { sha256?: string } {
  return digestAlgorithm(digest) === 'sha256' ? { sha256: digestHex(digest) } : {};
}

async function* slices(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
