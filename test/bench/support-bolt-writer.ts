// Our side of the bolt benchmark, in a process of its own: reads facts from a file and writes a bolt file.

import { open } from 'node:fs/promises';
import { writeBolt } from '../../src/boltdb/write-bolt.ts';
import { readBoltFacts } from './support-bolt-facts.ts';
import { peakRssMiB } from './support-process.ts';

const [facts = '', file = ''] = process.argv.slice(2);
const start = performance.now();
const handle = await open(file, 'wx');
const { keys } = await writeBolt(readBoltFacts(facts), async (position, bytes) => {
  await handle.write(bytes, 0, bytes.length, position);
});
await handle.close();
const seconds = (performance.now() - start) / 1_000;
console.log(JSON.stringify({ keys, seconds, peakMiB: peakRssMiB(process.pid) }));
