// The golden layouts of registry-fixtures/layouts: rebuilt from the sample they have the same digests, other programs read
// them, and what they hold is what an independent program computed (golden.json; docs/formats.md §2–§7).

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeGoldenLayouts, type GoldenLayouts } from '../scripts/golden-layouts.ts';
import { digestFromSha256, sha256, type Digest } from '../src/core/digest.ts';
import { contentLayersOf, type ShardedBundle } from '../src/profiles/sharded/compose.ts';
import { readBundle, stateLines } from '../src/profiles/sharded/read.ts';
import { openLayout, type LayoutRepository } from '../src/registry/layout/layout-repository.ts';
import { LeafSet } from '../src/shard/set-root.ts';
import { judgeOrSkip } from './judges.ts';
import { findMirrorReader } from './support/corpora.ts';
import { mustRun } from './support/run-program.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

type Golden = { readonly states: readonly { readonly [figure: string]: string | number }[] };

const folder = fileURLToPath(new URL('../registry-fixtures/layouts/', import.meta.url));
const expected = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as GoldenLayouts;
const golden = JSON.parse(readFileSync(`${folder}../osv/golden.json`, 'utf8')) as Golden;
const names = Object.keys(expected);

/** The state tags of the two days, oldest first. */
const days = Object.keys(expected['mirror']?.tags ?? {}).filter((tag) => tag.startsWith('s-'));

function blobsOf(layout: string): string[] {
  return readdirSync(`${layout}/blobs/sha256`).sort();
}

async function bundleAt(layout: LayoutRepository, tag: string): Promise<ShardedBundle> {
  const index = await layout.manifest(tag);
  assert.ok(index, `${layout.name} has ${tag}`);
  return readBundle(layout, index);
}

async function setRootOf(layout: LayoutRepository, bundle: ShardedBundle): Promise<{ root: Digest; records: number }> {
  const leaves = new LeafSet();
  for await (const page of stateLines(layout, bundle)) for (const { c, k, v } of page) leaves.add(c, k, sha256(v));
  return { root: leaves.root(), records: leaves.count };
}

describe('the golden layouts', () => {
  test('every blob has the digest that is its name', () => {
    for (const name of names) {
      for (const hex of blobsOf(folder + name)) {
        assert.equal(hash('sha256', readFileSync(`${folder}${name}/blobs/sha256/${hex}`)), hex);
      }
    }
  });

  test('every tag resolves to what expected.json says', async () => {
    assert.deepEqual(names, ['json-raw', 'mirror']);
    for (const [name, { tags }] of Object.entries(expected)) {
      const layout = await openLayout(folder + name);
      assert.deepEqual(await layout.tags(), Object.keys(tags));
      for (const [tag, digest] of Object.entries(tags)) assert.equal((await layout.resolve(tag))?.digest, digest, tag);
    }
  });

  test('docs/formats.md names their digests and sizes', () => {
    const page = readFileSync(`${folder}../../docs/formats.md`, 'utf8');
    const rows = [...page.matchAll(/`sha256:([0-9a-f]{64})`(?: *\| *|, )([0-9,]+)(?: *\||bytes| bytes)/g)];
    assert.ok(rows.length >= 8, `${rows.length} digests with a size`);
    for (const [, hex = '', size = ''] of rows) {
      const found = names.map((name) => `${folder}${name}/blobs/sha256/${hex}`).filter((path) => existsSync(path));
      assert.ok(found[0], hex);
      assert.equal(String(statSync(found[0]).size), size.replaceAll(',', ''), hex);
    }
  });

  test('rebuilt from the sample they are the same, blob for blob', async (t) => {
    const out = await temporaryFolder(t, 'layouts');
    assert.deepEqual(await makeGoldenLayouts(out, await temporaryFolder(t, 'layouts-data')), expected);
    for (const name of names) assert.deepEqual(blobsOf(`${out}/${name}`), blobsOf(folder + name), name);
  });

  test('the mirrors hold the records, shards and journal that an independent program computed', async () => {
    const layout = await openLayout(`${folder}mirror`);
    const [first, second] = await Promise.all(days.map((tag) => bundleAt(layout, tag)));
    assert.ok(first && second && days.length === 2);
    for (const [day, bundle] of [first, second].entries()) {
      const { setRoot, records } = bundle.exportManifest.state;
      assert.deepEqual({ setRoot, records }, pick(golden.states[day], 'setRoot', 'records'));
      assert.deepEqual(await setRootOf(layout, bundle), { root: setRoot, records });
    }
    const shards = contentLayersOf(first);
    assert.equal(shards.length, golden.states[0]?.['shards']);
    const digests = shards.map(({ digest }) => `${digest}\n`).join('');
    assert.equal(digestFromSha256(sha256(digests)), golden.states[0]?.['sha256OfCompressedDigests']);
    const [journal] = second.journals.flatMap(({ layers }) => layers);
    assert.deepEqual(
      [journal?.digest, journal?.size],
      [golden.states[1]?.['journalDigest'], golden.states[1]?.['journalBytes']],
    );
    assert.deepEqual(second.bases, first.bases, 'a day leaves the base alone');
    assert.equal(second.exportManifest.previous, first.index.descriptor.digest);
  });

  test('an independent reader finds nothing to object to', async (t) => {
    const reader = findMirrorReader();
    if (!reader) return t.skip('the independent reader is not beside the checkout');
    for (const [day, tag] of days.entries()) {
      const said = await mustRun(reader.python, [reader.script, 'layout', `${folder}mirror`, tag]);
      assert.match(said, new RegExp(`^layout ok: ${golden.states[day]?.['records']} records`));
    }
  });

  test('oras copies them whole', async (t) => {
    const oras = judgeOrSkip(t, 'oras');
    if (oras === undefined) return;
    const out = await temporaryFolder(t, 'oras');
    for (const [name, { tags }] of Object.entries(expected)) {
      const copy = [
        'cp',
        '-r',
        '--from-oci-layout',
        `${folder}${name}:latest`,
        '--to-oci-layout',
        `${out}/${name}:latest`,
      ];
      await mustRun(oras, copy);
      assert.equal((await (await openLayout(`${out}/${name}`)).resolve('latest'))?.digest, tags['latest']);
    }
  });
});

function pick(row: Golden['states'][number] | undefined, ...figures: string[]): Record<string, unknown> {
  return Object.fromEntries(figures.map((figure) => [figure, row?.[figure]]));
}
