// Other names of repositories: the same bytes, for reading alone, with the rights of the repository itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushArtifact } from '../artifacts.ts';
import { startRegistry } from '../start-registry.ts';

const aliases = new Map([['aquasecurity/trivy-db', 'default/trivy-db']]);

test('an alias answers with what the repository has', async (t) => {
  const { storage, url } = await startRegistry(t, { aliases });
  const { descriptor, bytes } = await pushArtifact(storage.repository('default/trivy-db'), 'database', ['2']);
  const answer = await fetch(`${url}/v2/aquasecurity/trivy-db/manifests/2`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('docker-content-digest'), descriptor.digest);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
  const [layer] = (JSON.parse(bytes.toString()) as { layers: { digest: string }[] }).layers;
  const blob = await fetch(`${url}/v2/aquasecurity/trivy-db/blobs/${layer?.digest}`);
  assert.equal(await blob.text(), 'database');
  assert.equal((await fetch(`${url}/v2/aquasecurity/trivy-java-db/manifests/1`)).status, 404);
});

test('nothing is written under an alias, by nobody', async (t) => {
  const { url, basic } = await startRegistry(t, { aliases });
  const headers = { authorization: basic };
  for (const [method, path] of [
    ['POST', 'blobs/uploads/'],
    ['PUT', 'manifests/2'],
    ['DELETE', 'manifests/2'],
  ] as const) {
    const answer = await fetch(`${url}/v2/aquasecurity/trivy-db/${path}`, { method, headers });
    assert.equal(answer.status, 405, `${method} ${path}`);
    assert.equal(answer.headers.get('allow'), 'GET, HEAD');
  }
});

test('who may not read the repository may not read its alias, and is asked for a token of the repository', async (t) => {
  const { storage, url, basic } = await startRegistry(t, { aliases, anonymousPull: () => false });
  await pushArtifact(storage.repository('default/trivy-db'), 'database', ['2']);
  const refused = await fetch(`${url}/v2/aquasecurity/trivy-db/manifests/2`);
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate') ?? '', /scope="repository:default\/trivy-db:pull"/);
  const scope = new URLSearchParams({ scope: 'repository:default/trivy-db:pull', service: 'registry' });
  const granted = await fetch(`${url}/token?${scope.toString()}`, { headers: { authorization: basic } });
  const { token } = (await granted.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await fetch(`${url}/v2/aquasecurity/trivy-db/manifests/2`, { headers })).status, 200);
});

test('without aliases the names are ordinary ones', async (t) => {
  const { storage, url } = await startRegistry(t);
  await pushArtifact(storage.repository('default/trivy-db'), 'database', ['2']);
  assert.equal((await fetch(`${url}/v2/aquasecurity/trivy-db/manifests/2`)).status, 404);
});
