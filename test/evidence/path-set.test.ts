// The set that remembers which documents an input has spoken of.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathSet } from '../../src/evidence/path-set.ts';

test('a path is new once, whatever the size of the set', () => {
  const set = new PathSet();
  for (let i = 0; i < 20_000; i++) assert.ok(set.add('osv/x', `${i}.json`));
  for (let i = 0; i < 20_000; i++) assert.ok(!set.add('osv/x', `${i}.json`));
  assert.equal(set.size, 20_000);
  assert.ok(set.has('osv/x', '19999.json'));
  assert.ok(!set.has('osv/x', '20000.json'));
});

test('collection and path are not run together', () => {
  const set = new PathSet();
  assert.ok(set.add('osv/a', 'b/c.json'));
  assert.ok(set.add('osv/a/b', 'c.json'));
  assert.ok(!set.has('osv/a/b/c.json', ''));
});
