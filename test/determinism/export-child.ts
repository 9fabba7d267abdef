// Exports both sample days in a process of its own and prints the digests. Arguments: data folder, documents for each
// ingest (0: a day in one), `turned` to read a day from its end, `history` or `no-history`. DATABASE_URL is obeyed.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import type { RunRequest, RunResult } from '../../src/runs/center.ts';
import { openCenter } from '../../src/runs/open-center.ts';

const [data = '', batch = '0', order = 'straight', history = 'history'] = process.argv.slice(2);
const databaseUrl = process.env['DATABASE_URL'];
const center = await openCenter({ data, env: {}, ...(databaseUrl ? { databaseUrl } : {}) });
const tenant = 'default';

async function ingestDay(file: string): Promise<void> {
  const { source, licence, attribution } = sampleEvidence;
  const lines = gunzipSync(await readFile(file))
    .toString()
    .trimEnd()
    .split('\n');
  if (order === 'turned') lines.reverse();
  const size = Number(batch) || lines.length;
  await mkdir(join(data, 'batches'), { recursive: true });
  for (let at = 0; at < lines.length; at += size) {
    const from = join(data, 'batches', 'next.jsonl.gz');
    await writeFile(from, gzipSync(`${lines.slice(at, at + size).join('\n')}\n`));
    const { rejected } = await center.ingest(tenant, { source, from, licence, attribution });
    if (rejected.length > 0) throw new Error(JSON.stringify(rejected));
  }
}

async function run(request: RunRequest): Promise<RunResult> {
  const { run: id } = await center.startRun(tenant, request);
  for await (const _ of center.runEvents(tenant, id));
  const { result, failure } = await center.run(tenant, id);
  if (result) return result;
  throw new Error(JSON.stringify(failure));
}

const digests: Record<string, string> = {};
await ingestDay(sampleEvidence.day1);
if (history === 'history') {
  digests['json-raw 1'] = (await run({ profile: 'json:raw' })).digest;
  digests['mirror 1'] = (await run({ profile: 'mirror:full' })).digest;
}
await ingestDay(sampleEvidence.day2);
digests['json-raw 2'] = (await run({ profile: 'json:raw' })).digest;
if (history === 'history') {
  digests['mirror 2'] = (await run({ profile: 'mirror:full' })).digest;
  digests['delta 2'] = (await run({ profile: 'mirror:delta' })).digest;
}
const flat = await run({ profile: 'mirror:full', base: 'none' });
digests['mirror 2 without history'] = flat.digest;
digests['set root 2'] = flat.setRoot;
// A database says nothing of its history; its mirror does.
digests['trivy-db 2'] = (await run({ profile: 'trivy:db' })).digest;
await center.close();
const { locale, timeZone } = Intl.DateTimeFormat().resolvedOptions();
const world = { node: process.version, locale, timeZone, year: new Date().getFullYear() };
process.stdout.write(JSON.stringify({ digests, world }));
