// Tokens and rules kept in memory for a moment, so that a registry under load does not ask its database for each request.
// What this process changes counts at once (`forget`), what other processes change within `maxAgeMs`.

import type { Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import type { AccessSource, StoredToken } from './access-source.ts';
import type { PullRule } from './pull-rules.ts';

export const maxAgeMs = 1_000;

/** More tokens than are in use at once; all are forgotten beyond. */
const maxTokens = 10_000;

type Remembered<T> = { readonly value: T; readonly atMs: number };

export type RememberedSource = AccessSource & {
  /** The next questions go to the source, also those whose answers are under way. */
  forget(): void;
};

export function rememberedSource(source: AccessSource, clock: Clock): RememberedSource {
  const tokens = new Memory<StoredToken | undefined>(clock);
  const rules = new Memory<readonly PullRule[]>(clock);
  return {
    tokenByHash: (sha256) => tokens.get(`hash ${sha256}`, () => source.tokenByHash(sha256)),
    tokenById: (id) => tokens.get(`id ${id}`, () => source.tokenById(id)),
    pullRules: () => rules.get('', () => source.pullRules()).catch((error: unknown) => lastRules(rules, error)),
    noteUse: (id) => source.noteUse(id),
    noteRefusal: (refusal) => source.noteRefusal(refusal),
    forget() {
      tokens.forget();
      rules.forget();
    },
  };
}

/** Nobody can change a rule in a database that is away: what everybody may read stays readable meanwhile. */
function lastRules(rules: Memory<readonly PullRule[]>, error: unknown): readonly PullRule[] {
  const last = rules.renew('');
  if (last === undefined || !(error instanceof ExportError && error.code === 'DATABASE_UNAVAILABLE')) throw error;
  return last;
}

class Memory<T> {
  readonly #clock: Clock;
  readonly #known = new Map<string, Remembered<T>>();
  readonly #asked = new Map<string, Promise<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is remembered, or else what `ask` answers; callers at the same time share one question. */
  async get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#known.get(key);
    const ageMs = known === undefined ? Infinity : this.#now() - known.atMs;
    if (known !== undefined && ageMs >= 0 && ageMs < maxAgeMs) return known.value;
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    const question = this.#ask(key, ask);
    this.#asked.set(key, question);
    try {
      return await question;
    } finally {
      if (this.#asked.get(key) === question) this.#asked.delete(key);
    }
  }

  /** The last answer, taken for a new one; undefined when there is none. */
  renew(key: string): T | undefined {
    const known = this.#known.get(key);
    if (known !== undefined) this.#known.set(key, { value: known.value, atMs: this.#now() });
    return known?.value;
  }

  forget(): void {
    this.#known.clear();
    this.#asked.clear();
  }

  async #ask(key: string, ask: () => Promise<T>): Promise<T> {
    const atMs = this.#now();
    // The question must be noted before an answer may come, so that `forget` finds it.
    await Promise.resolve();
    const question = this.#asked.get(key);
    const value = await ask();
    // Asked before something changed: an answer for those who wait, not to be remembered.
    if (question === undefined || this.#asked.get(key) !== question) return value;
    // What nobody knows is not remembered: guesses would push the tokens in use out.
    if (value === undefined) this.#known.delete(key);
    else this.#remember(key, { value, atMs });
    return value;
  }

  #remember(key: string, entry: Remembered<T>): void {
    if (this.#known.size >= maxTokens) this.#known.clear();
    this.#known.set(key, entry);
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}
