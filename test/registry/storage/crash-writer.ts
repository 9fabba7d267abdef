// Stores blobs and tagged manifests without end and says on stdout what is done: the program that the crash test kills.
// Arguments: the storage folder, the round.

import { systemClock } from '../../../src/core/clock.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import { pushArtifact } from './artifacts.ts';

const [folder = '', round = ''] = process.argv.slice(2);
const repository = (await openDiskStorage(folder, { clock: systemClock })).repository('default/crash');
const padding = 'x'.repeat(300_000);

for (let i = 0; ; i++) {
  const name = `r${round}-${i}`;
  const subject = await pushArtifact(repository, `${name} ${padding}`, { tags: [name, 'latest'] });
  await pushArtifact(repository, `signature of ${name}`, { subject });
  process.stdout.write(`done ${name} ${subject.descriptor.digest}\n`);
}
