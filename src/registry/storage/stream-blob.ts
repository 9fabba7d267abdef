// A stored blob as a stream, checked against its descriptor.

import { digestAlgorithm, Digester } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { wrongDigest, wrongSize } from './content-store.ts';
import type { StoredRepository } from './storage.ts';

const streamBytes = 256 << 10;

/** See `RepositoryReader.openBlob`. */
export async function* streamBlob(
  repository: Pick<StoredRepository, 'name' | 'readBlob'>,
  { digest, size }: Descriptor,
  from: number,
): AsyncGenerator<Buffer> {
  const reader = await repository.readBlob(digest);
  if (!reader) throw new ExportError('NOT_FOUND', `${repository.name} has no blob ${digest}`);
  try {
    if (reader.size !== size) throw wrongSize(digest, size, reader.size);
    const digester = new Digester(digestAlgorithm(digest));
    for (let position = from; position < size;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(streamBytes, size - position));
      const count = await reader.read(buffer, position);
      if (count === 0) throw wrongSize(digest, size, position);
      const bytes = buffer.subarray(0, count);
      if (from === 0) digester.update(bytes);
      position += count;
      yield bytes;
    }
    if (from === 0 && digester.digest() !== digest) throw wrongDigest(digest);
  } finally {
    await reader.close();
  }
}
