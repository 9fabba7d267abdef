// Signing keys with the audit beside them, and what is signed with them besides artifacts: single files. Keys are files:
// the entry is written after the change, which is whole by then.

import type { Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import { addAudit } from '../db/audit.ts';
import type { Database } from '../db/database.ts';
import { digestOf } from '../core/digest.ts';
import { signFile } from '../trust/file-signature.ts';
import type { KeyStore, Overlap } from '../trust/key-store.ts';
import type { SigningPolicy } from '../trust/signing-policy.ts';
import type { Actor } from './access-center.ts';
import type { KeyRotation, KeySummary } from './center.ts';
import { parseDuration } from './duration.ts';

export type KeyDeskOptions = {
  readonly db: Database;
  readonly clock: Clock;
  /** Who acts where a call does not say. */
  readonly actor: Actor;
  /** Opens the store when it is first needed. */
  readonly store: () => Promise<KeyStore>;
  readonly policy: () => Promise<SigningPolicy>;
};

export class KeyDesk {
  readonly #options: KeyDeskOptions;

  constructor(options: KeyDeskOptions) {
    this.#options = options;
  }

  async list(): Promise<KeySummary[]> {
    return (await this.#options.store()).list();
  }

  async generate(rotation: KeyRotation = {}, actor?: Actor): Promise<KeySummary> {
    const overlap = this.#overlap(rotation);
    const key = await (await this.#options.store()).generate(overlap);
    await this.#audit('key.generate', key.id, actor, rotation);
    return key;
  }

  async import(text: string, password?: string, rotation: KeyRotation = {}, actor?: Actor): Promise<KeySummary> {
    const overlap = this.#overlap(rotation);
    const key = await (await this.#options.store()).import(text, password, overlap);
    await this.#audit('key.import', key.id, actor, rotation);
    return key;
  }

  async activate(
    id: string,
    rotation: KeyRotation & { readonly coSign?: boolean } = {},
    actor?: Actor,
  ): Promise<KeySummary> {
    const overlap = this.#overlap(rotation);
    const store = await this.#options.store();
    const key = rotation.coSign === true ? await store.coSign(id, overlap) : await store.activate(id, overlap);
    await this.#audit('key.activate', id, actor, rotation);
    return key;
  }

  async retire(id: string, actor?: Actor): Promise<KeySummary> {
    const key = await (await this.#options.store()).retire(id);
    await this.#audit('key.retire', id, actor);
    return key;
  }

  /** The sigstoreBundle of a file under the key that signs. */
  async signFile(content: Buffer, actor?: Actor): Promise<Buffer> {
    const { store, policy } = this.#options;
    const signer = await (await store()).openSigner();
    const bundle = await signFile(content, signer, await policy());
    await this.#audit('file.sign', digestOf(content), actor);
    return bundle;
  }

  /** Makes the key that signs, unless one is there or brought along. */
  async ensure(): Promise<void> {
    const store = await this.#options.store();
    const known = await store.list();
    await store.openSigner();
    if (known.length > 0) return;
    for (const { id } of await store.list()) await this.#audit('key.generate', id, 'service');
  }

  #audit(
    action: string,
    target: string,
    actor: Actor = this.#options.actor,
    detail: KeyRotation & { readonly coSign?: boolean } = {},
  ): Promise<void> {
    const { db, clock } = this.#options;
    return addAudit(db, { actor, action, target, detail }, clock);
  }

  #overlap({ overlap }: KeyRotation): Overlap {
    if (overlap === undefined) return 'until-retired';
    if (overlap === 'none') return overlap;
    const length = parseDuration(overlap);
    if (length !== undefined) return { until: new Date(this.#options.clock.now().getTime() + length) };
    throw new ExportError('USAGE', `the overlap ${overlap} is no duration`, {
      hint: 'give weeks, days or hours such as P30D or PT12H, or none',
    });
  }
}
