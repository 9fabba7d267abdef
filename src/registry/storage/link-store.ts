// Small named things ("links") under paths, as disk-paths.ts lays them out: what a repository is made of, on a disk or in
// a bucket. Everything is durable when a promise resolves, and whoever reads sees a link whole or not at all.

import type { Sweepable } from './storage.ts';

export type SweptPart = {
  readonly folder: string;
  /** The entry's name for a link's name, undefined for what is none of this part's business. */
  readonly nameOf: (link: string) => string | undefined;
  /** Path for an entry's name. */
  readonly pathOf: (name: string) => string;
  /** Levels of folders between `folder` and the links; 0 by default. */
  readonly depth?: number;
};

export interface LinkStore {
  read(path: string): Promise<Buffer | undefined>;
  has(path: string): Promise<boolean>;
  write(path: string, bytes: Buffer): Promise<void>;
  /** Makes an empty link; one that is there already is touched. */
  mark(path: string): Promise<void>;
  /** Tells the sweep that somebody relies on it; false when it is not there. */
  touch(path: string): Promise<boolean>;
  /** False when it was not there. */
  remove(path: string): Promise<boolean>;
  /** Names right below a folder, in no order; none when the folder is not there. */
  list(folder: string): Promise<string[]>;
  /** Whether anything was ever stored below one of the folders. */
  anyOf(folders: readonly string[]): Promise<boolean>;
  /** Removes a link unless it was touched at or after `beforeMs`, also in the last moment; true when it is gone. */
  discard(path: string, beforeMs: number): Promise<boolean>;
  swept(part: SweptPart): Sweepable;
}
