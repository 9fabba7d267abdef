// Layouts between us and the programs that people have: what they write we read, what we write they read.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDigest, type Digest } from '../../../src/core/digest.ts';
import { describe } from '../../../src/oci/descriptor.ts';
import { childrenOf, parseManifest } from '../../../src/oci/manifest.ts';
import { openLayout, type LayoutRepository } from '../../../src/registry/layout/layout-repository.ts';
import { judgeOrSkip } from '../../judges.ts';
import { startDistribution } from '../../support/distribution.ts';
import { mustRun } from '../../support/run-program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { noteType, pushArtifact, pushIndex, pushReferrer } from '../artifacts.ts';
import { collect } from '../client/expect-error.ts';
import { startRegistry } from '../start-registry.ts';

/** Reads everything below a tag, verifying all of it; gives the texts of the layers. */
async function readAll(layout: LayoutRepository, reference: string): Promise<string[]> {
  const stored = await layout.manifest(reference);
  assert.ok(stored, `${reference} is there`);
  const texts: string[] = [];
  for (const child of childrenOf(parseManifest(stored.bytes, stored.descriptor.mediaType))) {
    if (child.mediaType.includes('manifest')) texts.push(...(await readAll(layout, child.digest)));
    else texts.push((await collect(layout.openBlob(child))).toString());
  }
  return texts;
}

function digestIn(text: string): Digest {
  const found = /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? '';
  assert.ok(isDigest(found), `a digest in ${text}`);
  return found;
}

test('a layout that oras wrote is read: tags, content, referrers', async (t) => {
  const oras = judgeOrSkip(t, 'oras');
  if (!oras) return;
  const cwd = await temporaryFolder(t, 'oras');
  await writeFile(join(cwd, 'a.txt'), 'hello');
  await writeFile(join(cwd, 'note.txt'), 'a note');
  const type = ['--artifact-type', 'application/vnd.test.it'];
  const pushed = await mustRun(oras, ['push', '--oci-layout', 'l:v1', ...type, 'a.txt:text/plain'], { cwd });
  await mustRun(oras, ['tag', '--oci-layout', 'l:v1', 'v2'], { cwd });
  const note = ['--artifact-type', noteType, '-a', 'k=v', 'note.txt:text/plain'];
  const attached = await mustRun(oras, ['attach', '--oci-layout', 'l:v1', ...note], { cwd });
  const layout = await openLayout(join(cwd, 'l'));
  assert.deepEqual(await layout.tags(), ['v1', 'v2']);
  const digest = digestIn(pushed.slice(pushed.indexOf('Digest:')));
  assert.equal((await layout.resolve('v2'))?.digest, digest);
  assert.deepEqual(await readAll(layout, 'v1'), ['{}', 'hello']);
  const [referrer] = await layout.referrers(digest, noteType);
  assert.equal(referrer?.digest, digestIn(attached.slice(attached.indexOf('Digest:'))));
  assert.equal(referrer?.annotations?.['k'], 'v');
});

test('a layout that skopeo wrote is read, and skopeo reads ours', async (t) => {
  const skopeo = judgeOrSkip(t, 'skopeo');
  if (!skopeo) return;
  const cwd = await temporaryFolder(t, 'skopeo');
  const ours = await openLayout(join(cwd, 'ours'), { create: true });
  const { index } = await pushIndex(ours, ['one', 'two'], ['v1']);
  await mustRun(skopeo, ['copy', '--all', '-q', 'oci:ours:v1', 'oci:theirs:v2'], { cwd });
  const theirs = await openLayout(join(cwd, 'theirs'));
  assert.deepEqual(await theirs.tags(), ['v2']);
  assert.equal((await theirs.resolve('v2'))?.digest, index.descriptor.digest);
  assert.deepEqual(await readAll(theirs, 'v2'), ['{}', 'one', '{}', 'two']);
});

test('a layout that crane wrote is read, and crane reads ours', async (t) => {
  const crane = judgeOrSkip(t, 'crane');
  if (!crane) return;
  const cwd = await temporaryFolder(t, 'crane');
  const { host, storage } = await startRegistry(t);
  const { index } = await pushIndex(storage.repository('default/app'), ['one', 'two'], ['v1']);
  await mustRun(crane, ['pull', '--format=oci', '--annotate-ref', `${host}/default/app:v1`, 'theirs'], { cwd });
  const theirs = await openLayout(join(cwd, 'theirs'));
  assert.deepEqual(await theirs.tags(), ['v1']);
  assert.equal((await theirs.resolve('v1'))?.digest, index.descriptor.digest);
  assert.deepEqual(await readAll(theirs, 'v1'), ['{}', 'one', '{}', 'two']);
  await mustRun(crane, ['pull', '--format=oci', `${host}/default/app:v1`, 'unnamed'], { cwd });
  const unnamed = await openLayout(join(cwd, 'unnamed'));
  assert.deepEqual(
    (await unnamed.roots()).map(({ descriptor }) => descriptor.digest),
    [index.descriptor.digest],
  );
  if (!judgeOrSkip(t, 'registry')) return;
  const ours = await openLayout(join(cwd, 'ours'), { create: true });
  const other = await pushIndex(ours, ['three', 'four'], ['v1']);
  const distribution = await startDistribution(t);
  const pushed = await mustRun(crane, ['push', 'ours', `${distribution.host}/team/app:v1`], { cwd });
  assert.equal(digestIn(pushed), other.index.descriptor.digest);
});

test('oras finds tags and referrers in our layout, copies and pulls from it', async (t) => {
  const oras = judgeOrSkip(t, 'oras');
  if (!oras) return;
  const cwd = await temporaryFolder(t, 'oras');
  const ours = await openLayout(join(cwd, 'ours'), { create: true });
  const artifact = await pushArtifact(ours, 'hello', ['v1', 'v2']);
  const note = await pushReferrer(ours, artifact.descriptor, 'a note');
  assert.equal(await mustRun(oras, ['repo', 'tags', '--oci-layout', 'ours'], { cwd }), 'v1\nv2\n');
  const tree = await mustRun(oras, ['discover', '--oci-layout', '--format', 'json', 'ours:v1'], { cwd });
  const { referrers } = JSON.parse(tree) as { referrers: { digest: string; artifactType: string }[] };
  assert.deepEqual(
    referrers.map(({ digest, artifactType }) => [digest, artifactType]),
    [[note.descriptor.digest, noteType]],
  );
  await mustRun(oras, ['pull', '--oci-layout', '-o', 'out', 'ours:v2'], { cwd });
  assert.equal(await readFile(join(cwd, 'out', 'hello.txt'), 'utf8'), 'hello');
  await mustRun(oras, ['cp', '-r', '--from-oci-layout', '--to-oci-layout', 'ours:v1', 'copy:v1'], { cwd });
  const copy = await openLayout(join(cwd, 'copy'));
  assert.equal((await copy.referrers(artifact.descriptor.digest)).length, 1);
  await collect(copy.openBlob(describe('text/plain', Buffer.from('a note'))));
});

test('oras and we write into one folder in turns', async (t) => {
  const oras = judgeOrSkip(t, 'oras');
  if (!oras) return;
  const cwd = await temporaryFolder(t, 'oras');
  const ours = await openLayout(join(cwd, 'l'), { create: true });
  await pushArtifact(ours, 'one', ['v1']);
  await writeFile(join(cwd, 'b.txt'), 'two');
  await mustRun(oras, ['push', '--oci-layout', 'l:v2', 'b.txt:text/plain'], { cwd });
  await pushArtifact(ours, 'three', ['v3']);
  assert.deepEqual(await ours.tags(), ['v1', 'v2', 'v3']);
  assert.equal(await mustRun(oras, ['repo', 'tags', '--oci-layout', 'l'], { cwd }), 'v1\nv2\nv3\n');
  await ours.prune();
  assert.deepEqual(await readAll(ours, 'v2'), ['{}', 'two']);
});
