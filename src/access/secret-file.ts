// Secrets that the service makes for itself on first start: one file each, mode 0600, never half-written.
// Several processes may start at once: the first one's secret wins and all of them read it.

import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ExportError } from '../core/errors.ts';

const secretBytes = 32;

/**
 * The text of the secret in `path` (base64url of 256 random bits), made when it is not there yet. Throws DENIED when
 * others than the owner can read the file, INPUT_INVALID when it is too short to be a secret.
 */
export async function openSecret(path: string): Promise<string> {
  return (await readSecret(path)) ?? createSecret(path);
}

async function readSecret(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new ExportError('DENIED', `others can read ${path}`, { hint: `run: chmod 600 ${path}` });
    }
    const text = (await readFile(path, 'utf8')).trim();
    if (text.length < 32) {
      throw new ExportError('INPUT_INVALID', `${path} holds no usable secret`, {
        hint: 'remove the file and a new secret is made at the next start',
      });
    }
    return text;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function createSecret(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  const secret = randomBytes(secretBytes).toString('base64url');
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(`${secret}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // A hard link appears whole or not at all, and fails where another process was first.
    await link(temporary, path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    return (await readSecret(path)) ?? createSecret(path);
  } finally {
    await unlink(temporary);
  }
  return secret;
}
