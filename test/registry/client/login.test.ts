// Logging in: token services, Basic, tokens that the caller brings, and what must never leave.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { digestOf } from '../../../src/core/digest.ts';
import type { Repository } from '../../../src/oci/repository.ts';
import type { Credential } from '../../../src/registry/client/credential.ts';
import { openCredentials, type Credentials } from '../../../src/registry/client/credentials.ts';
import { createHttp } from '../../../src/registry/client/http.ts';
import { remoteRepository } from '../../../src/registry/client/remote-repository.ts';
import { checkRealm } from '../../../src/registry/client/token-realm.ts';
import { atEnd } from '../../support/scope.ts';
import { expectError } from './expect-error.ts';
import { startHttpServer, type Handler, type TestServer } from './http-server.ts';

const digest = digestOf('a manifest');
const found = { 'content-type': 'application/vnd.oci.image.manifest.v1+json', 'docker-content-digest': digest };

function having(credential: Credential | undefined): Credentials {
  return { tokenFor: () => undefined, find: () => Promise.resolve(credential ? { credential } : {}) };
}

type Opened = { repository: Repository; move: (ms: number) => void };

function open(t: TestContext, server: TestServer, credentials: Credentials): Opened {
  let now = 0;
  const http = createHttp({ env: {}, retryDelayMs: 1 });
  atEnd(t, () => http.close());
  const clock = { now: () => new Date(now) };
  const repository = remoteRepository({ registry: server.host, repository: 'team/app' }, { http, credentials, clock });
  return { repository, move: (ms) => (now += ms) };
}

/** A registry with a token service; `grants` says which Authorization the service accepts. */
function tokenRegistry(grants: (authorization: string | undefined) => boolean): Handler {
  let issued = 0;
  return ({ path, headers, method }, response) => {
    const url = new URL(path, 'http://localhost');
    if (url.pathname === '/token') {
      if (!grants(headers.authorization)) return void response.writeHead(401).end('wrong: Basic dXNlcjp3b3Jk word');
      return void response.end(JSON.stringify({ token: `t${++issued}`, expires_in: 300 }));
    }
    if (headers.authorization === `Bearer t${issued}` && issued > 0) {
      return void response
        .writeHead(200, { ...found, 'content-length': '9' })
        .end(method === 'HEAD' ? '' : 'a manifest'.slice(0, 9));
    }
    const realm = `Bearer realm="http://${headers.host}/token",service="here",scope="repository:team/app:pull"`;
    return void response.writeHead(401, { 'www-authenticate': realm }).end();
  };
}

const tokenRequests = (server: TestServer): string[] =>
  server.seen.filter(({ path }) => path.startsWith('/token')).map(({ path }) => path);

test('an anonymous token is fetched once for a scope and kept for its time', async (t) => {
  const server = await startHttpServer(
    t,
    tokenRegistry(() => true),
  );
  const { repository, move } = open(t, server, having(undefined));
  assert.equal((await repository.resolve('latest'))?.digest, digest);
  assert.equal((await repository.resolve('latest'))?.digest, digest);
  assert.deepEqual(tokenRequests(server), ['/token?service=here&scope=repository%3Ateam%2Fapp%3Apull']);
  move(300_000);
  await repository.resolve('latest');
  assert.equal(tokenRequests(server).length, 2);
});

test('requests that begin together share one token', async (t) => {
  const server = await startHttpServer(
    t,
    tokenRegistry(() => true),
  );
  const { repository } = open(t, server, having(undefined));
  await repository.resolve('latest');
  const before = tokenRequests(server).length;
  // Another scope than before, so none of these has a token yet.
  await Promise.all([1, 2, 3, 4].map((n) => repository.deleteTag(`t${n}`)));
  assert.equal(tokenRequests(server).length, before + 1);
});

test('a password goes to the token service only, and a refusal does not repeat it', async (t) => {
  const basic = `Basic ${Buffer.from('user:word').toString('base64')}`;
  const server = await startHttpServer(
    t,
    tokenRegistry((authorization) => authorization === basic),
  );
  const credential = { kind: 'basic', username: 'user', password: 'word' } as const;
  await open(t, server, having(credential)).repository.resolve('latest');
  for (const { path, headers } of server.seen) {
    if (!path.startsWith('/token')) assert.doesNotMatch(headers.authorization ?? '', /Basic/);
  }
  const closed = await startHttpServer(
    t,
    tokenRegistry(() => false),
  );
  const error = await expectError(open(t, closed, having(credential)).repository.resolve('latest'), 'UNAUTHORIZED');
  assert.doesNotMatch(error.message, /word/);
  assert.match(error.hint ?? '', /oras login/);
});

test('a token that the registry no longer takes is replaced once', async (t) => {
  let takes = 't1';
  let issued = 0;
  const server = await startHttpServer(t, ({ path, headers }, response) => {
    if (path.startsWith('/token')) return void response.end(JSON.stringify({ access_token: `t${++issued}` }));
    if (headers.authorization === `Bearer ${takes}`) {
      return void response.writeHead(200, { ...found, 'content-length': '9' }).end();
    }
    return void response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${headers.host}/token"` }).end();
  });
  const { repository } = open(t, server, having(undefined));
  await repository.resolve('latest');
  takes = 't2';
  assert.equal((await repository.resolve('latest'))?.digest, digest);
  takes = 'none';
  await expectError(repository.resolve('latest'), 'UNAUTHORIZED');
  assert.equal(issued, 3);
});

test('an identity token is exchanged by the OAuth2 form', async (t) => {
  const server = await startHttpServer(
    t,
    tokenRegistry(() => true),
  );
  await open(t, server, having({ kind: 'identity', token: 'refresh me' })).repository.resolve('latest');
  const exchange = server.seen.find(({ path }) => path === '/token');
  assert.equal(exchange?.method, 'POST');
  const form = new URLSearchParams(exchange?.body.toString());
  assert.equal(form.get('grant_type'), 'refresh_token');
  assert.equal(form.get('refresh_token'), 'refresh me');
  assert.equal(form.get('scope'), 'repository:team/app:pull');
});

test('Basic credentials are sent only after the registry asks for them', async (t) => {
  const basic = `Basic ${Buffer.from('user:wörd:x').toString('base64')}`;
  const server = await startHttpServer(t, ({ headers }, response) => {
    if (headers.authorization === basic) return void response.writeHead(200, { ...found, 'content-length': '9' }).end();
    return void response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();
  });
  const credential = { kind: 'basic', username: 'user', password: 'wörd:x' } as const;
  const { repository } = open(t, server, having(credential));
  assert.equal((await repository.resolve('latest'))?.digest, digest);
  await repository.resolve('latest');
  assert.deepEqual(
    server.seen.map(({ headers }) => headers.authorization),
    [undefined, basic, basic],
  );
  const error = await expectError(open(t, server, having(undefined)).repository.resolve('latest'), 'UNAUTHORIZED');
  assert.match(error.hint ?? '', /log in/);
});

test("the caller's token goes to its own origin at once, and to no other", async (t) => {
  const server = await startHttpServer(t, ({ headers }, response) => {
    const status = headers.authorization === 'Bearer mine' ? 200 : 401;
    response.writeHead(status, { ...found, 'content-length': '9' }).end();
  });
  const credentials = openCredentials({
    env: { HOME: '/nowhere' },
    tokens: [{ origin: server.origin, token: 'mine' }],
  });
  assert.equal((await open(t, server, credentials).repository.resolve('latest'))?.digest, digest);
  const other = await startHttpServer(
    t,
    tokenRegistry(() => true),
  );
  await open(t, other, credentials).repository.resolve('latest');
  for (const { headers } of other.seen) assert.doesNotMatch(headers.authorization ?? '', /mine/);
});

test('a token that the registry echoes in its refusal is not repeated', async (t) => {
  const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'token top-secret-token is weak' }] });
  const server = await startHttpServer(t, (_, response) => void response.writeHead(403).end(body));
  const tokens = [{ origin: server.origin, token: 'top-secret-token' }];
  const { repository } = open(t, server, openCredentials({ env: { HOME: '/nowhere' }, tokens }));
  const error = await expectError(repository.tags(), 'DENIED');
  assert.match(error.message, /token \*\*\* is weak/);
});

test('token addresses without TLS or inside the own network are refused', () => {
  const registry = new URL('https://registry.example/');
  const bad = [
    'http://registry.example/token',
    'http://auth.example/token',
    'https://127.0.0.1/token',
    'https://localhost/token',
    'https://10.0.0.1/token',
    'https://169.254.169.254/latest/meta-data',
    'https://[fe80::1]/token',
    'https://[fd00::1]/token',
    'https://user:word@auth.example/token',
    'file:///etc/passwd',
    'nonsense',
    undefined,
  ];
  for (const realm of bad) assert.throws(() => checkRealm(realm, registry), { code: 'REGISTRY_REFUSED' }, realm);
  for (const realm of ['https://registry.example/token', 'https://auth.example/token?x=1', 'https://8.8.8.8/']) {
    assert.equal(checkRealm(realm, registry).href, realm);
  }
  const local = new URL('http://localhost:5000/');
  assert.equal(checkRealm('http://localhost:5001/token', local).port, '5001');
  assert.equal(checkRealm('https://10.0.0.1/token', new URL('https://10.0.0.1/')).hostname, '10.0.0.1');
});
