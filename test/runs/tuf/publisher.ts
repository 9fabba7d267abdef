// A process that publishes targets in a TUF repository without end: `publisher.ts DATA DATABASE_URL`, with '' for SQLite.
// What it published is written to stdout in one piece at once, so that whoever kills it knows everything that it achieved.

import { writeSync } from 'node:fs';
import { ExportError } from '../../../src/core/errors.ts';
import { openCenter } from '../../../src/runs/open-center.ts';

const [data = '', databaseUrl = ''] = process.argv.slice(2);
const center = await openCenter({ data, env: {}, ...(databaseUrl === '' ? {} : { databaseUrl }) });
for (;;) {
  const draft = await center.tuf.draft('default', { role: 'targets', newOnlineKeys: false });
  try {
    await center.tuf.publish('default', draft);
  } catch (error) {
    // Somebody else was quicker: one wins, the others draw up the next version.
    if (error instanceof ExportError && error.code === 'CONFLICT') continue;
    throw error;
  }
  writeSync(1, `${JSON.stringify((JSON.parse(draft) as { signed: object }).signed)}\n`);
}
