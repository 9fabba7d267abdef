// The signing keys of one data folder: DIR/trust/keys/<id>.pem (PKCS#8, mode 0600) and the file `active`, which holds
// the id of the key that signs. Old keys stay, so that their public halves can still be handed out.

import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ExportError } from '../core/errors.ts';
import { createFile, listFiles, readIfThere, replaceFile } from './durable-file.ts';
import { exportSigningKey, generateSigningKey, importSigningKey, signerOf, type SigningKey } from './signing-key.ts';
import type { KeyAlgorithm } from './public-key.ts';
import type { Signer } from './types.ts';

export type StoredKey = {
  readonly id: string;
  readonly algorithm: KeyAlgorithm;
  readonly active: boolean;
  /** SPKI PEM. */
  readonly publicKey: string;
};

export interface KeyStore {
  /** All keys, the active one marked, sorted by id. */
  list(): Promise<StoredKey[]>;
  /** A new P-256 key, active from now on. */
  generate(): Promise<StoredKey>;
  /** An operator's key (cosign, PKCS#8, SEC1, PKCS#1 PEM), active from now on. */
  import(text: string, password?: string): Promise<StoredKey>;
  /** PEM of the active public key, or of key `id`. Throws NOT_FOUND. */
  publicPem(id?: string): Promise<string>;
  /** The active key's signer; a key is generated on first use. */
  openSigner(): Promise<Signer>;
}

/** Of every file here: only the owner reads it. */
const mode = 0o600;

const keyFile = /^[0-9a-f]{16}\.pem$/;

/** `external` is a key that does not live in the folder (see environment-key.ts) and goes before those that do. */
export function keyStore(dataDir: string, external?: SigningKey): KeyStore {
  const dir = join(dataDir, 'trust', 'keys');

  async function activate(key: SigningKey): Promise<StoredKey> {
    await writeKey(dir, key);
    await replaceFile(dir, 'active', `${key.publicKey.id}\n`, mode);
    return stored(key, external === undefined);
  }

  async function activeKey(): Promise<SigningKey> {
    if (external) return external;
    const id = await readActive(dir);
    if (id !== undefined) return readKey(dir, id);
    const fresh = generateSigningKey();
    await writeKey(dir, fresh);
    // Several processes may get here at once: the first link wins, the others take its key.
    if (await createFile(dir, 'active', `${fresh.publicKey.id}\n`, mode)) return fresh;
    await rm(join(dir, `${fresh.publicKey.id}.pem`), { force: true });
    return readKey(dir, (await readActive(dir)) ?? '');
  }

  async function list(): Promise<StoredKey[]> {
    const active = external ? undefined : await readActive(dir);
    const ids = (await listFiles(dir)).filter((name) => keyFile.test(name)).map((name) => name.slice(0, 16));
    const keys = await Promise.all(ids.filter((id) => id !== external?.publicKey.id).map((id) => readKey(dir, id)));
    const listed = keys.map((key) => stored(key, key.publicKey.id === active));
    if (external) listed.push(stored(external, true));
    return listed.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  return {
    list,
    generate: () => activate(generateSigningKey()),
    import: async (text, password) => activate(await importSigningKey(text, password)),
    publicPem: async (id) => {
      const key = (await list()).find((key) => (id === undefined ? key.active : key.id === id));
      if (key) return key.publicKey;
      throw new ExportError('NOT_FOUND', id === undefined ? 'there is no signing key yet' : `there is no key ${id}`, {
        hint: 'make one with `export-center keys generate`',
      });
    },
    openSigner: async () => signerOf(await activeKey()),
  };
}

function stored({ publicKey }: SigningKey, active: boolean): StoredKey {
  return { id: publicKey.id, algorithm: publicKey.algorithm, active, publicKey: publicKey.pem };
}

async function readKey(dir: string, id: string): Promise<SigningKey> {
  const text = keyFile.test(`${id}.pem`) ? await readIfThere(join(dir, `${id}.pem`)) : undefined;
  if (text === undefined) {
    throw new ExportError('NOT_FOUND', `the key ${JSON.stringify(id)} that ${dir} calls active is not there`, {
      hint: 'restore its file, or choose another key with `export-center keys import` or `keys generate`',
    });
  }
  const key = await importSigningKey(text);
  if (key.publicKey.id === id) return key;
  throw new ExportError('INPUT_INVALID', `${join(dir, `${id}.pem`)} holds another key than its name says`);
}

async function readActive(dir: string): Promise<string | undefined> {
  return (await readIfThere(join(dir, 'active')))?.trim();
}

async function writeKey(dir: string, key: SigningKey): Promise<void> {
  // Only the keys are secret: the trusted root beside them is for everybody.
  await mkdir(dirname(dir), { recursive: true });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await replaceFile(dir, `${key.publicKey.id}.pem`, exportSigningKey(key), mode);
}
