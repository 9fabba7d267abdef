// The cache stays under its cap and forgets what was used longest ago.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ByteLru } from '../../../src/registry/storage/byte-lru.ts';

it('forgets what was used longest ago once it is full', () => {
  const cache = new ByteLru(100);
  for (const key of ['a', 'b', 'c']) cache.set(key, Buffer.alloc(30));
  cache.get('a');
  cache.set('d', Buffer.alloc(30));
  const kept = ['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined);
  assert.deepEqual(kept, ['a', 'c', 'd']);
  assert.equal(cache.bytes, 90);
});

it('keeps nothing that is larger than itself, and counts a replaced entry once', () => {
  const cache = new ByteLru(100);
  cache.set('a', Buffer.alloc(60));
  cache.set('a', Buffer.alloc(80));
  assert.equal(cache.bytes, 80);
  cache.set('b', Buffer.alloc(101));
  assert.equal(cache.get('b'), undefined);
  assert.equal(cache.get('a')?.byteLength, 80);
});
