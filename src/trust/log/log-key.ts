// The log's private key: DIR/trust/log/<id>.pem (mode 0600), or EXPORT_CENTER_LOG_KEY, PEM text or the path of a file
// with it, for several machines on one database. A new one lies in `new.pem` until the database knows it, so that
// processes that start at once, and those after a crash, all take the same.

import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import { createFile, listFiles, readIfThere } from '../durable-file.ts';
import type { Environment } from '../environment-key.ts';
import { exportSigningKey, generateSigningKey, importSigningKey, type SigningKey } from '../signing-key.ts';

const fresh = 'new.pem';

const keyFile = /^([0-9a-f]{16})\.pem$/;

export class LogKeys {
  readonly #dir: string;
  readonly #env: Environment;

  constructor(dataDir: string, env: Environment) {
    this.#dir = join(dataDir, 'trust', 'log');
    this.#env = env;
  }

  /** The private half of a log's key. Throws NOT_FOUND with what to do when this machine does not have it. */
  async find(id: string): Promise<SigningKey> {
    const given = await this.#given();
    if (given?.publicKey.id === id) return given;
    const key = await this.#read(`${id}.pem`);
    if (key) return key;
    const unnamed = await this.#read(fresh);
    if (unnamed?.publicKey.id === id) {
      // Another process may do the same at this moment.
      await rename(join(this.#dir, fresh), join(this.#dir, `${id}.pem`)).catch(() => undefined);
      return unnamed;
    }
    const again = await this.#read(`${id}.pem`);
    if (again) return again;
    throw new ExportError('NOT_FOUND', `the key ${id} of the transparency log is not on this machine`, {
      hint: `copy ${join(this.#dir, `${id}.pem`)} from the machine that made it, or give it in EXPORT_CENTER_LOG_KEY`,
    });
  }

  /** The key for a new log: the one that was given, or a new one; undefined when another process has just begun one. */
  async forNewLog(): Promise<SigningKey | undefined> {
    const given = await this.#given();
    if (given) return given;
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await createFile(this.#dir, fresh, exportSigningKey(generateSigningKey()), 0o600);
    return this.#read(fresh);
  }

  /** Keys of logs that were written from this folder, whatever database they belonged to. */
  async former(): Promise<SigningKey[]> {
    const names = (await listFiles(this.#dir)).filter((name) => keyFile.test(name)).sort();
    const keys = await Promise.all(names.map((name) => this.#read(name)));
    return keys.filter((key) => key !== undefined);
  }

  /** Drops a new key that another machine's log made needless. */
  async forgetNew(): Promise<void> {
    await rm(join(this.#dir, fresh), { force: true });
  }

  async #given(): Promise<SigningKey | undefined> {
    const value = this.#env['EXPORT_CENTER_LOG_KEY'];
    if (value === undefined || value === '') return undefined;
    if (value.includes('-----BEGIN')) return importSigningKey(value);
    try {
      return await importSigningKey(await readFile(value, 'utf8'));
    } catch {
      // The value may be a mangled key instead of a path, so it is not repeated.
      throw new ExportError('INPUT_INVALID', 'EXPORT_CENTER_LOG_KEY is neither a private key in PEM nor its file');
    }
  }

  async #read(name: string): Promise<SigningKey | undefined> {
    const text = await readIfThere(join(this.#dir, name));
    return text === undefined ? undefined : importSigningKey(text);
  }
}
