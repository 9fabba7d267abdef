// The trivy.db of the OSV corpus, made by the conversion itself: real text, as a layer holds it.

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { createInterface } from 'node:readline';
import type { Json } from '../../src/core/canonical-json.ts';
import { combineRows } from '../../src/profiles/database/combine-rows.ts';
import type { SourcedContribution } from '../../src/profiles/database/row.ts';
import { sortContributions } from '../../src/profiles/database/sort-contributions.ts';
import { trivyCombine } from '../../src/profiles/trivy-db/combine.ts';
import { osvContributions } from '../../src/profiles/trivy-db/osv/contributions.ts';
import { writeTrivyDb } from '../../src/profiles/trivy-db/write-trivy-db.ts';

type Line = { readonly source?: string; readonly text?: string };

const leaveOut = (): void => undefined;

/** Writes the database of a day's `.jsonl.gz` to `file`; `tempDir` is for sorting. */
export async function writeTrivyFile(day: string, file: string, tempDir: string): Promise<void> {
  const contributions = sortContributions(contributionsOf(day), { tempDir });
  await writeTrivyDb(combineRows({ contributions, overlays: [], combine: trivyCombine(leaveOut) }), file);
}

async function* contributionsOf(day: string): AsyncGenerator<SourcedContribution[]> {
  const lines = createInterface({ input: createReadStream(day).pipe(createGunzip()), crlfDelay: Infinity });
  for await (const line of lines) {
    const { source = 'all', text } = JSON.parse(line) as Line;
    if (text === undefined) continue;
    const record = { c: `osv/osv/${source}`, v: JSON.parse(text) as Json };
    const made = osvContributions(record, { snapshot: '2026-07-15T00:00:00Z', leaveOut });
    yield made.map((contribution) => ({ ...contribution, source: 'osv' }));
  }
}
