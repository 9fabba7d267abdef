// What the suite of all repositories does not ask of a layout: its files, its entries, pruning, damage.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { describe } from '../../../src/oci/descriptor.ts';
import { parseLayoutReference } from '../../../src/registry/layout/layout-reference.ts';
import { openLayout, type LayoutRepository } from '../../../src/registry/layout/layout-repository.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { noteType, pushArtifact, pushIndex, pushReferrer } from '../artifacts.ts';
import { collect, expectError } from '../client/expect-error.ts';

type IndexFile = { manifests: { digest: string; annotations?: Record<string, string>; [name: string]: unknown }[] };

const create = async (t: TestContext): Promise<LayoutRepository> =>
  openLayout(await temporaryFolder(t, 'layout'), { create: true });

async function readIndex(layout: LayoutRepository): Promise<IndexFile> {
  return JSON.parse(await readFile(join(layout.dir, 'index.json'), 'utf8')) as IndexFile;
}

const blobNames = (layout: LayoutRepository): Promise<string[]> => readdir(join(layout.dir, 'blobs', 'sha256'));
const refName = 'org.opencontainers.image.ref.name';

test('a new layout has the files that the image specification asks for', async (t) => {
  const layout = await create(t);
  assert.equal(await readFile(join(layout.dir, 'oci-layout'), 'utf8'), '{"imageLayoutVersion":"1.0.0"}');
  assert.deepEqual(await readIndex(layout), {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [],
  });
  await openLayout(layout.dir);
});

test('several tags on one digest are several entries, and a moved tag is one', async (t) => {
  const layout = await create(t);
  const first = await pushArtifact(layout, 'first', ['a', 'b']);
  const second = await pushArtifact(layout, 'second', ['b']);
  const named = (await readIndex(layout)).manifests.map(({ digest, annotations }) => [annotations?.[refName], digest]);
  assert.deepEqual(named, [
    ['a', first.descriptor.digest],
    ['b', second.descriptor.digest],
  ]);
});

test('children are not listed, referrers are, with type and annotations, until a tag names them', async (t) => {
  const layout = await create(t);
  const { index } = await pushIndex(layout, ['one', 'two'], ['latest']);
  const note = await pushReferrer(layout, index.descriptor, 'a note');
  const entries = (await readIndex(layout)).manifests;
  assert.deepEqual(
    entries.map(({ digest }) => digest),
    [index.descriptor.digest, note.descriptor.digest],
  );
  assert.equal(entries[1]?.['artifactType'], noteType);
  assert.deepEqual(entries[1]?.annotations, { text: 'a note' });
  await layout.pushManifest(note, ['note']);
  assert.equal((await readIndex(layout)).manifests.length, 2);
  await layout.removeTag('note');
  assert.equal((await readIndex(layout)).manifests.length, 2);
  assert.equal((await layout.referrers(index.descriptor.digest)).length, 1);
});

test('what other programs put into index.json stays', async (t) => {
  const layout = await create(t);
  const { descriptor } = await pushArtifact(layout, 'first', ['a']);
  const path = join(layout.dir, 'index.json');
  const file = JSON.parse(await readFile(path, 'utf8')) as IndexFile & Record<string, unknown>;
  file['annotations'] = { of: 'the file' };
  Object.assign(file.manifests[0] ?? {}, { platform: { os: 'linux', architecture: 'amd64' }, data: 'e30=' });
  await writeFile(path, JSON.stringify(file));
  await pushArtifact(layout, 'second', ['b']);
  const after = (await readIndex(layout)) as IndexFile & Record<string, unknown>;
  assert.deepEqual(after['annotations'], { of: 'the file' });
  assert.deepEqual(after.manifests[0]?.['platform'], { os: 'linux', architecture: 'amd64' });
  assert.equal((await layout.resolve('a'))?.digest, descriptor.digest);
});

test('an entry that is named by its whole reference is found by its tag', async (t) => {
  const layout = await create(t);
  const { descriptor } = await pushArtifact(layout, 'first', ['a']);
  const path = join(layout.dir, 'index.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"a"', '"registry.example:5000/team/app:v7"'));
  assert.deepEqual(await layout.tags(), ['v7']);
  assert.equal((await layout.resolve('v7'))?.digest, descriptor.digest);
});

test('writers that begin together lose no tag', async (t) => {
  const layout = await create(t);
  const manifest = await pushArtifact(layout, 'first');
  const tags = Array.from({ length: 12 }, (_, n) => `t${n}`);
  await Promise.all(tags.map((tag) => layout.pushManifest(manifest, [tag])));
  assert.equal((await layout.tags()).length, 12);
});

test('a folder without a layout is not found, unless one is to be made', async (t) => {
  const dir = await temporaryFolder(t, 'layout');
  const error = await expectError(openLayout(join(dir, 'absent')), 'NOT_FOUND');
  assert.match(error.hint ?? '', /oci-layout/);
  const layout = await openLayout(join(dir, 'absent', 'deep'), { create: true });
  assert.deepEqual(await layout.tags(), []);
});

test('damaged files of a layout are refused with their name', async (t) => {
  const damages = [
    ['index.json', '{"schemaVersion":2,"manifests":[{"mediaTy'],
    ['index.json', '[]'],
    ['index.json', '{"schemaVersion":2}'],
    ['index.json', '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../../x","size":1}]}'],
    ['index.json', '{"schemaVersion":2,"manifests":[{"mediaType":"x","size":1}]}'],
    ['oci-layout', 'hello'],
  ] as const;
  for (const [file, text] of damages) {
    const layout = await create(t);
    await writeFile(join(layout.dir, file), text);
    const error = await expectError(openLayout(layout.dir), 'INPUT_INVALID');
    assert.match(error.message, new RegExp(`${file} is damaged`));
  }
  const layout = await create(t);
  await writeFile(join(layout.dir, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
  await expectError(openLayout(layout.dir), 'INPUT_INVALID');
  await writeFile(join(layout.dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await unlink(join(layout.dir, 'index.json'));
  await expectError(openLayout(layout.dir), 'NOT_FOUND');
});

test('missing and damaged blobs are noticed when they are read, not before', async (t) => {
  const layout = await create(t);
  const bytes = Buffer.from('content');
  const blob = describe('text/plain', bytes);
  const manifest = await pushArtifact(layout, 'content', ['a']);
  await writeFile(layout.blobPath(blob.digest), 'CONTENT');
  assert.equal((await layout.resolve('a'))?.digest, manifest.descriptor.digest);
  await expectError(collect(layout.openBlob(blob)), 'DIGEST_MISMATCH');
  await writeFile(layout.blobPath(blob.digest), 'cut');
  await expectError(collect(layout.openBlob(blob)), 'DIGEST_MISMATCH');
  assert.equal(await layout.pushBlob(blob, bytes), 'written');
  assert.deepEqual(await collect(layout.openBlob(blob)), bytes);
  await unlink(layout.blobPath(blob.digest));
  await expectError(collect(layout.openBlob(blob)), 'NOT_FOUND');
  await writeFile(layout.blobPath(manifest.descriptor.digest), ' '.repeat(manifest.bytes.length));
  await expectError(layout.manifest('a'), 'DIGEST_MISMATCH');
});

test('a refused blob leaves nothing behind', async (t) => {
  const layout = await create(t);
  const blob = describe('text/plain', Buffer.from('content'));
  await expectError(layout.pushBlob(blob, Buffer.from('CONTENT')), 'DIGEST_MISMATCH');
  assert.deepEqual(await blobNames(layout), []);
  assert.deepEqual(await readdir(join(layout.dir, 'ingest')), []);
});

test('pruning keeps what tags, kept digests and their referrers need, and nothing else', async (t) => {
  const layout = await create(t);
  const old = await pushIndex(layout, ['shared', 'only old'], ['old']);
  const now = await pushIndex(layout, ['shared', 'only new'], ['new']);
  const oldNote = await pushReferrer(layout, old.index.descriptor, 'about old');
  const note = await pushReferrer(layout, now.index.descriptor, 'about new');
  const second = await pushReferrer(layout, note.descriptor, 'about the note');
  await layout.removeTag('old');

  assert.deepEqual(await layout.prune([old.index.descriptor.digest]), { blobs: 0, bytes: 0 });
  assert.equal((await layout.referrers(old.index.descriptor.digest)).length, 1);

  // The index, its note, their layers, and the child that nothing else names.
  const gone = [old.index, oldNote, old.children[1]].map((stored) => stored?.bytes.length ?? 0);
  const layers = ['only old', 'about old'].map((text) => text.length);
  const bytes = [...gone, ...layers].reduce((sum, size) => sum + size, 0);
  assert.deepEqual(await layout.prune(), { blobs: 5, bytes });
  for (const { digest } of (await readIndex(layout)).manifests) assert.notEqual(digest, oldNote.descriptor.digest);
  for (const stored of [now.index, ...now.children, note, second]) {
    assert.deepEqual((await layout.manifest(stored.descriptor.digest))?.bytes, stored.bytes);
  }
  await collect(layout.openBlob(describe('text/plain', Buffer.from('shared'))));
});

test('a root without a name survives pruning', async (t) => {
  const layout = await create(t);
  const manifest = await pushArtifact(layout, 'unnamed');
  await layout.addRoot(manifest.descriptor);
  await layout.addRoot(manifest.descriptor);
  assert.equal((await layout.roots()).length, 1);
  assert.deepEqual(await layout.prune(), { blobs: 0, bytes: 0 });
});

test('files that are not blobs are left alone by pruning', async (t) => {
  const layout = await create(t);
  const other = join(layout.dir, 'blobs', 'sha256', 'README');
  await writeFile(other, 'hello');
  await layout.prune();
  assert.ok(existsSync(other));
});

test('references to layouts are read as oras and skopeo write them', async (t) => {
  const dir = await temporaryFolder(t, 'layout');
  const digest = describe('x', Buffer.from('x')).digest;
  assert.deepEqual(await parseLayoutReference('a/b'), { dir: 'a/b' });
  assert.deepEqual(await parseLayoutReference('a/b:v1'), { dir: 'a/b', tag: 'v1' });
  assert.deepEqual(await parseLayoutReference(`a/b@${digest}`), { dir: 'a/b', digest });
  assert.deepEqual(await parseLayoutReference('a:b/c'), { dir: 'a:b/c' });
  await mkdir(join(dir, 'x:y'));
  assert.deepEqual(await parseLayoutReference(join(dir, 'x:y')), { dir: join(dir, 'x:y') });
  assert.deepEqual(await parseLayoutReference(`${join(dir, 'x:y')}:v1`), { dir: join(dir, 'x:y'), tag: 'v1' });
});
