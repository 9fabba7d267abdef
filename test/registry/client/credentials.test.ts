// config.json and credential helpers, as the Docker command line writes them.

import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runCredentialHelper } from '../../../src/registry/client/credential-helper.ts';
import type { CredentialLookup } from '../../../src/registry/client/credential.ts';
import { openCredentials } from '../../../src/registry/client/credentials.ts';
import { parseChallenges } from '../../../src/registry/client/challenge.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { expectError } from './expect-error.ts';

type Environment = Record<string, string | undefined>;

async function withConfig(t: TestContext, config: unknown, helpers: Record<string, string> = {}): Promise<Environment> {
  const dir = await temporaryFolder(t, 'docker-config');
  await writeFile(join(dir, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  const bin = join(dir, 'bin');
  await mkdir(bin);
  for (const [name, script] of Object.entries(helpers)) {
    await writeFile(join(bin, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, `docker-credential-${name}`), 0o755);
  }
  return { ...process.env, DOCKER_CONFIG: dir, PATH: `${bin}${delimiter}${process.env['PATH']}` };
}

async function find(t: TestContext, config: unknown, origin: string): Promise<CredentialLookup> {
  return openCredentials({ env: await withConfig(t, config) }).find(origin);
}

const auth = Buffer.from('user:pass:word').toString('base64');
const basic = { credential: { kind: 'basic', username: 'user', password: 'pass:word' } };

test('entries are found by host and port, as a URL too', async (t) => {
  const config = { auths: { 'r.example:5000': { auth }, 'https://s.example/v1/': { auth } } };
  assert.deepEqual(await find(t, config, 'https://r.example:5000'), basic);
  assert.deepEqual(await find(t, config, 'https://s.example'), basic);
  assert.deepEqual(await find(t, config, 'https://r.example'), {});
  assert.deepEqual(await find(t, config, 'https://example'), {});
});

test('Docker Hub is found under its old address', async (t) => {
  const config = { auths: { 'https://index.docker.io/v1/': { username: 'user', password: 'pass:word' } } };
  assert.deepEqual(await find(t, config, 'https://registry-1.docker.io'), basic);
});

test('identity tokens and registry tokens are told from passwords', async (t) => {
  const config = { auths: { a: { auth, identitytoken: 'id' }, b: { registrytoken: 'bearer' } } };
  assert.deepEqual(await find(t, config, 'https://a'), { credential: { kind: 'identity', token: 'id' } });
  assert.deepEqual(await find(t, config, 'https://b'), { credential: { kind: 'bearer', token: 'bearer' } });
});

test('without a file there are no credentials, and a damaged one is named without its content', async (t) => {
  const dir = await temporaryFolder(t, 'docker-config');
  assert.deepEqual(await openCredentials({ env: { DOCKER_CONFIG: dir } }).find('https://a'), {});
  await writeFile(join(dir, 'config.json'), '{"auths":{"a":{"auth":"c2VjcmV0');
  const error = await expectError(openCredentials({ env: { DOCKER_CONFIG: dir } }).find('https://a'), 'USAGE');
  assert.doesNotMatch(error.message, /c2VjcmV0/);
});

test('a helper is asked for the host on its standard input', async (t) => {
  const script = `read server; [ "$1" = get ] && echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$server\\",\\"Secret\\":\\"s\\"}"`;
  const env = await withConfig(t, { credHelpers: { 'r.example:5000': 'one' } }, { one: script });
  const answer = await openCredentials({ env }).find('https://r.example:5000');
  assert.deepEqual(answer, { credential: { kind: 'basic', username: 'r.example:5000', password: 's' } });
});

test('a helper wins over the store, the store over the file', async (t) => {
  const say = (name: string): string => `echo '{"Username":"${name}","Secret":"s"}'`;
  const config = { auths: { a: { auth }, b: { auth }, c: {} }, credHelpers: { a: 'one' }, credsStore: 'all' };
  const env = await withConfig(t, config, { one: say('one'), all: say('all') });
  const credentials = openCredentials({ env });
  const names = ['https://a', 'https://b'].map(async (origin) => (await credentials.find(origin)).credential);
  assert.deepEqual(await Promise.all(names), [
    { kind: 'basic', username: 'one', password: 's' },
    { kind: 'basic', username: 'all', password: 's' },
  ]);
});

test('the name <token> means an identity token', async (t) => {
  const env = await withConfig(t, {}, { id: `echo '{"Username":"<token>","Secret":"refresh"}'` });
  const answer = await runCredentialHelper('id', 'a', env);
  assert.deepEqual(answer, { credential: { kind: 'identity', token: 'refresh' } });
});

test('a helper without an entry is no problem, one that fails is', async (t) => {
  const env = await withConfig(
    t,
    {},
    { none: 'echo "credentials not found in native keychain"; exit 1', broken: 'exit 3', odd: 'echo hello' },
  );
  assert.deepEqual(await runCredentialHelper('none', 'a', env), {});
  assert.match((await runCredentialHelper('broken', 'a', env)).problem ?? '', /docker-credential-broken fails/);
  assert.match((await runCredentialHelper('odd', 'a', env)).problem ?? '', /gives no JSON/);
  assert.match((await runCredentialHelper('absent', 'a', env)).problem ?? '', /cannot be started/);
});

test('a helper that hangs is killed, and one whose name is a path is never run', async (t) => {
  const env = await withConfig(t, {}, { slow: 'sleep 60' });
  assert.match((await runCredentialHelper('slow', 'a', env, 50)).problem ?? '', /in time/);
  assert.match((await runCredentialHelper('../slow', 'a', env)).problem ?? '', /forbidden name/);
});

test('challenges are read as RFC 9110 writes them', () => {
  const [bearer, last] = parseChallenges(
    'Bearer realm="https://a/t?x=1,2",service=x, scope="r:a,b \\"q\\"", Basic realm="y"',
  );
  assert.equal(bearer?.scheme, 'bearer');
  assert.equal(bearer?.parameters.get('realm'), 'https://a/t?x=1,2');
  assert.equal(bearer?.parameters.get('service'), 'x');
  assert.equal(bearer?.parameters.get('scope'), 'r:a,b "q"');
  assert.equal(last?.scheme, 'basic');
  assert.deepEqual(parseChallenges(undefined), []);
  assert.equal(parseChallenges('Negotiate, Basic realm="z"').length, 2);
});
