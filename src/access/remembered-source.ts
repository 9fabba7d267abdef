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
  const tokens = new Map<string, Remembered<StoredToken>>();
  let rules: Remembered<readonly PullRule[]> | undefined;
  let generation = 0;
  const now = (): number => clock.now().getTime();
  const isFresh = (entry: Remembered<unknown> | undefined): entry is Remembered<unknown> => {
    const ageMs = entry === undefined ? Infinity : now() - entry.atMs;
    return ageMs >= 0 && ageMs < maxAgeMs;
  };

  async function token(key: string, ask: () => Promise<StoredToken | undefined>): Promise<StoredToken | undefined> {
    const known = tokens.get(key);
    if (known && isFresh(known)) return known.value;
    const asked = { generation, atMs: now() };
    const value = await ask();
    tokens.delete(key);
    // What nobody knows is not remembered: guesses would push the tokens in use out.
    if (value === undefined || asked.generation !== generation) return value;
    if (tokens.size >= maxTokens) tokens.clear();
    tokens.set(key, { value, atMs: asked.atMs });
    return value;
  }

  async function pullRules(): Promise<readonly PullRule[]> {
    if (rules && isFresh(rules)) return rules.value;
    const asked = { generation, atMs: now() };
    try {
      const value = await source.pullRules();
      if (asked.generation === generation) rules = { value, atMs: asked.atMs };
      return value;
    } catch (error) {
      // Nobody can change a rule in a database that is away: what everybody may read stays readable meanwhile.
      if (rules === undefined || !(error instanceof ExportError && error.code === 'DATABASE_UNAVAILABLE')) throw error;
      rules = { value: rules.value, atMs: now() };
      return rules.value;
    }
  }

  return {
    tokenByHash: (sha256) => token(`hash ${sha256}`, () => source.tokenByHash(sha256)),
    tokenById: (id) => token(`id ${id}`, () => source.tokenById(id)),
    pullRules,
    noteUse: (id) => source.noteUse(id),
    noteRefusal: (refusal) => source.noteRefusal(refusal),
    forget() {
      generation++;
      tokens.clear();
      rules = undefined;
    },
  };
}
