// The guard against shrunken evidence: a collection that vanishes is seen whatever the others do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExportError } from '../../src/core/errors.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { CollectionCounts, StateFacts } from '../../src/db/states.ts';
import { guardState } from '../../src/runs/guard.ts';
import { profileOf } from '../../src/runs/profile-document.ts';

const profile = profileOf({ name: 'mirror:full', kind: 'mirror:full', scope: {} });

function facts(collections: CollectionCounts): StateFacts {
  const records = Object.values(collections).reduce((sum, count) => sum + count, 0);
  return { sequence: 1, setRoot: digestOf(''), records, created: '2026-01-01T00:00:00Z', collections };
}

/** The message of the refusal, or `passes`. */
function guarded(before: CollectionCounts, after: CollectionCounts, acceptShrink = false): string {
  try {
    const [last, state] = [facts(before), facts(after)];
    guardState({ profile, last, state, acceptShrink, now: new Date('2026-01-02T00:00:00Z') });
    return 'passes';
  } catch (thrown) {
    assert.ok(thrown instanceof ExportError && thrown.code === 'ERR_EXPORT_SHRUNK', String(thrown));
    return thrown.message;
  }
}

test('a small feed that vanishes is named although a large one lost more records', () => {
  const before = { 'osv/large': 10_000, 'osv/small': 150 };
  assert.match(guarded(before, { 'osv/large': 9_800 }), /^osv\/small fell from 150 to 0 records/);
  assert.equal(guarded(before, { 'osv/large': 9_800 }, true), 'passes');
});

test('what the profile allows passes, and one record more does not', () => {
  assert.equal(guarded({ 'osv/a': 100 }, { 'osv/a': 80 }), 'passes');
  assert.match(guarded({ 'osv/a': 100 }, { 'osv/a': 79 }), /^osv\/a fell from 100 to 79 records/);
});

test('a handful of documents may go as long as the whole stays', () => {
  assert.equal(guarded({ 'osv/a': 1_000, 'osv/b': 9 }, { 'osv/a': 1_000 }), 'passes');
  assert.match(guarded({ 'osv/a': 20, 'osv/b': 9 }, { 'osv/a': 20 }), /^osv\/b fell from 9 to 0 .*all: 29 to 20/);
});

test('growth elsewhere does not hide a loss', () => {
  assert.match(guarded({ 'osv/a': 500, 'osv/b': 500 }, { 'osv/a': 2_000, 'osv/b': 100 }), /^osv\/b fell from 500/);
});
