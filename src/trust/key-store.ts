// The signing keys of one data folder: DIR/trust/keys/<id>.pem (PKCS#8, mode 0600), with the roles of key-roles.ts. Old
// keys stay, so that their public halves can still be handed out.

import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock, type Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import { listFiles, readIfThere, replaceFile } from './durable-file.ts';
import { KeyRoles } from './key-roles.ts';
import { parsePublicKey, type KeyAlgorithm, type PublicKey } from './public-key.ts';
import { exportSigningKey, generateSigningKey, importSigningKey, signerOf, type SigningKey } from './signing-key.ts';
import type { Signer } from './types.ts';

export type StoredKey = {
  readonly id: string;
  readonly algorithm: KeyAlgorithm;
  /** The one that signs; co-signers sign beside it. */
  readonly active: boolean;
  /** RFC 3339, or `retired` for "until it is retired"; absent on a key that does not co-sign. */
  readonly coSignsUntil?: string;
  /** SPKI PEM. */
  readonly publicKey: string;
};

/** How long the key that signed so far goes on beside the new one: not at all, until then, or until it is retired. */
export type Overlap = 'none' | 'until-retired' | { readonly until: Date };

export interface KeyStore {
  /** All keys with their roles, sorted by id. */
  list(): Promise<StoredKey[]>;
  /** A new P-256 key, active from now on. */
  generate(overlap?: Overlap): Promise<StoredKey>;
  /** An operator's key (cosign, PKCS#8, SEC1, PKCS#1 PEM), active from now on. */
  import(text: string, password?: string, overlap?: Overlap): Promise<StoredKey>;
  /** Makes a key that is there the active one. Throws NOT_FOUND. */
  activate(id: string, overlap?: Overlap): Promise<StoredKey>;
  /** Lets a key that is there sign beside the active one. Throws NOT_FOUND, CONFLICT for the active one. */
  coSign(id: string, overlap: Overlap): Promise<StoredKey>;
  /** A key signs no more; its file stays. Throws NOT_FOUND, CONFLICT for the active one. */
  retire(id: string): Promise<StoredKey>;
  /** PEM of the active public key, or of key `id`. Throws NOT_FOUND. */
  publicPem(id?: string): Promise<string>;
  /** The active key's signer; a key is generated on first use. */
  openSigner(): Promise<Signer>;
  /** The active key's signer first, then those of the co-signers. */
  openSigners(): Promise<Signer[]>;
}

export type KeyStoreOptions = {
  /** A key that does not live in the folder (environment, KMS) and goes before those that do. */
  readonly external?: Signer | undefined;
  readonly clock?: Clock;
};

const keyFile = /^[0-9a-f]{16}\.pem$/;

export function keyStore(dataDir: string, options: KeyStoreOptions = {}): KeyStore {
  return new FolderKeys(join(dataDir, 'trust', 'keys'), options);
}

class FolderKeys implements KeyStore {
  readonly #dir: string;
  readonly #roles: KeyRoles;
  readonly #external: { readonly signer: Signer; readonly publicKey: PublicKey } | undefined;
  readonly #clock: Clock;

  constructor(dir: string, { external, clock = systemClock }: KeyStoreOptions) {
    this.#dir = dir;
    this.#roles = new KeyRoles(dir);
    this.#external = external && { signer: external, publicKey: parsePublicKey(external.publicKeyPem) };
    this.#clock = clock;
  }

  async list(): Promise<StoredKey[]> {
    const [active, coSigners] = await Promise.all([this.#activeId(), this.#roles.coSigners(this.#clock.now())]);
    const names = (await listFiles(this.#dir)).filter((name) => keyFile.test(name));
    const stored = await Promise.all(names.map((name) => this.#read(name.slice(0, 16))));
    const keys = new Map(stored.map(({ publicKey }) => [publicKey.id, publicKey]));
    if (this.#external) keys.set(this.#external.publicKey.id, this.#external.publicKey);
    const listed = [...keys.values()].map(({ id, algorithm, pem }) => {
      const coSigner = id === active ? undefined : coSigners.find((each) => each.id === id);
      const role = coSigner && { coSignsUntil: coSigner.until?.toISOString() ?? 'retired' };
      return { id, algorithm, active: id === active, ...role, publicKey: pem };
    });
    return listed.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  generate(overlap?: Overlap): Promise<StoredKey> {
    return this.#take(generateSigningKey(), overlap);
  }

  async import(text: string, password?: string, overlap?: Overlap): Promise<StoredKey> {
    return this.#take(await importSigningKey(text, password), overlap);
  }

  async activate(id: string, overlap: Overlap = 'until-retired'): Promise<StoredKey> {
    await this.#find(id);
    const before = await this.#roles.active();
    // First, so that a crash leaves one key too many and never one too few.
    if (before !== undefined && before !== id && !this.#external) await this.#setOverlap(before, overlap);
    await this.#roles.activate(id);
    await this.#roles.setCoSigner(id, undefined, this.#clock.now());
    return this.#find(id);
  }

  async coSign(id: string, overlap: Overlap): Promise<StoredKey> {
    if ((await this.#find(id)).active) throw conflict(`the key ${id} is the active one`);
    await this.#setOverlap(id, overlap);
    return this.#find(id);
  }

  async retire(id: string): Promise<StoredKey> {
    if ((await this.#find(id)).active) throw conflict(`the key ${id} is the one that signs`);
    await this.#setOverlap(id, 'none');
    return this.#find(id);
  }

  async publicPem(id?: string): Promise<string> {
    if (id !== undefined) return (await this.#find(id)).publicKey;
    const key = (await this.list()).find(({ active }) => active);
    if (key) return key.publicKey;
    throw new ExportError('NOT_FOUND', 'there is no signing key yet', {
      hint: 'make one with `export-center keys generate`',
    });
  }

  async openSigner(): Promise<Signer> {
    if (this.#external) return this.#external.signer;
    const id = await this.#roles.active();
    if (id !== undefined) return signerOf(await this.#read(id));
    const fresh = generateSigningKey();
    await this.#write(fresh);
    // Several processes may get here at once: the first link wins, the others take its key.
    if (await this.#roles.activateFirst(fresh.publicKey.id)) return signerOf(fresh);
    await rm(join(this.#dir, `${fresh.publicKey.id}.pem`), { force: true });
    return signerOf(await this.#read((await this.#roles.active()) ?? ''));
  }

  async openSigners(): Promise<Signer[]> {
    const signers = [await this.openSigner()];
    const active = await this.#activeId();
    for (const { id } of await this.#roles.coSigners(this.#clock.now())) {
      if (id !== active) signers.push(signerOf(await this.#read(id)));
    }
    return signers;
  }

  async #take(key: SigningKey, overlap?: Overlap): Promise<StoredKey> {
    await this.#write(key);
    return this.activate(key.publicKey.id, overlap);
  }

  #setOverlap(id: string, overlap: Overlap): Promise<void> {
    const until = overlap === 'none' ? undefined : overlap === 'until-retired' ? null : overlap.until;
    return this.#roles.setCoSigner(id, until, this.#clock.now());
  }

  #activeId(): Promise<string | undefined> {
    return this.#external ? Promise.resolve(this.#external.publicKey.id) : this.#roles.active();
  }

  async #find(id: string): Promise<StoredKey> {
    const key = (await this.list()).find((each) => each.id === id);
    if (key) return key;
    throw new ExportError('NOT_FOUND', `there is no key ${id}`, { hint: '`export-center keys list` shows all' });
  }

  async #read(id: string): Promise<SigningKey> {
    const path = join(this.#dir, `${id}.pem`);
    const text = keyFile.test(`${id}.pem`) ? await readIfThere(path) : undefined;
    if (text === undefined) {
      throw new ExportError('NOT_FOUND', `the key ${JSON.stringify(id)} that ${this.#dir} calls for is not there`, {
        hint: 'restore its file, or choose another key with `export-center keys import` or `keys generate`',
      });
    }
    const key = await importSigningKey(text);
    if (key.publicKey.id === id) return key;
    throw new ExportError('INPUT_INVALID', `${path} holds another key than its name says`);
  }

  async #write(key: SigningKey): Promise<void> {
    // Only the keys are secret: the trusted root beside them is for everybody.
    await mkdir(dirname(this.#dir), { recursive: true });
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await replaceFile(this.#dir, `${key.publicKey.id}.pem`, exportSigningKey(key), 0o600);
  }
}

function conflict(what: string): ExportError {
  return new ExportError('CONFLICT', what, { hint: 'activate another key first: `export-center keys list` shows all' });
}
