// Every rule of the authoring: what at least one client in use refuses, or reads in another way than the others, is never
// signed. Each case is one change to a repository that is in order.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { ExportError } from '../../../src/core/errors.ts';
import { lintMetadata } from '../../../src/trust/tuf/lint.ts';
import { lintState } from '../../../src/trust/tuf/lint-state.ts';
import { selfCheck } from '../../../src/trust/tuf/self-check.ts';
import { keyIdOf, tufSigner } from '../../../src/trust/tuf/keys.ts';
import type { Signed, TufKey, TufState } from '../../../src/trust/tuf/types.ts';
import { Authoring, entry } from './authoring.ts';

const by = new Authoring();
const root = by.root(1);
const state = await by.first({ 'trusted_root.json': entry('one') }, { 'mirror/latest': entry('two') });
const targets = state.targets.envelope.signed;
const snapshot = state.snapshot.envelope.signed;
const timestamp = state.timestamp.envelope.signed;
const delegations = by.delegations();
const [mirror] = delegations.roles;
const hash = 'a'.repeat(64);

type Case = readonly [name: string, signed: object, rule: RegExp];

const withRole = (change: object) => ({
  ...targets,
  delegations: { ...delegations, roles: [{ ...mirror, ...change }] },
});
const withTarget = (path: string, change: object = {}) => ({
  ...targets,
  targets: { [path]: { ...entry('x'), ...change } },
});
const withKey = (key: object, id?: string) => {
  const keyId = id ?? keyIdOf(key as TufKey);
  return { ...root, keys: { ...root.keys, [keyId]: key } };
};
const { consistent_snapshot: _, ...inconsistent } = root;
const { terminating: __, ...open } = mirror ?? { terminating: true };
const ed = by.keys.x1.key;
const many = Array.from({ length: 31 }, (_, at) => ({ ...mirror, name: `role-${at}` }));

const cases: readonly Case[] = [
  ['an expiry with milliseconds', { ...timestamp, expires: '2027-01-01T00:00:00.000Z' }, /whole seconds/],
  ['an expiry with an offset', { ...timestamp, expires: '2027-01-01T00:00:00+01:00' }, /whole seconds/],
  ['no consistent_snapshot', inconsistent, /consistent_snapshot/],
  ['no terminating', { ...targets, delegations: { ...delegations, roles: [open] } }, /terminating/],
  [
    'a timestamp that lists more',
    { ...timestamp, meta: { ...timestamp.meta, 'root.json': timestamp.meta['snapshot.json'] } },
    /something else/,
  ],
  ['a hash in upper case', withTarget('a', { hashes: { sha256: hash.toUpperCase() } }), /lower-case/],
  ['another hash', withTarget('a', { hashes: { sha512: hash + hash } }), /not one sha256/],
  ['two hashes', withTarget('a', { hashes: { sha256: hash, sha512: hash + hash } }), /not one sha256/],
  ['a snapshot entry without a hash', { ...snapshot, meta: { 'targets.json': { version: 1, length: 1 } } }, /sha256/],
  ['null in custom', withTarget('a', { custom: { a: null } }), /null/],
  ['an empty custom', withTarget('a', { custom: {} }), /empty/],
  ['a float', withTarget('a', { custom: { a: 1.5 } }), /integer/],
  ['an integer beyond 2^53', withTarget('a', { custom: { a: 2 ** 53 } }), /integer/],
  ['a name beyond ASCII', withTarget('a', { custom: { é: 1 } }), /ASCII/],
  ['a role like an integer', withRole({ name: '7' }), /lower-case letters/],
  ['a role with a dot', withRole({ name: 'a.b' }), /lower-case letters/],
  ['a role by the name of another level', withRole({ name: 'snapshot' }), /top-level/],
  ['a role twice', { ...targets, delegations: { ...delegations, roles: [mirror, mirror] } }, /twice/],
  ['a pattern with braces', withRole({ paths: ['{a,b}/*'] }), /match differently/],
  ['a pattern that negates', withRole({ paths: ['!a/*'] }), /match differently/],
  ['a pattern with #', withRole({ paths: ['#a'] }), /match differently/],
  ['a pattern with a leading dot', withRole({ paths: ['.a/*'] }), /match differently/],
  ['a pattern with **', withRole({ paths: ['a/**'] }), /match differently/],
  ['a role without paths', withRole({ paths: [] }), /no paths/],
  ['path hash prefixes', withRole({ path_hash_prefixes: ['ab'] }), /hashes/],
  ['succinct roles', { ...targets, delegations: { ...delegations, succinct_roles: {} } }, /succinct_roles/],
  ['31 roles for one path', { ...targets, delegations: { ...delegations, roles: many } }, /leads through/],
  ['a path with ..', withTarget('a/../b'), /part/],
  ['a path with an escape', withTarget('a%20b'), /characters/],
  ['a path with a question mark', withTarget('a?b'), /characters/],
  ['a path with two slashes', withTarget('a//b'), /characters/],
  ['a path that every object has', withTarget('constructor'), /JavaScript/],
  ['a key under another id', withKey(ed, hash), /named by the hash/],
  ['a key with a member more', withKey({ ...ed, note: 'x' }), /members of its own/],
  ['a key of an unknown kind', withKey({ ...ed, keytype: 'ml-dsa', scheme: 'ml-dsa' }), /not supported/],
  ['an Ed25519 key in PEM', withKey({ ...ed, keyval: { public: '-----BEGIN PUBLIC KEY-----' } }), /64 lower-case hex/],
  [
    'a threshold above the keys',
    { ...root, roles: { ...root.roles, root: by.role(4, 'r1', 'r2', 'r3') } },
    /threshold/,
  ],
  ['a key twice in a role', { ...root, roles: { ...root.roles, root: by.role(2, 'r1', 'r1') } }, /twice/],
  ['version 0', { ...timestamp, version: 0 }, /from 1 on/],
  [
    '501 targets in one role',
    { ...targets, targets: Object.fromEntries(Array.from({ length: 501 }, (_, at) => [`a/${at}`, entry('x')])) },
    /more than 500/,
  ],
];

describe('the authoring refuses', () => {
  for (const [name, signed, rule] of cases) {
    it(name, () => {
      assert.throws(
        () => lintMetadata(signed as Signed),
        (error) => {
          assert.ok(error instanceof ExportError && error.code === 'INPUT_INVALID');
          assert.match(error.message, rule);
          return true;
        },
      );
    });
  }

  it('one key in two spellings, which clients that count ids count twice', () => {
    const upper = { ...ed, keyval: { public: ed.keyval.public.toUpperCase() } };
    assert.throws(() => lintMetadata(withKey(upper) as Signed), /hex digits/);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { key } = tufSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const twin = { ...key, keyval: { public: key.keyval.public.trimEnd() } };
    const ids = [keyIdOf(key), keyIdOf(twin)];
    const keys = { ...root.keys, [keyIdOf(key)]: key, [keyIdOf(twin)]: twin };
    const roles = (...keyids: string[]) => ({ ...root.roles, root: { keyids, threshold: keyids.length } });
    assert.throws(() => lintMetadata({ ...root, keys, roles: roles(...ids) }), /root.*the same key under two names/);
    assert.doesNotThrow(() => lintMetadata({ ...root, keys, roles: roles(...ids.slice(1)) }));
  });
});

describe('between two publications the authoring refuses', () => {
  const next = async (changed: Partial<TufState>): Promise<TufState> => by.around(state, changed);

  it('a snapshot entry that vanishes', async () => {
    const { 'mirror.json': _, ...meta } = snapshot.meta;
    const fewer = await by.sign('snapshot', { ...snapshot, version: 2, meta }, 's');
    assert.throws(() => lintState({ ...state, snapshot: fewer }, state), /snapshot/);
    const dropped = await by.around(
      { ...state, delegated: new Map() },
      {
        targets: await by.sign('targets', { ...targets, version: 2, delegations: { keys: {}, roles: [] } }, 't1', 't2'),
        delegated: new Map(),
      },
    );
    await assert.rejects(async () => lintState(dropped, state), /gone/);
  });

  it('a version that goes back, and two contents of one version', async () => {
    const later = await by.next(state, { delegated: new Map([['mirror', { 'mirror/latest': entry('three') }]]) });
    const back = await by.around(later, { delegated: state.delegated });
    assert.throws(() => lintState(back, later), /goes back/);
    const twin = await by.sign('targets', { ...targets, targets: {} }, 't1', 't2');
    assert.throws(() => lintState({ ...state, targets: twin }), /is not what/);
    await assert.rejects(async () => lintState(await next({ targets: twin }), state), /two contents/);
  });

  it('fewer signatures than the threshold', async () => {
    const half = await by.sign('targets', { ...targets, version: 2 }, 't1');
    await assert.rejects(async () => lintState(await next({ targets: half }), state), /1 of the 2/);
  });

  it('what tuf-js would refuse, in its words', async () => {
    const expired = { ...timestamp, version: 2, expires: '2020-01-01T00:00:00Z' };
    const late = { ...state, timestamp: await by.sign('timestamp', expired, 'ts') };
    assert.throws(() => selfCheck(late, state, by.now), /timestamp.json is expired/);
    assert.doesNotThrow(() => selfCheck(state, undefined, by.now));
  });
});
