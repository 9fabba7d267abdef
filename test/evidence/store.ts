// An ingest with nothing around it: a store on SQLite (or any database), and inputs written as files.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { Database } from '../../src/db/database.ts';
import { evidenceStore, type EvidenceStore } from '../../src/db/evidence.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { ingest, type IngestEnvironment } from '../../src/evidence/ingest.ts';
import type { IngestOptions, IngestResult } from '../../src/evidence/types.ts';
import { atEnd, type Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export type TestStore = {
  readonly store: EvidenceStore;
  readonly folder: string;
  readonly ingest: (
    from: string,
    options?: Partial<IngestOptions>,
    environment?: Partial<IngestEnvironment>,
  ) => Promise<IngestResult>;
  /** Writes `content` below the test's folder and returns the path. */
  readonly file: (name: string, content: Buffer | string) => Promise<string>;
  /** Paths and texts that the source `feed` holds now. */
  readonly texts: () => Promise<Record<string, string>>;
};

export async function testStore(scope: Scope, given?: Database, clock: Clock = systemClock): Promise<TestStore> {
  const folder = await temporaryFolder(scope, 'evidence');
  const db = given ?? (await openDatabase({ file: join(folder, 'center.db') }, clock));
  if (given === undefined) atEnd(scope, () => db.close());
  const store = evidenceStore(db, 'default', clock);
  const noNetwork = (): never => {
    throw new Error('this test has no network');
  };
  return {
    store,
    folder,
    ingest: (from, options, environment) =>
      ingest(
        store,
        { source: 'feed', from, ...options },
        { clock, tempDir: folder, httpGet: noNetwork, ...environment },
      ),
    file: async (name, content) => {
      const path = join(folder, 'in', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      return path;
    },
    texts: async () => {
      const found: Record<string, string> = {};
      for await (const page of store.bodies('raw', await store.sequence())) {
        for (const { entry, body } of page)
          found[`${entry.c.slice(entry.c.indexOf('/feed') + '/feed'.length)}:${entry.k}`] = body.toString();
      }
      return found;
    },
  };
}

export function osv(id: string, more: object = {}): string {
  return JSON.stringify({ id, modified: '2026-07-01T00:00:00Z', ...more });
}

export type InputLine = { op?: string; source?: string; path: string; text?: string };

export function jsonl(lines: readonly (InputLine | string)[]): string {
  return lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
}

export function jsonlGz(lines: readonly (InputLine | string)[]): Buffer {
  return gzipSync(jsonl(lines));
}
