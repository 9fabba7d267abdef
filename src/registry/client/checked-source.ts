// The bytes to push, checked against their descriptor while they leave, so that a wrong source is refused here and not
// by whatever a registry makes of it.

import { Digester, digestAlgorithm } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { BlobSource } from '../../oci/repository.ts';

export type CheckedSource = {
  /** Begins the bytes anew at each call. */
  readonly body: () => AsyncIterable<Uint8Array>;
  /** What the source itself threw; the transfer then fails for this reason, whatever the connection says. */
  readonly failure: ExportError | undefined;
};

/** Throws DIGEST_MISMATCH at once for wrong bytes in memory, at the end of the stream for others. */
export function openCheckedSource(descriptor: Descriptor, source: BlobSource): CheckedSource {
  return new Checked(descriptor, source);
}

class Checked implements CheckedSource {
  failure: ExportError | undefined;
  readonly #descriptor: Descriptor;
  readonly #source: () => AsyncIterable<Uint8Array>;

  constructor(descriptor: Descriptor, source: BlobSource) {
    this.#descriptor = descriptor;
    if (Buffer.isBuffer(source)) {
      checkBuffer(descriptor, source);
      this.#source = () => pieces(source);
    } else {
      this.#source = () => copies(source());
    }
  }

  readonly body = (): AsyncIterable<Uint8Array> => this.#read();

  async *#read(): AsyncGenerator<Uint8Array> {
    const { digest, size } = this.#descriptor;
    const digester = new Digester(digestAlgorithm(digest));
    let seen = 0;
    try {
      let held: Uint8Array | undefined;
      for await (const chunk of this.#source()) {
        seen += chunk.byteLength;
        if (seen > size) throw wrong(this.#descriptor, `has more than ${size} bytes`);
        digester.update(chunk);
        if (held !== undefined) yield held;
        // The last piece leaves only after the check: a wrong blob never becomes whole on the other side.
        held = chunk;
      }
      if (seen !== size) throw wrong(this.#descriptor, `has ${seen} bytes instead of ${size}`);
      if (digester.digest() !== digest) throw wrong(this.#descriptor, 'has other bytes');
      if (held !== undefined) yield held;
    } catch (thrown) {
      this.failure = asExportError(thrown);
      throw this.failure;
    }
  }
}

function asExportError(thrown: unknown): ExportError {
  if (thrown instanceof ExportError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ExportError('STORAGE_FAILED', `the source of a blob fails: ${message}`, { cause: thrown });
}

function checkBuffer(descriptor: Descriptor, bytes: Buffer): void {
  if (bytes.length !== descriptor.size)
    throw wrong(descriptor, `has ${bytes.length} bytes instead of ${descriptor.size}`);
  const digester = new Digester(digestAlgorithm(descriptor.digest));
  digester.update(bytes);
  if (digester.digest() !== descriptor.digest) throw wrong(descriptor, 'has other bytes');
}

const pieceBytes = 1 << 18;

/** A source may use its buffers again, while a socket still holds what it was given. */
async function* copies(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield Buffer.from(chunk);
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

function wrong({ digest }: Descriptor, what: string): ExportError {
  return new ExportError('DIGEST_MISMATCH', `the content to push as ${digest} ${what}`);
}
