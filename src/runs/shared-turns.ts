// One writer of signatures for each subject at a time, in this process and in all others that share the database: tags
// and fallback indexes are read, changed and written, so two writers would lose one entry.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import type { Database } from '../db/database.ts';
import { endTurn, takeTurn, type Turn } from '../db/turns.ts';
import { SubjectQueue, type Turns } from '../trust/subject-queue.ts';
import { isGone, newLeaseOwner } from './lease-owner.ts';

/** Longer than signing takes with a slow signer; who is slower is not alone any more, and looks again as always. */
const leaseMs = 60_000;
const pollMs = 50;
const patienceMs = 180_000;

export class SharedTurns implements Turns {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #own = new SubjectQueue();
  readonly #owner = newLeaseOwner();

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Throws CONFLICT when others keep the turn for three minutes. */
  run<T>(subject: string, work: () => Promise<T>): Promise<T> {
    return this.#own.run(subject, async () => {
      const turn = { name: subject, owner: this.#owner };
      await this.#take(turn);
      try {
        return await work();
      } finally {
        await endTurn(this.#db, turn);
      }
    });
  }

  async #take(turn: Turn): Promise<void> {
    for (let waited = 0; waited < patienceMs; waited += pollMs) {
      const now = this.#clock.now();
      const until = new Date(now.getTime() + leaseMs).toISOString();
      const holder = await takeTurn(this.#db, turn, { now: now.toISOString(), until });
      if (holder === turn.owner) return;
      if (holder !== '' && isGone(holder)) await endTurn(this.#db, { name: turn.name, owner: holder });
      else await sleep(pollMs);
    }
    throw new ExportError('CONFLICT', `${turn.name} is being signed by another process for a long time`, {
      retryable: true,
      hint: 'look at the service that signs it; its turn ends a minute after it was killed',
    });
  }
}
