// `npm run soak -- tuf`: clients that refresh over HTTP, each from the first root on, while somebody publishes all the time.

import assert from 'node:assert/strict';
import { findTufTarget } from '../../src/consumer/tuf-target.ts';
import { feed } from '../support/center.ts';
import { openTufWorld, type TufWorld } from '../support/tuf-world.ts';
import { withScope } from '../support/with-scope.ts';

export type TufFigures = { readonly refreshes: number; readonly published: number; readonly failures: string[] };

/** What went wrong in so many refreshes, and how many publications were made meanwhile. */
export async function refreshUnderPublishing(refreshes: number): Promise<TufFigures> {
  return withScope(async (scope) => {
    const world = await openTufWorld(scope);
    await world.ingest(feed('osv', 2));
    const { digest } = await world.succeed('mirror:full');
    const root = await world.firstRoot('default');
    const over = new AbortController();
    const publishing = publishUntil(world, over.signal);
    const failures: string[] = [];
    for (let i = 0; i < refreshes; i++) {
      await findTufTarget('mirror/latest', { from: `${world.url}/tuf/default`, root }).then(
        (found) => found.digest === digest || failures.push(found.digest),
        (error: unknown) => failures.push(String(error)),
      );
    }
    over.abort();
    return { refreshes, published: await publishing, failures };
  });
}

/** New targets each time, with the snapshot and the timestamp that they need. */
async function publishUntil({ center }: TufWorld, over: AbortSignal): Promise<number> {
  let published = 0;
  for (; !over.aborted; published++) {
    await center.tuf.publish('default', await center.tuf.draft('default', { role: 'targets', newOnlineKeys: false }));
  }
  return published;
}

/** `argv`: how many refreshes (default: 1,000). */
export async function run([refreshes = '1000']: readonly string[]): Promise<void> {
  const { failures, ...figures } = await refreshUnderPublishing(Number(refreshes));
  assert.deepEqual(failures, []);
  console.log(JSON.stringify({ soak: 'tuf', ...figures, failures: failures.length }));
}
