// Broken variants of the golden layouts, made from the good ones: everything that reads a bundle must notice, and say so
// with the right code (docs/formats.md §5, §6, §12).

import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canonicalBytes, type Json } from '../src/core/canonical-json.ts';
import { ExportError, type ErrorCode } from '../src/core/errors.ts';
import { bare, describe as describeBytes, type Descriptor } from '../src/oci/descriptor.ts';
import { imageIndex, imageManifest, parseManifest, type ImageIndex, type ImageManifest } from '../src/oci/manifest.ts';
import { isNotChecked } from '../src/consumer/report.ts';
import { verify } from '../src/consumer/verify.ts';
import { contentLayersOf, type ShardedBundle } from '../src/profiles/sharded/compose.ts';
import { readBlob, readBundle, stateLines } from '../src/profiles/sharded/read.ts';
import { openLayout, type LayoutRepository } from '../src/registry/layout/layout-repository.ts';
import { decode, encode, encoder } from '../src/shard/encode.ts';
import { readPatch } from '../src/shard/patch.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const good = fileURLToPath(new URL('../registry-fixtures/layouts/mirror', import.meta.url));

type Subject = { readonly layout: LayoutRepository; readonly bundle: ShardedBundle };

async function copyOfMirror(t: TestContext): Promise<Subject> {
  const folder = await temporaryFolder(t, 'broken');
  cpSync(good, folder, { recursive: true });
  const layout = await openLayout(folder);
  return { layout, bundle: await readLatest(layout) };
}

async function readLatest(layout: LayoutRepository): Promise<ShardedBundle> {
  const index = await layout.manifest('latest');
  assert.ok(index);
  return readBundle(layout, index);
}

/** Manifests, configs, and every record. */
async function readAll(layout: LayoutRepository): Promise<void> {
  for await (const _ of stateLines(layout, await readLatest(layout)));
}

async function refuses(work: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof ExportError, String(error));
    assert.deepEqual({ code: error.code, said: message.test(error.message) }, { code, said: true }, error.message);
    return true;
  });
}

type Edit = {
  readonly config?: (config: { [name: string]: Json }) => unknown;
  readonly layers?: (layers: readonly Descriptor[]) => readonly Descriptor[];
  readonly index?: (index: ImageIndex) => ImageIndex;
};

/** Publishes `latest` anew with another head or index; every digest is right, only what is said is wrong. */
async function republish({ layout, bundle }: Subject, edit: Edit): Promise<void> {
  const config = JSON.parse(bundle.config.bytes.toString()) as { [name: string]: Json };
  const changed = edit.config?.(config) ?? config;
  const bytes = Buffer.isBuffer(changed) ? changed : canonicalBytes(changed as Json);
  const image = parseManifest(bundle.head.bytes, bundle.head.descriptor.mediaType) as ImageManifest;
  const descriptor = { ...image.config, ...describeBytes(image.config.mediaType, bytes) };
  await layout.pushBlob(descriptor, bytes);
  const { artifactType = '' } = image;
  const layers = edit.layers?.(image.layers) ?? image.layers;
  const head = imageManifest({ artifactType, config: descriptor, layers });
  await layout.pushManifest(head);
  const old = parseManifest(bundle.index.bytes, bundle.index.descriptor.mediaType) as ImageIndex;
  const { setRoot, records } = ((Buffer.isBuffer(changed) ? config : changed) as { state: Record<string, string> })
    .state;
  const said = { 'vnd.export-center.set-root': String(setRoot), 'vnd.export-center.records': String(records) };
  const index = {
    ...old,
    annotations: { ...old.annotations, ...said },
    manifests: [...old.manifests.slice(0, -1), bare(head.descriptor)],
  };
  const { schemaVersion: _, mediaType: __, ...fields } = edit.index?.(index) ?? index;
  await layout.pushManifest(imageIndex(fields), ['latest']);
}

describe('a mirror that is not whole', () => {
  test('the good one is read to its end', async (t) => {
    await readAll((await copyOfMirror(t)).layout);
  });

  test('one flipped byte of a shard is noticed', async (t) => {
    const { layout, bundle } = await copyOfMirror(t);
    const shard = contentLayersOf(bundle)[3] as Descriptor;
    const bytes = readFileSync(layout.blobPath(shard.digest));
    bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
    writeFileSync(layout.blobPath(shard.digest), bytes);
    await refuses(readAll(layout), 'DIGEST_MISMATCH', new RegExp(shard.digest));
  });

  test('a blob that was cut short is noticed', async (t) => {
    const { layout, bundle } = await copyOfMirror(t);
    const journal = contentLayersOf(bundle).at(-1) as Descriptor;
    writeFileSync(layout.blobPath(journal.digest), readFileSync(layout.blobPath(journal.digest)).subarray(0, 5_000));
    await refuses(readAll(layout), 'DIGEST_MISMATCH', /5000 bytes instead of 12880/);
  });

  test('a flipped byte of a manifest is noticed', async (t) => {
    const { layout, bundle } = await copyOfMirror(t);
    const path = layout.blobPath(bundle.head.descriptor.digest);
    writeFileSync(path, readFileSync(path, 'utf8').replace('12880', '12881'));
    await refuses(readAll(layout), 'DIGEST_MISMATCH', new RegExp(bundle.head.descriptor.digest));
  });

  for (const part of ['shard', 'journal', 'config', 'base'] as const) {
    test(`a missing ${part} is named`, async (t) => {
      const { layout, bundle } = await copyOfMirror(t);
      const content = contentLayersOf(bundle);
      const missing = {
        shard: content[0],
        journal: content.at(-1),
        config: bundle.config.descriptor,
        base: bundle.bases[0]?.manifest.descriptor,
      }[part] as Descriptor;
      rmSync(layout.blobPath(missing.digest));
      await refuses(readAll(layout), 'NOT_FOUND', new RegExp(missing.digest));
    });
  }
});

type Row = { readonly [name: string]: Json };

/** Another layer with the last one's title. */
function inPlaceOf(layers: readonly Descriptor[], { mediaType, digest, size }: Descriptor): Descriptor {
  return { ...(layers.at(-1) as Descriptor), mediaType, digest, size };
}

/** A set root that no state here has. */
const away = `sha256:${'1'.repeat(64)}`;

function journalRow(config: Row, change: Row = {}): Row {
  return { ...(config['journals'] as Row[])[0], ...change };
}

describe('a mirror that was put together wrongly', () => {
  test('a gap between journals is refused', async (t) => {
    const subject = await copyOfMirror(t);
    await republish(subject, {
      // As if a journal between the two had been lost.
      config: (config) => ({ ...config, journals: [journalRow(config, { to: away }), journalRow(config)] }),
      layers: (layers) => [...layers, layers.at(-1) as Descriptor],
    });
    await refuses(readLatest(subject.layout), 'VERIFICATION_FAILED', /gap: number 1 ends at sha256:1111/);
  });

  test('journals that do not lead to the set root are refused', async (t) => {
    const subject = await copyOfMirror(t);
    await republish(subject, {
      config: (config) => ({ ...config, state: { ...(config['state'] as Row), setRoot: `sha256:${'2'.repeat(64)}` } }),
    });
    await refuses(readLatest(subject.layout), 'VERIFICATION_FAILED', /gap/);
  });

  test('a journal part too many is refused', async (t) => {
    const subject = await copyOfMirror(t);
    await republish(subject, { layers: (layers) => [...layers, layers.at(-1) as Descriptor] });
    await refuses(readLatest(subject.layout), 'VERIFICATION_FAILED', /another number of layers than journal parts/);
  });

  test('an index without the base that the export manifest names is refused', async (t) => {
    const subject = await copyOfMirror(t);
    await republish(subject, { index: (index) => ({ ...index, manifests: index.manifests.slice(1) }) });
    await refuses(readLatest(subject.layout), 'VERIFICATION_FAILED', /names other bases than the index/);
  });

  test('an export manifest of an unknown schema is refused', async (t) => {
    const subject = await copyOfMirror(t);
    await republish(subject, { config: (config) => ({ ...config, schema: 2 }) });
    await refuses(readLatest(subject.layout), 'VERIFICATION_FAILED', /schema 2 is not known here/);
  });

  test('a shard in the place of a journal is refused', async (t) => {
    const subject = await copyOfMirror(t);
    const [shard] = contentLayersOf(subject.bundle);
    await republish(subject, { layers: (layers) => [...layers.slice(0, -1), inPlaceOf(layers, shard as Descriptor)] });
    await refuses(readAll(subject.layout), 'VERIFICATION_FAILED', /journal line|larger/);
  });

  test('another set root in the annotations of the index is refused', async (t) => {
    const subject = await copyOfMirror(t);
    const change = { 'vnd.export-center.set-root': away };
    await republish(subject, { index: (index) => ({ ...index, annotations: { ...index.annotations, ...change } }) });
    await refuses(readLatest(subject.layout), 'VERIFICATION_FAILED', /its parts make the index/);
  });

  test('an export manifest that is not canonical is refused', async (t) => {
    const subject = await copyOfMirror(t);
    await republish(subject, { config: (config) => Buffer.from(JSON.stringify(config, undefined, 1)) });
    await refuses(readLatest(subject.layout), 'VERIFICATION_FAILED', /its parts make the index/);
  });

  test('a layer with another title is refused', async (t) => {
    const subject = await copyOfMirror(t);
    const annotations = { 'org.opencontainers.image.title': 'journals/0001.jsonl.zst' };
    await republish(subject, {
      layers: (layers) => [...layers.slice(0, -1), { ...(layers.at(-1) as Descriptor), annotations }],
    });
    await refuses(readLatest(subject.layout), 'VERIFICATION_FAILED', /its parts make the index/);
  });

  test('a journal whose keys do not rise is refused', async (t) => {
    const subject = await copyOfMirror(t);
    const { layout, bundle } = subject;
    const journal = contentLayersOf(bundle).at(-1) as Descriptor;
    const raw = decode(await readBlob(layout, journal), 1 << 24).toString();
    const lines = raw.split('\n').slice(0, -1);
    const frame = encode(Buffer.from(`${lines.toReversed().join('\n')}\n`), { level: encoder.journalLevel });
    const unsorted = describeBytes(journal.mediaType, frame);
    await layout.pushBlob(unsorted, frame);
    await republish(subject, { layers: (layers) => [...layers.slice(0, -1), inPlaceOf(layers, unsorted)] });
    await refuses(readAll(layout), 'VERIFICATION_FAILED', /unsorted or repeated keys/);
  });
});

describe('verify names what is wrong with', () => {
  async function failing({ layout }: Subject): Promise<string[]> {
    const { ok, checks } = await verify(`${layout.dir}:latest`, { offline: true });
    assert.equal(
      ok,
      checks.every((check) => check.ok || isNotChecked(check)),
    );
    return checks.filter((check) => !check.ok && !isNotChecked(check)).map(({ name }) => name);
  }

  test('nothing, when it is the good one', async (t) => {
    assert.deepEqual(await failing(await copyOfMirror(t)), []);
  });

  test('blobs, when a byte is flipped', async (t) => {
    const subject = await copyOfMirror(t);
    const path = subject.layout.blobPath((contentLayersOf(subject.bundle)[0] as Descriptor).digest);
    writeFileSync(path, readFileSync(path).fill(0, 500, 501));
    assert.deepEqual(await failing(subject), ['blobs']);
  });

  test('journals, when they have a gap', async (t) => {
    const subject = await copyOfMirror(t);
    await republish(subject, { config: (config) => ({ ...config, journals: [journalRow(config, { to: away })] }) });
    assert.deepEqual(await failing(subject), ['journals']);
  });

  test('the set root, when the journals do not begin at the base', async (t) => {
    const subject = await copyOfMirror(t);
    await republish(subject, { config: (config) => ({ ...config, journals: [journalRow(config, { from: away })] }) });
    assert.deepEqual(await failing(subject), ['set-root']);
  });

  test('the set root, when the number of records is another', async (t) => {
    const subject = await copyOfMirror(t);
    await republish(subject, {
      config: (config) => ({ ...config, state: { ...(config['state'] as Row), records: 1_808 } }),
    });
    assert.deepEqual(await failing(subject), ['set-root']);
  });
});

describe('a patch that is not what a publisher writes', () => {
  async function goodPatch(): Promise<Buffer> {
    const layout = await openLayout(good);
    const delta = await layout.manifest('delta');
    assert.ok(delta);
    const image = parseManifest(delta.bytes, delta.descriptor.mediaType) as ImageManifest;
    return readBlob(layout, image.layers[0] as Descriptor);
  }

  function patchOf(keys: string, values: Uint8Array): Buffer {
    const frame = encode(Buffer.from(keys), { level: encoder.journalLevel });
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(frame.length, 0);
    lengths.writeUInt32BE(values.length, 4);
    return Buffer.concat([lengths, frame, values]);
  }

  function split(patch: Buffer): { keys: string; values: Buffer } {
    const end = 8 + patch.readUInt32BE(0);
    return { keys: decode(patch.subarray(8, end), 1 << 24).toString(), values: patch.subarray(end) };
  }

  async function refused(change: (patch: Buffer) => Buffer, message: RegExp): Promise<void> {
    const patch = await goodPatch();
    assert.equal([...readPatch(patch)].flatMap(({ keys }) => keys).length, 45);
    // A generator works only when it is read, inside the promise.
    await refuses(
      Promise.resolve().then(() => [...readPatch(change(patch))]),
      'VERIFICATION_FAILED',
      message,
    );
  }

  const reordered = (order: (lines: string[]) => string[]) => (patch: Buffer) => {
    const { keys, values } = split(patch);
    return patchOf(`${order(keys.split('\n').slice(0, -1)).join('\n')}\n`, values);
  };

  test('unsorted keys are refused', () =>
    refused(
      reordered((lines) => lines.toReversed()),
      /unsorted or repeated keys/,
    ));
  test('a repeated key is refused', () =>
    refused(
      reordered((lines) => [lines[0] as string, ...lines]),
      /unsorted or repeated keys/,
    ));
  test('left-over bytes are refused', () => refused((patch) => Buffer.concat([patch, Buffer.of(0)]), /cut off/));
  test('a patch that was cut short is refused', () =>
    refused((patch) => patch.subarray(0, -1), /longer than the patch/));
  test('a key line of another shape is refused', () =>
    refused(
      reordered((lines) => lines.map((line) => line.replace('\t', ' '))),
      /key line/,
    ));
});
