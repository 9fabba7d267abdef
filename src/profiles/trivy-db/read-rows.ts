// The rows of a trivy.db, whoever wrote it, out of the bolt reader: sorted, one page for each leaf page of the file.

import { open } from 'node:fs/promises';
import { openBolt } from '../../boltdb/open-bolt.ts';
import type { StoredFact } from '../../boltdb/types.ts';
import type { DatabaseRow, LeaveOut } from '../database/row.ts';
import { rowOfFact } from './bolt-row.ts';

/** Largest value that is taken; real ones have some tens of KiB, and a row is held in memory. */
const largestValue = 16 << 20;

/** Throws VERIFICATION_FAILED for what is no bolt file, or a damaged one; INPUT_TOO_LARGE for values above 16 MiB. */
export async function* readTrivyRows(file: string, leaveOut: LeaveOut): AsyncGenerator<DatabaseRow[]> {
  const handle = await open(file);
  try {
    const read = async (position: number, length: number): Promise<Buffer> => {
      const buffer = Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    };
    const reader = await openBolt(read, (await handle.stat()).size, { largestValue });
    for await (const facts of reader.facts()) {
      const rows = facts.flatMap((fact) => rowOf(fact, leaveOut));
      if (rows.length > 0) yield rows;
    }
  } finally {
    await handle.close();
  }
}

function rowOf(fact: StoredFact, leaveOut: LeaveOut): DatabaseRow[] {
  const row = rowOfFact(fact);
  if (row !== undefined) return [row];
  // A bucket with nothing in it says nothing; a key that cannot be written here is a loss that is told.
  if (fact.value !== null) leaveOut('key-not-writable');
  return [];
}
