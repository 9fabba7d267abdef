// Secrets of the data folder, short-lived tokens, roles and scopes.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openAccess, openOperatorToken, type Access, type Caller } from '../../src/access/access.ts';
import { parseCredentials } from '../../src/access/credentials.ts';
import { hasRole, mayAccess, type Action, type Principal, type Role } from '../../src/access/roles.ts';
import { parseScopes } from '../../src/access/scope.ts';
import { ExportError } from '../../src/core/errors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const clock = { now: () => new Date('2026-07-15T12:00:00Z') };

function hasCode(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof ExportError && thrown.code === code;
}

function tokenOf(access: Access, caller: Caller, ...scopes: string[]): string {
  return access.issueToken(caller, parseScopes(scopes)).token;
}

function later(seconds: number): { now(): Date } {
  return { now: () => new Date(clock.now().getTime() + seconds * 1_000) };
}

async function open(t: TestContext): Promise<{ folder: string; access: Access; operator: Caller }> {
  const folder = await temporaryFolder(t, 'access');
  const access = await openAccess(folder, { clock, anonymousPull: (name) => name.startsWith('default/') });
  return { folder, access, operator: await access.authenticate(`Bearer ${await openOperatorToken(folder)}`) };
}

describe('the secrets of a data folder', () => {
  it('are made once, readable by their owner only, and found again', async (t) => {
    const folder = join(await temporaryFolder(t, 'access'), 'data');
    const tokens = await Promise.all(Array.from({ length: 8 }, () => openOperatorToken(folder)));
    assert.equal(new Set(tokens).size, 1, 'whoever starts at the same time gets the same token');
    assert.equal((await readFile(join(folder, 'operator.token'), 'utf8')).trim(), tokens[0]);
    assert.equal((await stat(join(folder, 'operator.token'))).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(folder), ['operator.token']);
    assert.ok(Buffer.from(tokens[0] ?? '', 'base64url').byteLength >= 32);
  });

  it('are refused when others can read them, or when they are too short', async (t) => {
    const folder = await temporaryFolder(t, 'access');
    const token = await openOperatorToken(folder);
    await chmod(join(folder, 'operator.token'), 0o640);
    const refusal = await openOperatorToken(folder).catch((thrown: unknown) => thrown);
    assert.ok(hasCode('DENIED')(refusal));
    assert.ok(!String(refusal).includes(token));
    await writeFile(join(folder, 'operator.token'), '\n');
    await chmod(join(folder, 'operator.token'), 0o600);
    await assert.rejects(openOperatorToken(folder), hasCode('INPUT_INVALID'));
  });
});

describe('a token', () => {
  it('lives five minutes, is accepted by every process on the folder, and by no other folder', async (t) => {
    const { folder, access, operator } = await open(t);
    const token = `Bearer ${tokenOf(access, operator, 'repository:acme/x:pull')}`;
    for (const seconds of [0, 299]) {
      const other = await openAccess(folder, { clock: later(seconds) });
      const caller = await other.authenticate(token);
      assert.ok(other.allows(caller, 'acme/x', 'pull'));
    }
    for (const seconds of [-31, 331]) {
      const other = await openAccess(folder, { clock: later(seconds) });
      await assert.rejects(other.authenticate(token), hasCode('UNAUTHORIZED'));
    }
    const stranger = await openAccess(await temporaryFolder(t, 'access'), { clock });
    await assert.rejects(stranger.authenticate(token), hasCode('UNAUTHORIZED'));
  });

  it('is refused once a single character of it was changed, or when it names another algorithm', async (t) => {
    const { access, operator } = await open(t);
    const [header = '', claims = '', seal = ''] = tokenOf(access, operator, 'repository:acme/x:pull').split('.');
    const more = Buffer.from(claims, 'base64url').toString().replace('"pull"', '"push"');
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const forged = createHmac('sha256', 'a guess').update(`${header}.${claims}`).digest('base64url');
    const altered = [
      `${header}.${Buffer.from(more).toString('base64url')}.${seal}`,
      `${none}.${claims}.`,
      `${none}.${claims}.${seal}`,
      `${header}.${claims}.${forged}`,
      `${header}.${claims}.`,
      `${header}.${claims}`,
      `${header}.${claims}.${seal}x`,
    ];
    for (const token of altered) await assert.rejects(access.authenticate(`Bearer ${token}`), hasCode('UNAUTHORIZED'));
  });

  it('holds no more than its owner may do', async (t) => {
    const { access, operator } = await open(t);
    const anonymous = await access.authenticate(undefined);
    const asked = ['repository:default/x:pull,push,delete', 'repository:acme/x:pull'];
    const rights = async (caller: Caller) => {
      const holder = await access.authenticate(`Bearer ${tokenOf(access, caller, ...asked)}`);
      const may = (name: string, action: Action) => access.allows(holder, name, action);
      return [may('default/x', 'pull'), may('default/x', 'push'), may('default/x', 'delete'), may('acme/x', 'pull')];
    };
    assert.deepEqual(await rights(anonymous), [true, false, false, false]);
    assert.deepEqual(await rights(operator), [true, true, true, true]);
    const narrow = await access.authenticate(`Bearer ${tokenOf(access, operator, 'repository:acme/x:pull')}`);
    assert.deepEqual(await rights(narrow), [true, false, false, true], 'a token cannot be traded for a better one');
  });
});

describe('a role', () => {
  const cases: { role: Role; may: Action[] }[] = [
    { role: 'reader', may: ['pull'] },
    { role: 'publisher', may: ['pull', 'push'] },
    { role: 'operator', may: ['pull', 'push', 'delete'] },
  ];
  for (const { role, may } of cases) {
    it(`${role} may ${may.join(', ')} in its tenant and nothing elsewhere`, () => {
      const principal: Principal = { name: 'p', grants: [{ role, tenant: 'acme' }] };
      const allowed = (repository: string) =>
        (['pull', 'push', 'delete'] as const).filter((action) => mayAccess(principal, repository, action));
      assert.deepEqual(allowed('acme/mirror'), may);
      for (const elsewhere of ['acme2/mirror', 'default/acme', 'acm/e']) assert.deepEqual(allowed(elsewhere), []);
    });
  }

  it('includes the weaker ones', () => {
    const publisher: Principal = { name: 'p', grants: [{ role: 'publisher', tenant: '*' }] };
    const held = (['reader', 'publisher', 'operator'] as const).filter((role) => hasRole(publisher, 'any', role));
    assert.deepEqual(held, ['reader', 'publisher']);
  });
});

describe('a scope', () => {
  it('is split at its first and last colon, merged, and left out when it is not about a repository', () => {
    const parsed = parseScopes([
      'repository:host:5000/a/b:pull repository:c:push,pull',
      'repository:c:delete',
      'repository(plugin):d:*',
      'registry:catalog:*',
      'nonsense',
      'repository:e',
    ]);
    assert.deepEqual(parsed, [
      { repository: 'host:5000/a/b', actions: ['pull'] },
      { repository: 'c', actions: ['pull', 'push', 'delete'] },
      { repository: 'd', actions: ['pull', 'push', 'delete'] },
    ]);
  });
});

describe('an authorization header', () => {
  it('is Basic with the first colon as the border, or Bearer, in any case', () => {
    const basic = Buffer.from('operator:with:colons').toString('base64');
    assert.deepEqual(parseCredentials(`bAsIc ${basic}`), {
      scheme: 'basic',
      user: 'operator',
      password: 'with:colons',
    });
    assert.deepEqual(parseCredentials('bearer abc.def'), { scheme: 'bearer', token: 'abc.def' });
    for (const odd of [
      '',
      'Basic',
      'Basic !',
      'Digest x',
      'Bearer a b',
      `Basic ${Buffer.from('x').toString('base64')}`,
    ]) {
      assert.equal(parseCredentials(odd), undefined, odd);
    }
  });
});
