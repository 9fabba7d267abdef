// tenant, token and audit: what they ask the Center for, what they print, and the same through the API's client.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectCenter } from '../../src/api/client.ts';
import { fakeTokenText } from '../api/fake-access.ts';
import { runApi } from '../api/running-api.ts';
import { atEnd } from '../support/scope.ts';
import { runOn } from './fake-host.ts';

describe('tenant', () => {
  test('add makes one, and says when there is one', async () => {
    const { code, out, host } = await runOn(['tenant', 'add', 'beta']);
    assert.deepEqual([code, out], [0, 'added beta\n']);
    assert.deepEqual(host.center.asked, [['addTenant', 'beta', undefined]]);
    assert.equal((await runOn(['tenant', 'add', 'default'])).code, 1);
  });

  test('list tells what is open to everybody', async () => {
    const { out } = await runOn(['tenant', 'list']);
    assert.equal(out, 'TENANT   OPEN TO EVERYBODY  CLOSED\ndefault  *\nacme     mirror             *\n');
    const { tenants } = JSON.parse((await runOn(['tenant', 'list', '--json'])).out) as { tenants: { name: string }[] };
    assert.deepEqual(
      tenants.map(({ name }) => name),
      ['default', 'acme'],
    );
  });

  test('open and close set a rule, for all of the tenant when no repository is named', async () => {
    for (const [args, rule] of [
      [['open', 'acme', 'mirror'], { repository: 'mirror', anonymous: true }],
      [['open', 'acme'], { repository: '*', anonymous: true }],
      [['close', 'acme', 'team/*'], { repository: 'team/*', anonymous: false }],
    ] as const) {
      const { code, host } = await runOn(['tenant', ...args]);
      assert.equal(code, 0);
      assert.deepEqual(host.center.asked, [['setPullRule', 'acme', rule, undefined]]);
    }
  });
});

describe('token', () => {
  test('create prints the token alone on stdout, and what is to be known about it on stderr', async () => {
    const { code, out, err, host } = await runOn(['token', 'create', 'ci']);
    assert.deepEqual([code, out], [0, `${fakeTokenText}\n`]);
    assert.match(err, /tok-1: publisher of tenant acme, mirror, team\/\* only, expires 2026-04-01.*not shown again/);
    assert.deepEqual(host.center.asked, [
      ['createToken', { name: 'ci', role: 'reader', tenant: 'default' }, undefined],
    ]);
    assert.equal((await runOn(['token', 'create', 'ci', '--quiet'])).err, '');
  });

  test('create takes tenant, role, repositories and end', async () => {
    const words = ['--role', 'publisher', '--repository', 'mirror', 'team/*', '--expires', 'P1D', '--tenant', '*'];
    const { out, host } = await runOn(['token', 'create', 'ci', ...words, '--json']);
    const repositories = ['mirror', 'team/*'];
    const request = { name: 'ci', role: 'publisher', tenant: '*', repositories, expires: 'P1D' };
    assert.deepEqual(host.center.asked, [['createToken', request, undefined]]);
    assert.equal((JSON.parse(out) as { token: string }).token, fakeTokenText);
  });

  test('list tells state, end and last use, and no secret', async () => {
    const { out } = await runOn(['token', 'list']);
    assert.match(out, /^tok-1 +ci +acme +publisher +mirror, team\/\* +live +2026-04-01 +30 min ago$/m);
    assert.match(out, /^tok-2 .* revoked /m);
    assert.ok(!out.includes('xpc_'));
  });

  test('revoke names the token, and says when there is none', async () => {
    assert.equal((await runOn(['token', 'revoke', 'tok-1'])).out, 'revoked tok-1 (ci)\n');
    assert.equal((await runOn(['token', 'revoke', 'tok-9'])).code, 5);
  });
});

describe('audit list', () => {
  test('prints who did what to what', async () => {
    const { out, host } = await runOn(['audit', 'list', '--limit', '7', '--before', 'a9']);
    assert.match(out, /^2026-01-01T00:00:00Z +operator +token\.create +tok-1 +role=publisher$/m);
    assert.deepEqual(host.center.asked, [['audit', { limit: 7, before: 'a9' }]]);
  });

  for (const limit of ['0', '1001', 'x', '1.5']) {
    test(`--limit ${limit} is a usage error`, async () => {
      assert.equal((await runOn(['audit', 'list', '--limit', limit])).code, 2);
    });
  }
});

describe('tenants, tokens and the audit through a service', () => {
  test('are asked for and answered as in a folder; who acts is decided by the service', async (t) => {
    const { server, token, center } = await runApi(t);
    const remote = connectCenter({ server: server.url, token, env: {} });
    atEnd(t, () => remote.close());
    assert.deepEqual(await remote.access.tenants(), await center.access.tenants());
    assert.deepEqual(await remote.access.tokens(), await center.access.tokens());
    assert.deepEqual(await remote.access.audit({ limit: 3 }), await center.access.audit({ limit: 3 }));
    await remote.access.addTenant('beta', 'somebody else');
    await remote.access.setPullRule('beta', { repository: 'mirror', anonymous: true }, 'somebody else');
    const request = { name: 'ci', role: 'reader', tenant: '*', repositories: ['a'], expires: 'never' };
    assert.equal((await remote.access.createToken(request)).token, fakeTokenText);
    await remote.access.revokeToken('tok-1');
    await remote.generateKey({}, 'somebody else');
    const rule = { repository: 'mirror', anonymous: true };
    assert.deepEqual(
      center.asked.filter(([name]) => name !== 'audit'),
      [
        ['addTenant', 'beta', 'operator'],
        ['setPullRule', 'beta', rule, 'operator'],
        ['createToken', request, 'operator'],
        ['revokeToken', 'tok-1', 'operator'],
        ['generateKey'],
      ],
    );
    await assert.rejects(remote.access.addTenant('default'), { code: 'CONFLICT' });
    await assert.rejects(remote.access.createToken({ ...request, role: 'root' }), { code: 'INPUT_INVALID' });
  });
});
