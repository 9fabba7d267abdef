// Who gets in: challenges, the token endpoint, the three forms of credentials, and what a token does not open.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { describe as describeBytes } from '../../../src/oci/descriptor.ts';
import { startRegistry, type StartedRegistry } from '../start-registry.ts';
import { suiteScope } from '../suite-scope.ts';
import { ask, errorCodes, json } from './raw-http.ts';

const secret = Buffer.from('of a repository that is not public');
const blob = describeBytes('application/octet-stream', secret);

describe('the door of the registry', () => {
  const scope = suiteScope();
  let registry: StartedRegistry;
  before(async () => {
    registry = await startRegistry(scope, { anonymousPull: (name) => !name.startsWith('private/') });
    await registry.storage.repository('private/one').pushBlob(blob, secret);
    await registry.storage.repository('default/one').pushBlob(blob, secret);
  });

  const tokenFor = async (scopes: string[], operator: boolean): Promise<string> => {
    const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&');
    const answer = await ask(registry, 'GET', `/token?service=export-center&${query}`, { operator });
    assert.equal(answer.status, 200);
    return String(json(answer)['token']);
  };
  const withToken = (token: string) => ({ operator: false, headers: { authorization: `Bearer ${token}` } });

  it('answers strangers at /v2/ with a challenge whose realm is on the same origin', async () => {
    const answer = await ask(registry, 'GET', '/v2/');
    assert.equal(answer.status, 401);
    assert.deepEqual(errorCodes(answer), ['UNAUTHORIZED']);
    assert.equal(answer.headers['www-authenticate'], `Bearer realm="${registry.url}/token",service="export-center"`);
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
  });

  it('puts the public URL into the challenge when it has one', async (t) => {
    const elsewhere = await startRegistry(t, { publicUrl: 'https://mirror.example:8443/' });
    const { headers } = await ask(elsewhere, 'GET', '/v2/');
    assert.match(String(headers['www-authenticate']), /realm="https:\/\/mirror\.example:8443\/token"/);
  });

  it('takes the operator token as Basic and as Bearer, and a token of its own, an anonymous one too', async () => {
    const own = [await tokenFor([], true), await tokenFor([], false)];
    const accepted = [registry.basic, `Bearer ${registry.token}`, ...own.map((token) => `Bearer ${token}`)];
    for (const authorization of accepted) {
      const answer = await ask(registry, 'GET', '/v2/', { headers: { authorization } });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.toString(), '{}');
    }
  });

  it('refuses wrong credentials everywhere, also where none are needed', async () => {
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const refused = ['operator:wrong', `other:${registry.token}`, 'nocolon'].map(basic);
    for (const authorization of [...refused, 'Bearer wrong', 'Bearer a.b.c', 'Digest x', 'Basic', '']) {
      for (const path of ['/v2/', '/token', `/v2/default/one/blobs/${blob.digest}`]) {
        const answer = await ask(registry, 'GET', path, { headers: { authorization } });
        assert.equal(answer.status, 401, `${authorization} at ${path}`);
        assert.ok(answer.headers['www-authenticate']);
      }
    }
  });

  it('lets everybody pull from public repositories, and from no other', async () => {
    assert.equal((await ask(registry, 'GET', `/v2/default/one/blobs/${blob.digest}`)).status, 200);
    const refused = await ask(registry, 'GET', `/v2/private/one/blobs/${blob.digest}`);
    assert.equal(refused.status, 401);
    assert.match(String(refused.headers['www-authenticate']), /,scope="repository:private\/one:pull"$/);
    const unknown = await ask(registry, 'GET', `/v2/private/unknown/blobs/${blob.digest}`);
    assert.deepEqual([unknown.status, errorCodes(unknown)], [401, ['UNAUTHORIZED']]);
    const operator = await ask(registry, 'GET', `/v2/private/one/blobs/${blob.digest}`, { operator: true });
    assert.equal(operator.status, 200);
  });

  it('asks for the scopes of both repositories when a mount needs them', async () => {
    const path = `/v2/default/two/blobs/uploads/?mount=${blob.digest}&from=private/one`;
    const { status, headers } = await ask(registry, 'POST', path, { operator: false });
    assert.equal(status, 401);
    const scope = 'scope="repository:default/two:pull,push repository:private/one:pull"';
    assert.ok(String(headers['www-authenticate']).endsWith(scope), headers['www-authenticate']);
  });

  it('gives less than was asked for without complaining', async () => {
    const scopes = ['repository:default/one:pull,push', 'repository:private/one:pull', 'registry:catalog:*'];
    const token = await tokenFor(scopes, false);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { access: unknown };
    assert.deepEqual(claims.access, [{ type: 'repository', name: 'default/one', actions: ['pull'] }]);
    const push = await ask(registry, 'POST', '/v2/default/one/blobs/uploads/', withToken(token));
    assert.equal(push.status, 401);
  });

  it('describes its token the way clients read it', async () => {
    const answer = await ask(registry, 'GET', '/token');
    const { token, access_token: twin, expires_in: seconds, issued_at: issued } = json(answer);
    assert.equal(token, twin);
    assert.ok(Number(seconds) >= 60);
    assert.match(String(issued), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(answer.headers['cache-control'], 'no-store');
  });

  it('opens with a token what the token says and nothing else', async () => {
    const token = await tokenFor(['repository:private/one:pull', 'repository:default/one:push,pull'], true);
    const status = async (method: string, path: string) => (await ask(registry, method, path, withToken(token))).status;
    assert.equal(await status('GET', `/v2/private/one/blobs/${blob.digest}`), 200);
    assert.equal(await status('POST', '/v2/private/one/blobs/uploads/'), 401);
    assert.equal(await status('POST', '/v2/default/one/blobs/uploads/'), 202);
    assert.equal(await status('POST', '/v2/default/other/blobs/uploads/'), 401);
    assert.equal(await status('DELETE', `/v2/default/one/blobs/${blob.digest}`), 401);
  });

  it('mounts from no repository that the token may not pull from, named or found', async () => {
    const hidden = Buffer.from('only in a private repository');
    const { digest } = describeBytes('application/octet-stream', hidden);
    await registry.storage.repository('private/two').pushBlob(describeBytes('', hidden), hidden);
    const token = await tokenFor(['repository:default/one:pull,push'], true);
    for (const from of ['&from=private/two', '', '&from=../private/two']) {
      const path = `/v2/default/one/blobs/uploads/?mount=${digest}${from}`;
      assert.equal((await ask(registry, 'POST', path, withToken(token))).status, 202, from);
    }
    assert.equal((await ask(registry, 'HEAD', `/v2/default/one/blobs/${digest}`)).status, 404);
    const all = await ask(registry, 'POST', `/v2/default/one/blobs/uploads/?mount=${digest}`);
    assert.equal(all.status, 201, 'the operator may pull from everywhere');
  });

  it('answers 404 to the OAuth2 form of the token endpoint', async () => {
    assert.equal((await ask(registry, 'POST', '/token', { body: 'grant_type=password' })).status, 404);
  });
});
