// Scope selectors: which entries pass, and what is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry } from '../../src/evidence/types.ts';
import type { ProfileScope } from '../../src/runs/center.ts';
import { parseScope, scopeFilter } from '../../src/runs/scope.ts';

const entry = (fields: Partial<Entry>): Entry => ({
  c: 'osv/osv/go',
  k: 'a.json',
  digest: '0'.repeat(64),
  id: 'GO-2026-1',
  ecosystems: ['Go'],
  stamp: '2026-07-10T00:00:00Z',
  ...fields,
});

const created = '2026-07-20T00:00:00Z';

const cases: { name: string; scope: ProfileScope; entry: Partial<Entry>; passes: boolean }[] = [
  { name: 'an empty scope takes all', scope: {}, entry: {}, passes: true },
  { name: 'a source takes its sub-sources', scope: { sources: ['osv'] }, entry: {}, passes: true },
  { name: 'a sub-source takes itself', scope: { sources: ['osv/go'] }, entry: {}, passes: true },
  { name: 'a source is no prefix of names', scope: { sources: ['osv/g'] }, entry: {}, passes: false },
  { name: 'another source is left out', scope: { sources: ['vex'] }, entry: {}, passes: false },
  { name: 'one ecosystem is enough', scope: { ecosystems: ['npm', 'Go'] }, entry: {}, passes: true },
  { name: 'no ecosystem passes no list', scope: { ecosystems: ['Go'] }, entry: { ecosystems: [] }, passes: false },
  { name: 'ids are exact', scope: { ids: ['GO-2026-10'] }, entry: {}, passes: false },
  {
    name: 'a window has both ends in',
    scope: { window: { from: '2026-07-10T00:00:00Z', to: '2026-07-10T00:00:00Z' } },
    entry: {},
    passes: true,
  },
  {
    name: 'a window leaves out what has no date',
    scope: { window: { from: '2020-01-01T00:00:00Z' } },
    entry: { stamp: '' },
    passes: false,
  },
  { name: 'a relative window counts from created', scope: { window: { last: 'P10D' } }, entry: {}, passes: true },
  { name: 'a relative window ends', scope: { window: { last: 'P9D' } }, entry: {}, passes: false },
];

describe('scope', () => {
  for (const { name, scope, entry: fields, passes } of cases) {
    it(name, () => assert.equal(scopeFilter(parseScope(scope), created)(entry(fields)), passes));
  }

  for (const [scope, rule] of [
    [{ colour: ['red'] }, /colour is not a selector/],
    [{ sources: [] }, /sources must be a list/],
    [{ window: { from: 'yesterday' } }, /must be instants/],
    [{ window: { last: 'P' } }, /must be an ISO 8601 duration/],
    [{ window: { last: 'P3D', from: '2026-07-10T00:00:00Z' } }, /does not go with/],
  ] as const) {
    it(`refuses ${JSON.stringify(scope)}`, () => assert.throws(() => parseScope(scope), rule));
  }
});
