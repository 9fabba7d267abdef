// Signing keys with the audit beside them. Keys are files: the entry is written after the change, which is whole by then.

import type { Clock } from '../core/clock.ts';
import { addAudit } from '../db/audit.ts';
import type { Database } from '../db/database.ts';
import type { KeyStore } from '../trust/key-store.ts';
import type { Actor } from './access-center.ts';
import type { KeySummary } from './center.ts';

export type KeyDeskOptions = {
  readonly db: Database;
  readonly clock: Clock;
  /** Who acts where a call does not say. */
  readonly actor: Actor;
  /** Opens the store when it is first needed. */
  readonly store: () => Promise<KeyStore>;
};

export class KeyDesk {
  readonly #options: KeyDeskOptions;

  constructor(options: KeyDeskOptions) {
    this.#options = options;
  }

  async list(): Promise<KeySummary[]> {
    return (await this.#options.store()).list();
  }

  async generate(actor?: Actor): Promise<KeySummary> {
    const key = await (await this.#options.store()).generate();
    await this.#audit('key.generate', key.id, actor);
    return key;
  }

  async import(text: string, password?: string, actor?: Actor): Promise<KeySummary> {
    const key = await (await this.#options.store()).import(text, password);
    await this.#audit('key.import', key.id, actor);
    return key;
  }

  /** Makes the key that signs, unless one is there or brought along. */
  async ensure(): Promise<void> {
    const store = await this.#options.store();
    const known = await store.list();
    await store.openSigner();
    if (known.length > 0) return;
    for (const { id } of await store.list()) await this.#audit('key.generate', id, 'service');
  }

  #audit(action: string, target: string, actor: Actor = this.#options.actor): Promise<void> {
    const { db, clock } = this.#options;
    return addAudit(db, { actor, action, target }, clock);
  }
}
