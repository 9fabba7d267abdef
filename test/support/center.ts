// A center in a temporary folder, made-up evidence for it, and runs that are waited for.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Clock } from '../../src/core/clock.ts';
import type { RunRecord, RunRequest, RunResult } from '../../src/runs/center.ts';
import type { LocalCenter } from '../../src/runs/local-center.ts';
import { openCenter } from '../../src/runs/open-center.ts';
import { atEnd, type Scope } from './scope.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const tenant = 'default';

export type TestCenter = {
  readonly center: LocalCenter;
  readonly data: string;
  /** Ingests lines of the corpora's form as source `osv`. */
  ingest(lines: readonly EvidenceLine[]): ReturnType<LocalCenter['ingest']>;
  /** Runs a profile to its end, whatever that is. */
  run(request: string | RunRequest): Promise<RunRecord>;
  /** Runs a profile that must succeed. */
  succeed(request: string | RunRequest): Promise<RunResult>;
};

export type EvidenceLine = {
  readonly op?: 'put' | 'del';
  readonly source: string;
  readonly path: string;
  readonly text?: string;
};

export async function openTestCenter(
  scope: Scope,
  options: { readonly databaseUrl?: string; readonly clock?: Clock; readonly data?: string } = {},
): Promise<TestCenter> {
  const data = options.data ?? (await temporaryFolder(scope, 'center'));
  const center = await openCenter({ ...options, data, env: {} });
  atEnd(scope, () => center.close());
  let files = 0;
  const run = async (request: string | RunRequest): Promise<RunRecord> => {
    const asked = typeof request === 'string' ? { profile: request } : request;
    const { run: id } = await center.startRun(tenant, asked);
    for await (const _ of center.runEvents(tenant, id));
    return center.run(tenant, id);
  };
  return {
    center,
    data,
    run,
    ingest: async (lines) => {
      const file = join(data, `lines-${files++}.jsonl.gz`);
      await writeFile(file, gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
      return center.ingest(tenant, { source: 'osv', from: file });
    },
    succeed: async (request) => {
      const { result, failure } = await run(request);
      if (!result) throw new Error(`the run failed: ${JSON.stringify(failure)}`);
      return result;
    },
  };
}

/** An advisory with a text long enough to be worth compressing. */
export function advisory(
  id: string,
  fields: { readonly modified?: string; readonly ecosystem?: string; readonly note?: string } = {},
): string {
  const { modified = '2026-07-01T00:00:00Z', ecosystem = 'Go', note = 'first' } = fields;
  const affected = [{ package: { name: `example.org/${id}`, ecosystem } }];
  return JSON.stringify({ id, modified, summary: `${id} ${note}`, details: `Details of ${id}. `.repeat(20), affected });
}

export function put(source: string, id: string, fields?: Parameters<typeof advisory>[1]): EvidenceLine {
  return { op: 'put', source, path: `${id}.json`, text: advisory(id, fields) };
}

/** `count` advisories of one sub-source. */
export function feed(source: string, count: number, from = 0): EvidenceLine[] {
  return Array.from({ length: count }, (_, i) =>
    put(source, `${source.toUpperCase()}-2026-${String(from + i).padStart(4, '0')}`),
  );
}
