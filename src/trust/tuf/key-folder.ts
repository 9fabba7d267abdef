// Private keys of one TUF repository that this machine holds: one PKCS#8 PEM for each, named by the key's id, mode 0600.
// Keys that are kept elsewhere have no file here, and then their roles are signed by a ceremony.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import { listFiles, readPrivate, replaceFile } from '../durable-file.ts';
import { generateTufKey, tufSigner, type TufSigner } from './keys.ts';

const keyFile = /^([0-9a-f]{64})\.pem$/;

export interface KeyFolder {
  /** The signers of all keys that are here, by key id. Throws DENIED for a file that others can read. */
  signers(): Promise<Map<string, TufSigner>>;
  /** Makes and keeps a new Ed25519 key. */
  generate(): Promise<TufSigner>;
  /** Removes keys that no document names any more. */
  forget(keyIds: readonly string[]): Promise<void>;
}

export function keyFolder(dir: string): KeyFolder {
  return {
    async signers() {
      const signers = new Map<string, TufSigner>();
      for (const name of await listFiles(dir)) {
        const [, id] = keyFile.exec(name) ?? [];
        const signer = id === undefined ? undefined : await readSigner(join(dir, name), id);
        if (signer) signers.set(signer.keyId, signer);
      }
      return signers;
    },
    async generate() {
      const pem = generateTufKey();
      const signer = tufSigner(pem);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await replaceFile(dir, `${signer.keyId}.pem`, pem, 0o600);
      return signer;
    },
    async forget(keyIds) {
      for (const id of keyIds) await rm(join(dir, `${id}.pem`), { force: true });
    },
  };
}

/** Undefined when another process has forgotten the key since the folder was listed. */
async function readSigner(path: string, id: string): Promise<TufSigner | undefined> {
  const pem = await readPrivate(path);
  if (pem === undefined) return undefined;
  const signer = tufSigner(pem);
  if (signer.keyId === id) return signer;
  throw new ExportError('INPUT_INVALID', `${path} holds another key than its name says`);
}
