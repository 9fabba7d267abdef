// Writes a Java database with the Node that runs it: lines of JSON [k, v] from stdin.

import { createInterface } from 'node:readline';
import type { DatabaseRow } from '../../../src/profiles/database/row.ts';
import { writeJavaDb } from '../../../src/profiles/trivy-java-db/write-java-db.ts';

async function* rows(): AsyncGenerator<DatabaseRow[]> {
  for await (const line of createInterface({ input: process.stdin })) {
    const [k, v] = JSON.parse(line) as [string, string];
    yield [{ k, v: Buffer.from(v) }];
  }
}

await writeJavaDb(rows(), process.argv[2] ?? '');
