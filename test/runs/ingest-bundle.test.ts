// Bundles as evidence: what one center published is taken in by another, out of a registry or a layout.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ExportError } from '../../src/core/errors.ts';
import { copyGraph } from '../../src/registry/copy.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { feed, openTestCenter, put, tenant } from '../support/center.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('a bundle of another center', () => {
  test('gives its documents: byte for byte from json:raw, their canonical form from a mirror', async (t) => {
    const publisher = await openTestCenter(t);
    const odd = { ...put('npm', 'NPM-1'), text: `${put('npm', 'NPM-1').text} \n` };
    await publisher.ingest([...feed('go', 5), odd]);
    const storage = await publisher.center.registryStorage();
    const registry = await startRegistry(t, { storage });
    for (const profile of ['json:raw', 'mirror:full']) await publisher.succeed(profile);
    const { center } = await openTestCenter(t);
    const take = (from: string, source: string) => center.ingest(tenant, { source, from });
    const raw = await take(`oci:${registry.host}/default/json-raw`, 'raw');
    assert.deepEqual([raw.added, raw.rejected], [6, []]);
    const [theirs] = await publisher.center.evidenceSources(tenant);
    const [ours] = await center.evidenceSources(tenant);
    assert.equal(ours?.stateSha256, theirs?.stateSha256);
    assert.equal((await center.evidenceDocument(tenant, 'raw/npm', 'NPM-1.json')).text, odd.text);
    assert.equal((await take(`oci:${registry.host}/default/mirror:latest`, 'mirror')).added, 6);
    const canonical = (await center.evidenceDocument(tenant, 'mirror/npm', 'NPM-1.json')).text;
    assert.notEqual(canonical, odd.text);
    assert.deepEqual(JSON.parse(canonical), JSON.parse(odd.text));
    assert.equal((await take(`oci:${registry.host}/default/json-raw`, 'raw')).unchanged, 6);
    const dir = join(await temporaryFolder(t, 'layout'), 'raw');
    const layout = await openLayout(dir, { create: true });
    const published = storage.repository('default/json-raw');
    const root = (await published.resolve('latest')) ?? assert.fail('no latest');
    await copyGraph(published, layout, root, { tags: ['latest'] });
    assert.equal((await take(`${dir}:latest`, 'layout')).added, 6);
  });

  test('is refused by name when it is none, or has not what was asked for', async (t) => {
    const publisher = await openTestCenter(t);
    await publisher.ingest(feed('go', 3));
    const registry = await startRegistry(t, { storage: await publisher.center.registryStorage() });
    await publisher.succeed('mirror:delta');
    const { center } = await openTestCenter(t);
    const refusal = async (from: string, format?: string): Promise<string> => {
      const error = await center.ingest(tenant, { source: 'x', from, ...(format ? { format } : {}) }).then(
        () => assert.fail('it was taken in'),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof ExportError, String(error));
      return `${error.code} ${error.message} (${error.hint})`;
    };
    const place = `oci:${registry.host}/default/mirror`;
    assert.match(await refusal(`${place}:delta`), /^INPUT_INVALID .* is not a mirror or json bundle/);
    assert.match(await refusal(`${place}:none`), /^NOT_FOUND .* has no none/);
    assert.match(
      await refusal(place, 'openvex'),
      /^INPUT_INVALID .* no documents of the format openvex \(it holds osv/,
    );
    assert.match(await refusal(place, 'trivy-db'), /^INPUT_INVALID|^NOT_FOUND/);
    assert.deepEqual(await center.evidenceSources(tenant), []);
  });
});
