// One half of the benchmark of the Java database in a process of its own, so that its memory is its own:
// `write FILE ROWS`, `upstream FILE ROWS`, `read FILE`. Prints what it did as one line of JSON.

import { javaDbRows } from '../../src/profiles/trivy-java-db/read-java-db.ts';
import { writeJavaDb } from '../../src/profiles/trivy-java-db/write-java-db.ts';
import { sortedRows, writeUpstream } from './support-java-rows.ts';
import { takeProductFlags } from './support-flags.ts';
import { peakRssMiB } from './support-process.ts';

const [what = '', file = '', count = '0'] = process.argv.slice(2);
takeProductFlags();
const start = performance.now();
const rows = await work();
console.log(JSON.stringify({ rows, seconds: (performance.now() - start) / 1_000, peakMiB: peakRssMiB(process.pid) }));

async function work(): Promise<number> {
  if (what === 'write') return (await writeJavaDb(sortedRows(Number(count)), file)).archives;
  if (what === 'upstream') {
    writeUpstream(file, Number(count));
    return Number(count);
  }
  let read = 0;
  let last = '';
  for await (const page of javaDbRows(file)) {
    // All names are ASCII, so that texts compare as bytes.
    for (const { k } of page) {
      if (k <= last) throw new Error(`${JSON.stringify(k)} does not come after ${JSON.stringify(last)}`);
      last = k;
    }
    read += page.length;
  }
  return read;
}
