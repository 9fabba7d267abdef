// The first root of a repository as a file in the data folder: what clients start from, and what tells us, when the
// database is lost, which repository in the registry is ours.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import { createFile, readIfThere } from '../../trust/durable-file.ts';

const fileName = 'root.json';

export class FirstRoot {
  readonly path: string;
  readonly #dir: string;
  #kept = false;

  constructor(dir: string) {
    this.#dir = dir;
    this.path = join(dir, fileName);
  }

  /** Writes the file unless it is there. Throws CONFLICT when another root is in it. */
  async keep(bytes: Buffer | undefined): Promise<void> {
    if (this.#kept || !bytes) return;
    const text = bytes.toString('utf8');
    await mkdir(this.#dir, { recursive: true });
    if (!(await createFile(this.#dir, fileName, text, 0o644)) && (await readIfThere(this.path)) !== text) {
      throw new ExportError('CONFLICT', `${this.path} is the first root of another repository`, {
        hint: 'the database and the data folder do not belong together; restore both from one backup',
      });
    }
    this.#kept = true;
  }

  async exists(): Promise<boolean> {
    return (await readIfThere(this.path)) !== undefined;
  }

  /** There was a repository that neither the database nor the registry knows. */
  lost(): ExportError {
    return new ExportError(
      'CONFLICT',
      `${this.path} is there, but its repository is in neither database nor registry`,
      {
        hint: 'restore one of them; or, if no client trusts that root, remove the folder of its keys and the file',
      },
    );
  }

  /** Whether a first root is ours: the one in the file, or, without one, that of keys which are here. */
  async matches(
    bytes: Buffer | undefined,
    keyIds: readonly string[],
    signers: ReadonlyMap<string, unknown>,
  ): Promise<boolean> {
    const text = await readIfThere(this.path);
    if (text !== undefined) return bytes?.toString('utf8') === text;
    return keyIds.some((id) => signers.has(id));
  }
}
