// A process that writes to a log: `log-writer.ts DIR LOCATION NAME COUNT`. Each entry that it is given is written to
// stdout in one piece at once, so that whoever kills it knows everything that was handed out.

import { writeSync } from 'node:fs';
import { systemClock } from '../../../src/core/clock.ts';
import { openDatabase, type DatabaseLocation } from '../../../src/db/open-database.ts';
import { logStorage } from '../../../src/runs/log-storage.ts';
import { openLog } from '../../../src/trust/log/open-log.ts';
import { signedContent } from './signed-content.ts';

const [dataDir = '', location = '', name = '', count = '0'] = process.argv.slice(2);

const db = await openDatabase(JSON.parse(location) as DatabaseLocation, systemClock);
const { log } = await openLog({ dataDir, storage: logStorage(db), clock: systemClock, env: {} });
for (let number = 0; number < Number(count); number++) {
  const { body, timestamp, proof, ...rest } = await log.append(await signedContent(`${name} ${number}`));
  const entry = { ...rest, body: base64(body), timestamp: base64(timestamp) };
  const handedOut = { ...entry, proof: { ...proof, root: base64(proof.root), path: proof.path.map(base64) } };
  writeSync(1, `${JSON.stringify(handedOut)}\n`);
}
await db.close();

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}
