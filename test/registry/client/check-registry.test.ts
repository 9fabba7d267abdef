// `registry check` on registries that take everything, that take little, and that cannot be reached.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../../src/core/clock.ts';
import { checkRegistry } from '../../../src/registry/client/check-registry.ts';
import { createHttp } from '../../../src/registry/client/http.ts';
import { RegistryEndpoint } from '../../../src/registry/client/registry-endpoint.ts';
import { judgeOrSkip, skipWithout } from '../../judges.ts';
import { startDistribution } from '../../support/distribution.ts';
import { startListingRegistry } from '../../support/listing-registry.ts';
import { atEnd, type Scope } from '../../support/scope.ts';
import { startRegistry } from '../start-registry.ts';

function endpointOf(t: Scope, host: string, token?: string): RegistryEndpoint {
  const http = createHttp({ env: {}, retries: 0 });
  atEnd(t, () => http.close());
  const credentials = { tokenFor: () => token, find: () => Promise.resolve({}) };
  return new RegistryEndpoint(host, 'team/app', { http, credentials, clock: systemClock });
}

describe('a check of a registry', () => {
  it('finds nothing wrong with ours, and leaves nothing behind', async (t) => {
    const registry = await startRegistry(t);
    const report = await checkRegistry(endpointOf(t, registry.host, registry.token), 'abc');
    assert.deepEqual(report.encodings, { default: true, plain: true });
    assert.deepEqual(
      report.checks.filter(({ ok }) => !ok),
      [],
    );
    assert.equal(report.checks.find(({ name }) => name === 'referrers')?.detail, 'by the referrers API');
    const repository = registry.storage.repository('team/app');
    assert.deepEqual(await repository.tags(), []);
    const digests: string[] = [];
    for await (const { name } of repository.parts.manifests.list()) digests.push(name);
    assert.deepEqual(digests, []);
  });

  it('finds that CNCF distribution has no referrers API', async (t) => {
    if (!judgeOrSkip(t, 'registry')) return;
    const { host } = await startDistribution(t);
    const report = await checkRegistry(endpointOf(t, host), 'abc');
    assert.equal(report.encodings.default, true);
    assert.match(report.checks.find(({ name }) => name === 'referrers')?.detail ?? '', /no referrers API/);
    assert.deepEqual(report.leftovers, []);
  });

  it(
    'tells limits of layers and sizes, and what could not be removed',
    { skip: skipWithout('registry') },
    async (t) => {
      const { host } = await startListingRegistry(t, 'narrow');
      const report = await checkRegistry(endpointOf(t, host), 'abc');
      assert.deepEqual(report.encodings, { default: false, plain: false });
      const detail = (name: string): string => report.checks.find((check) => check.name === name)?.detail ?? '';
      assert.match(detail('layers'), /status 405 UNSUPPORTED: Limit on number of layers per image exceeded/);
      assert.equal(detail('manifest size'), '1024 KiB, not more');
      assert.match(detail('delete'), /status 405 UNSUPPORTED/);
      assert.equal(report.leftovers[0], 'export-center-check-abc');
    },
  );

  it('of one that wants a login or is not there is an error, not a table', async (t) => {
    const registry = await startRegistry(t);
    await assert.rejects(checkRegistry(endpointOf(t, registry.host), 'abc'), { code: 'UNAUTHORIZED' });
    await assert.rejects(checkRegistry(endpointOf(t, 'localhost:1'), 'abc'), { code: 'UNREACHABLE' });
  });
});
