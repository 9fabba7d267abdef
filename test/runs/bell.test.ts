// Waiting for news: woken by a ring, also by one between listening and waiting, and by time alone when nobody rings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bell } from '../../src/runs/bell.ts';

const hour = 3_600_000;

test('a ring wakes everybody who listens', async () => {
  const bell = new Bell();
  const waiting = [bell.listen()(hour), bell.listen()(hour)];
  bell.ring();
  await Promise.all(waiting);
});

test('a ring between listening and waiting is not lost', async () => {
  const bell = new Bell();
  const wait = bell.listen();
  bell.ring();
  await wait(hour);
});

test('a ring before listening does not count, and waiting ends by itself', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const bell = new Bell();
  bell.ring();
  let over = false;
  const waiting = bell
    .listen()(100)
    .then(() => (over = true));
  await Promise.resolve();
  assert.equal(over, false);
  t.mock.timers.tick(100);
  await waiting;
});
