// Stores blobs and tagged manifests without end, several at a time, and says on stdout what is done: the program that the
// crash tests kill. Arguments: the storage (a folder, or s3://… with AWS_… variables), the round.

import { systemClock } from '../../../src/core/clock.ts';
import { createHttp } from '../../../src/registry/client/http.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import { parseS3Location } from '../../../src/registry/storage/s3/s3-location.ts';
import { openS3Storage } from '../../../src/registry/storage/s3/s3-storage.ts';
import type { RegistryStorage } from '../../../src/registry/storage/storage.ts';
import { pushArtifact } from './artifacts.ts';

const lanes = 5;

const [place = '', round = ''] = process.argv.slice(2);
const repository = (await openStorage()).repository('default/crash');

await Promise.all(Array.from({ length: lanes }, (_, lane) => writeForEver(`r${round}-${lane}`)));

async function openStorage(): Promise<RegistryStorage> {
  if (!place.startsWith('s3://')) return openDiskStorage(place, { clock: systemClock });
  const location = parseS3Location(place, process.env);
  return openS3Storage({ location, http: createHttp({ env: {} }), clock: systemClock });
}

async function writeForEver(prefix: string): Promise<void> {
  for (let i = 0; ; i++) {
    const name = `${prefix}-${i}`;
    // Every third one is larger than a part of a bucket.
    const padding = 'x'.repeat(i % 3 === 2 ? 6_000_000 : 300_000);
    const subject = await pushArtifact(repository, `${name} ${padding}`, { tags: [name, 'latest'] });
    await pushArtifact(repository, `signature of ${name}`, { subject });
    process.stdout.write(`done ${name} ${subject.descriptor.digest}\n`);
  }
}
