// Run by memory.test.ts with a small heap: writes many keys to a file, reads them back, prints the largest memory seen
// outside of the heap. That the heap suffices shows by its coming to an end.

import { open } from 'node:fs/promises';
import { openBolt } from '../../src/boltdb/open-bolt.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { writeBolt } from '../../src/boltdb/write-bolt.ts';

const [path = '', count = '0'] = process.argv.slice(2);
const keys = Number(count);
let outside = 0;

/** Packages of eight advisories, which stay inline, and one bucket with a third of all keys. */
function* facts(): Generator<BoltFact[]> {
  let portion: BoltFact[] = [];
  for (let i = 0; i < keys; i++) {
    const isAdvisory = 3 * i < 2 * keys;
    const bucket = isAdvisory ? ['debian 12', `package ${String(i >> 3).padStart(8, '0')}`] : ['vulnerability'];
    portion.push({ path: bucket, key: `CVE-2026-${String(i).padStart(8, '0')}`, value: `{"FixedVersion":"1.2.${i}"}` });
    if (portion.length < 500) continue;
    yield portion;
    portion = [];
  }
  yield portion;
}

function look(): void {
  const { external, arrayBuffers } = process.memoryUsage();
  outside = Math.max(outside, external, arrayBuffers);
}

const file = await open(path, 'w+');
const { bytes } = await writeBolt(facts(), async (position, piece) => {
  look();
  await file.write(piece, 0, piece.length, position);
});
const reader = await openBolt(async (position, length) => {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}, bytes);
let read = 0;
for await (const portion of reader.facts()) {
  if (read >> 16 !== (read + portion.length) >> 16) look();
  read += portion.length;
}
await file.close();
console.log(JSON.stringify({ bytes, read, outside }));
