// Opens a data folder: database, registry storage, keys. Everything but the database opens when it is first needed, so
// that a command that only looks costs little.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, type Clock } from '../core/clock.ts';
import { openDatabase } from '../db/open-database.ts';
import type { ExportError } from '../core/errors.ts';
import { onDisk } from '../registry/storage/storage-error.ts';
import { LocalCenter } from './local-center.ts';
import type { RegistryPlace } from './registry-storage.ts';

export type OpenCenterOptions = {
  /** The data folder; made when it is not there. */
  readonly data: string;
  /** `postgres://…`; without it SQLite in the folder. */
  readonly databaseUrl?: string;
  readonly clock?: Clock;
  /** PEM text of further certificate authorities for outgoing requests. */
  readonly ca?: string;
  readonly offline?: boolean;
  /** Where keys from the environment and registry credentials come from; default: the process's. */
  readonly env?: { readonly [name: string]: string | undefined };
  /** Where the own registry keeps its content; default: the data folder. */
  readonly registry?: RegistryPlace;
  /** The URL that clients use for the own registry. */
  readonly publicUrl?: string;
  /** Told of every attempt at a run that failed. */
  readonly onRunFailure?: (run: string, error: ExportError) => void;
  /** Asked at every build: moves a mirror's base on although the rule does not ask for it. For tests and benchmarks. */
  readonly compactsNow?: () => boolean;
  /** Who acts where a call does not say, for the audit; default `local`. */
  readonly actor?: string;
  /**
   * True for the service, whose `work` executes runs. Otherwise a started run is executed at once by this process.
   */
  readonly service?: boolean;
};

const folderMode = 0o700;

export async function openCenter(options: OpenCenterOptions): Promise<LocalCenter> {
  const clock = options.clock ?? systemClock;
  await onDisk(`making the folder ${options.data}`, () => mkdir(options.data, { recursive: true, mode: folderMode }));
  const location = options.databaseUrl ? { url: options.databaseUrl } : { file: join(options.data, 'center.db') };
  return new LocalCenter(await openDatabase(location, clock), clock, options);
}
