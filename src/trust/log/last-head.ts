// The newest checkpoint that this machine handed out: DIR/trust/log/<id>.checkpoint. A database that was restored from a
// backup is behind it, or has grown into another tree since; writing on would contradict what was promised.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, replaceFile } from '../durable-file.ts';
import { verifyCheckpoint, type TreeHead } from './checkpoint.ts';
import type { LogIdentity } from './log-identity.ts';

export class LastHead {
  readonly #dir: string;
  readonly #identity: LogIdentity;
  #size = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(dataDir: string, identity: LogIdentity) {
    this.#dir = join(dataDir, 'trust', 'log');
    this.#identity = identity;
  }

  /** Throws VERIFICATION_FAILED when the file was changed. */
  async read(): Promise<TreeHead | undefined> {
    const note = await readIfThere(join(this.#dir, this.#name()));
    return note === undefined ? undefined : verifyCheckpoint(note, this.#identity);
  }

  /** Keeps a checkpoint unless a newer one is kept; resolves when it, or a newer one, is on the disk. */
  keep(size: number, checkpoint: string): Promise<void> {
    const before = this.#writing.catch(() => undefined);
    this.#writing = before.then(async () => {
      if (size <= this.#size) return;
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      await replaceFile(this.#dir, this.#name(), checkpoint, 0o600);
      this.#size = size;
    });
    return this.#writing;
  }

  #name(): string {
    return `${this.#identity.publicKey.id}.checkpoint`;
  }
}
