// When a look at a file is taken at once, and when it goes through the thread pool.

import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { QuickLooks } from '../../../src/registry/storage/quick-look.ts';

/** Looks that take as long as a test says, and tell which way they went. */
function looksThatTake() {
  let nowMs = 0;
  const looks = new QuickLooks(() => nowMs);
  return {
    pass: (ms: number) => void (nowMs += ms),
    look: (tookMs: number) =>
      looks.take(
        () => {
          nowMs += tookMs;
          return 'at once';
        },
        () => Promise.resolve('later'),
      ),
  };
}

describe('a look at a file', () => {
  it('is taken at once until a turn of the event loop has given two milliseconds, and again in the next turn', async () => {
    const { look } = looksThatTake();
    assert.deepEqual([await look(1), await look(1), await look(1)], ['at once', 'at once', 'later']);
    await turn();
    assert.equal(await look(1), 'at once');
  });

  it('goes through the thread pool for a second after one that took ten milliseconds', async () => {
    const { look, pass } = looksThatTake();
    assert.equal(await look(10), 'at once');
    await turn();
    pass(999);
    assert.equal(await look(1), 'later');
    pass(1);
    assert.equal(await look(1), 'at once');
  });

  it('that fails is a rejection, and counts like any other', async () => {
    let nowMs = 0;
    const looks = new QuickLooks(() => nowMs);
    const fail = (): never => {
      nowMs += 2;
      throw new Error('no such file');
    };
    await assert.rejects(
      looks.take(fail, () => Promise.resolve()),
      /no such file/,
    );
    assert.equal(
      await looks.take(
        () => 'at once',
        () => Promise.resolve('later'),
      ),
      'later',
    );
  });
});
