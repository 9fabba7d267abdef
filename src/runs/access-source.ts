// Tokens, rules, uses and refusals in the database, as the access room asks for them. Uses and refusals are written beside
// the requests that they tell of, seldom enough that neither a busy client nor an attacker makes the database work.

import type { AccessSource, Refusal, StoredToken } from '../access/access-source.ts';
import type { PullRule } from '../access/pull-rules.ts';
import type { Role } from '../access/roles.ts';
import type { Clock } from '../core/clock.ts';
import { addAudit } from '../db/audit.ts';
import type { Database } from '../db/database.ts';
import { noteTokenUse, pullRules, tokenByHash, tokenById, type TokenRow } from '../db/tokens.ts';
import { RefusalFilter } from './refusal-filter.ts';

/** A token's last use is known to so many milliseconds. */
const useGrainMs = 600_000;
const maxUses = 10_000;
const maxRequestChars = 300;

export class DatabaseAccessSource implements AccessSource {
  readonly #db: Database;
  readonly #clock: Clock;
  /** The last use that was written, by token. */
  readonly #uses = new Map<string, number>();
  readonly #pending = new Set<Promise<void>>();
  readonly #refusals: RefusalFilter;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    this.#refusals = new RefusalFilter(clock);
  }

  async tokenByHash(sha256: string): Promise<StoredToken | undefined> {
    return storedToken(await tokenByHash(this.#db, sha256));
  }

  async tokenById(id: string): Promise<StoredToken | undefined> {
    return storedToken(await tokenById(this.#db, id));
  }

  async pullRules(): Promise<readonly PullRule[]> {
    return (await pullRules(this.#db)).map((row) => ({ ...row, anonymous: row.anonymous === 1 }));
  }

  noteUse(id: string): void {
    const grain = Math.floor(this.#clock.now().getTime() / useGrainMs) * useGrainMs;
    if (this.#uses.get(id) === grain) return;
    if (this.#uses.size >= maxUses) this.#uses.clear();
    this.#uses.set(id, grain);
    this.#beside(noteTokenUse(this.#db, id, new Date(grain).toISOString()));
  }

  noteRefusal({ actor, request, reason }: Refusal): void {
    const target = request.slice(0, maxRequestChars);
    const passed = this.#refusals.pass(actor, `${target} ${reason}`);
    if (passed === undefined) return;
    const { notWritten } = passed;
    const detail = { reason, ...(notWritten === 0 ? {} : { notWritten }) };
    const entry = { actor, action: 'access.refused', target, detail };
    this.#beside(addAudit(this.#db, entry, this.#clock));
  }

  /** Waits for what is being written. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** A request neither waits for this nor fails with it. */
  #beside(work: Promise<void>): void {
    const settled: Promise<void> = work.catch(() => undefined).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }
}

function storedToken(row: TokenRow | undefined): StoredToken | undefined {
  if (row === undefined) return undefined;
  const { id, name, tenant, role, repositories, sha256, expiresAt, revokedAt } = row;
  const limit = repositories === null ? {} : { repositories: JSON.parse(repositories) as string[] };
  return {
    id,
    name,
    // The table takes these three words only.
    grant: { role: role as Role, tenant, ...limit },
    sha256,
    expiresAt: expiresAt ?? undefined,
    revokedAt: revokedAt ?? undefined,
  };
}
