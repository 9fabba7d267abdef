// Archives of VEX repositories: the same statements give the same bytes, what stays the same is kept, and real hubs fit.

import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ExportError } from '../../src/core/errors.ts';
import { mustRun } from '../support/run-program.ts';
import { openTestCenter, put, tenant, type TestCenter } from '../support/center.ts';
import { corpusOrSkip } from '../support/corpora.ts';

function vex(name: string, product: string, status: string): { readonly path: string; readonly text: string } {
  const document = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': `https://example.com/${name}`,
    author: 'Example',
    timestamp: '2026-01-01T00:00:00Z',
    version: 1,
    statements: [{ vulnerability: { name: 'CVE-2026-0001' }, products: [{ '@id': product }], status }],
  };
  return { path: `${name}.json`, text: JSON.stringify(document) };
}

const documents = [
  vex('a', 'pkg:npm/a', 'fixed'),
  vex('b', 'pkg:npm/b@1.0', 'not_affected'),
  vex('c', 'pkg:npm/a@2.0', 'affected'),
];

type HubFile = { readonly path: string; readonly text: string };
type HubIndex = { readonly packages: readonly { readonly id: string }[] };

async function ingest({ center, data }: TestCenter, lines: readonly object[]) {
  const file = join(data, `vex-${lines.length}.jsonl.gz`);
  await writeFile(file, gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
  return center.ingest(tenant, { source: 'hub', from: file, format: 'openvex' });
}

test('the same statements give the same archive, in whatever order they came', async (t) => {
  const one = await openTestCenter(t);
  const other = await openTestCenter(t);
  await ingest(one, documents);
  await ingest(other, documents.slice(2));
  await ingest(other, documents.slice(0, 2));
  const archive = await one.center.vexArchive(tenant);
  assert.equal((await other.center.vexArchive(tenant)).digest, archive.digest);
  const listing = (await mustRun('tar', ['-tzf', archive.path])).trim().split('\n');
  assert.deepEqual([listing[0], listing.length], ['index.json', 3]);
  const index = JSON.parse(await mustRun('tar', ['-xzOf', archive.path, 'index.json'])) as {
    packages: { id: string }[];
  };
  assert.deepEqual(
    index.packages.map(({ id }) => id),
    ['pkg:npm/a', 'pkg:npm/b'],
  );
});

test('other evidence changes nothing, a document that goes does, and one archive is kept', async (t) => {
  const test = await openTestCenter(t);
  await ingest(test, documents);
  const [first, again] = await Promise.all([test.center.vexArchive(tenant), test.center.vexArchive(tenant)]);
  assert.deepEqual(again, first);
  await test.ingest([put('go', 'GO-1')]);
  assert.equal((await test.center.vexArchive(tenant)).digest, first.digest);
  await ingest(test, [{ op: 'del', path: 'c.json' }]);
  const after = await test.center.vexArchive(tenant);
  assert.notEqual(after.digest, first.digest);
  const files = await readdir(join(test.data, 'vex'));
  assert.deepEqual(files.sort(), [`${tenant}-${after.digest.slice(7)}.tar.gz`, `${tenant}.json`]);
});

test('without a statement the index is empty, and a tenant that is not there has none', async (t) => {
  const { center } = await openTestCenter(t);
  const { path } = await center.vexArchive(tenant);
  assert.deepEqual(JSON.parse(await mustRun('tar', ['-xzOf', path, 'index.json'])), {
    updated_at: '1970-01-01T00:00:00Z',
    packages: [],
  });
  await assert.rejects(
    center.vexArchive('nobody'),
    (error) => error instanceof ExportError && error.code === 'NOT_FOUND',
  );
});

test('a real hub has every package of its own index in ours', async (t) => {
  const file = corpusOrSkip(t, 'vex/hub-base-2026-01-29.jsonl.gz');
  if (file === undefined) return;
  const test = await openTestCenter(t);
  const lines = gunzipSync(await readFile(file))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  const hub = lines.map((line) => JSON.parse(line) as HubFile).map(({ path, text }) => ({ path, text }));
  // Its own indexes and manifests are no statements, and are refused.
  const { added, rejected } = await ingest(test, hub);
  assert.deepEqual([added, rejected.length], [59, 59]);
  const { path } = await test.center.vexArchive(tenant);
  const index = JSON.parse(await mustRun('tar', ['-xzOf', path, 'index.json'])) as HubIndex;
  const ours = new Set(index.packages.map(({ id }) => id));
  const theirs = JSON.parse(hub.find((it) => it.path === 'index.json')?.text ?? '') as HubIndex;
  assert.ok(theirs.packages.length > 50);
  assert.deepEqual(
    theirs.packages.filter(({ id }) => !ours.has(id)),
    [],
  );
});
