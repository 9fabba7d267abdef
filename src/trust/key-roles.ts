// Which keys of a folder sign: the file `active` holds the id of the one that signs, `co-signers` the ids of those that
// still sign beside it, one `ID UNTIL` a line, where UNTIL is an RFC 3339 instant or `-` for "until it is retired".

import { join } from 'node:path';
import { ExportError } from '../core/errors.ts';
import { createFile, readIfThere, replaceFile } from './durable-file.ts';

/** Until when a key signs beside the active one; null is until it is retired. */
export type CoSigner = { readonly id: string; readonly until: Date | null };

/** Only the owner reads it, like the keys. */
const mode = 0o600;

const line = /^([0-9a-f]{16}) (-|\S+Z)$/;

export class KeyRoles {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async active(): Promise<string | undefined> {
    return (await readIfThere(join(this.#dir, 'active')))?.trim();
  }

  async activate(id: string): Promise<void> {
    await replaceFile(this.#dir, 'active', `${id}\n`, mode);
  }

  /** False when another process was first. */
  activateFirst(id: string): Promise<boolean> {
    return createFile(this.#dir, 'active', `${id}\n`, mode);
  }

  /** Those of before `now` are over and left out. */
  async coSigners(now: Date): Promise<CoSigner[]> {
    const text = (await readIfThere(join(this.#dir, 'co-signers'))) ?? '';
    const lines = text.split('\n').filter((each) => each !== '');
    return lines.map((each) => this.#parse(each)).filter(({ until }) => until === null || until > now);
  }

  /** Adds a co-signer, or gives it another end; undefined takes it away. */
  async setCoSigner(id: string, until: Date | null | undefined, now: Date): Promise<void> {
    const others = (await this.coSigners(now)).filter((each) => each.id !== id);
    const all = until === undefined ? others : [...others, { id, until }];
    const text = all.map((each) => `${each.id} ${each.until?.toISOString() ?? '-'}\n`).join('');
    await replaceFile(this.#dir, 'co-signers', text, mode);
  }

  /** A line that cannot be read is an error: a signature that consumers wait for would be missing without a word. */
  #parse(text: string): CoSigner {
    const [, id, instant] = line.exec(text) ?? [];
    const until = instant === '-' ? null : new Date(instant ?? '');
    if (id !== undefined && (until === null || !Number.isNaN(until.getTime()))) return { id, until };
    throw new ExportError('INPUT_INVALID', `${join(this.#dir, 'co-signers')} has a line that is no "ID UNTIL"`, {
      hint: 'remove the line and name the key again with `export-center keys activate ID --co-sign`',
    });
  }
}
