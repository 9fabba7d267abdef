// Housekeeping: again and again, also after a failure, until the end.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { keepHouse } from '../../src/runs/housekeeping.ts';

it('collects again after a failure, and ends with the signal', async () => {
  const end = new AbortController();
  const failures: string[] = [];
  let turns = 0;
  const collect = (): Promise<void> => {
    turns++;
    if (turns === 1) return Promise.reject(new Error('the disk is away'));
    if (turns === 3) end.abort();
    return Promise.resolve();
  };
  await keepHouse(collect, ({ message }) => failures.push(message), end.signal, { firstAfterMs: 1, everyMs: 1 });
  assert.equal(turns, 3);
  assert.deepEqual(failures, ['the disk is away']);
});
