// Copying artifacts between layouts and registries: order, completeness, thrift, and errors that say which side.

import assert from 'node:assert/strict';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ExportError } from '../../src/core/errors.ts';
import { describe } from '../../src/oci/descriptor.ts';
import { imageManifest } from '../../src/oci/manifest.ts';
import type { Repository } from '../../src/oci/repository.ts';
import { createHttp } from '../../src/registry/client/http.ts';
import { remoteRepository, type RemoteOptions } from '../../src/registry/client/remote-repository.ts';
import { addToSignatureTag, readSignatureTag } from '../../src/oci/signature-tag.ts';
import { copyGraph } from '../../src/registry/copy.ts';
import { openLayout, type LayoutRepository } from '../../src/registry/layout/layout-repository.ts';
import { judgeOrSkip } from '../judges.ts';
import { startDistribution } from '../support/distribution.ts';
import { mustRun } from '../support/run-program.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { noteType, pushArtifact, pushIndex, pushReferrer } from './artifacts.ts';
import { expectError } from './client/expect-error.ts';
import { startFaultProxy } from './client/fault-proxy.ts';
import { startRegistry } from './start-registry.ts';

const create = async (t: TestContext): Promise<LayoutRepository> =>
  openLayout(await temporaryFolder(t, 'layout'), { create: true });

function open(t: TestContext, host: string, options: Partial<RemoteOptions> = {}): Repository {
  const http = createHttp({ env: {}, retryDelayMs: 1, retries: 2 });
  atEnd(t, () => http.close());
  return remoteRepository({ registry: host, repository: 'default/app' }, { http, ...options });
}

const everything = { tags: ['latest', 's-1'], referrers: true, legacySignatures: true } as const;

type Sample = Awaited<ReturnType<typeof pushIndex>> & { digests: string[] };

/** An index of two artifacts with a referrer, a referrer of that, and cosign's two tags. */
async function pushSample(repository: Repository): Promise<Sample> {
  const { index, children } = await pushIndex(repository, ['one', 'two'], ['latest']);
  const note = await pushReferrer(repository, index.descriptor, 'a note');
  const second = await pushReferrer(repository, note.descriptor, 'about the note');
  const prefix = index.descriptor.digest.replace(':', '-');
  const signature = await pushArtifact(repository, 'signature', [`${prefix}.sig`]);
  const attestation = await pushArtifact(repository, 'attestation', [`${prefix}.att`]);
  const manifests = [index, ...children, note, second, signature, attestation];
  return { index, children, digests: manifests.map(({ descriptor }) => descriptor.digest) };
}

/** Writes down what is asked of a repository. */
function recording(repository: Repository, log: string[]): Repository {
  return new Proxy(repository, {
    get(target, name: keyof Repository) {
      if (name === 'pushBlob') {
        const push: Repository['pushBlob'] = async (descriptor, source) => {
          const result = await target.pushBlob(descriptor, source);
          log.push(`blob ${descriptor.digest}`);
          return result;
        };
        return push;
      }
      if (name === 'pushManifest') {
        const push: Repository['pushManifest'] = async (manifest, tags = []) => {
          log.push([`manifest ${manifest.descriptor.digest}`, ...tags].join(' '));
          return target.pushManifest(manifest, tags);
        };
        return push;
      }
      const value: unknown = target[name];
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

test('leaves go first, names last', async (t) => {
  const from = await create(t);
  const { index, children, digests } = await pushSample(from);
  const log: string[] = [];
  const result = await copyGraph(from, recording(await create(t), log), index.descriptor, everything);
  const at = (line: string): number => {
    assert.ok(log.includes(line), `${line} in\n${log.join('\n')}`);
    return log.indexOf(line);
  };
  for (const [text, child] of [['one', children[0]] as const, ['two', children[1]] as const]) {
    const manifest = at(`manifest ${child?.descriptor.digest}`);
    assert.ok(at(`blob ${describe('', Buffer.from(text)).digest}`) < manifest);
    assert.ok(manifest < at(`manifest ${index.descriptor.digest}`));
  }
  for (const digest of digests.slice(3))
    assert.ok(at(`manifest ${digest}`) > at(`manifest ${index.descriptor.digest}`));
  assert.equal(log.at(-1), `manifest ${index.descriptor.digest} latest s-1`);
  assert.equal(result.manifests, 7);
  // Six layers and one empty config.
  assert.equal(result.blobs, 7);
});

test('a copy to CNCF distribution and back loses nothing, and a second one sends nothing', async (t) => {
  if (!judgeOrSkip(t, 'registry')) return;
  const { host } = await startDistribution(t);
  const proxy = await startFaultProxy(t, host);
  const from = await create(t);
  const { index, digests } = await pushSample(from);
  const registry = open(t, proxy.host);
  const sent = await copyGraph(from, registry, index.descriptor, everything);
  proxy.passed.length = 0;
  const again = await copyGraph(from, registry, index.descriptor, everything);
  assert.deepEqual(again, { blobs: 0, bytes: 0, manifests: 0 });
  assert.deepEqual(new Set(proxy.passed.map(({ method }) => method)), new Set(['HEAD']));
  const back = await create(t);
  assert.deepEqual(await copyGraph(registry, back, index.descriptor, everything), sent);
  for (const digest of digests) assert.ok(await back.resolve(digest), `${digest} is back`);
  assert.deepEqual(
    (await back.referrers(index.descriptor.digest)).map(({ artifactType }) => artifactType),
    [noteType],
  );
  assert.deepEqual((await back.tags()).length, 4);
});

test('stock oras reads what was copied to our registry and to CNCF distribution', async (t) => {
  const oras = judgeOrSkip(t, 'oras');
  if (!oras || !judgeOrSkip(t, 'registry')) return;
  const ours = await startRegistry(t);
  const tokenFor = (): string => ours.token;
  const operator = { credentials: { tokenFor, find: () => Promise.resolve({}) } };
  const theirs = await startDistribution(t);
  const from = await create(t);
  const { index } = await pushSample(from);
  for (const { host, options } of [
    { host: ours.host, options: operator },
    { host: theirs.host, options: {} },
  ]) {
    await copyGraph(from, open(t, host, options), index.descriptor, everything);
    const tree = await mustRun(oras, ['discover', '--format', 'json', `${host}/default/app:latest`]);
    type Tree = { referrers?: (Tree & { artifactType: string })[] };
    const { referrers } = JSON.parse(tree) as Tree;
    assert.equal(referrers?.[0]?.artifactType, noteType);
    assert.equal(referrers?.[0]?.referrers?.[0]?.artifactType, noteType);
    const out = await temporaryFolder(t, 'oras');
    await mustRun(oras, ['cp', '-r', `${host}/default/app:latest`, '--to-oci-layout', `${join(out, 'l')}:latest`]);
    const copied = await openLayout(join(out, 'l'));
    assert.equal((await copied.resolve('latest'))?.digest, index.descriptor.digest);
    assert.equal((await copied.referrers(index.descriptor.digest)).length, 1);
  }
});

test('signatures that others added to a tag at the destination stay, and a second copy writes nothing', async (t) => {
  const [from, to] = [await create(t), await create(t)];
  const sign = async (repository: Repository, by: string): Promise<void> => {
    const layer = describe('application/vnd.dev.cosign.simplesigning.v1+json', Buffer.from(by), { by });
    await repository.pushBlob(layer, Buffer.from(by));
    await addToSignatureTag(repository, tag, [layer], async ({ config, manifest }) => {
      await repository.pushBlob(config.descriptor, config.bytes);
      await repository.pushManifest(manifest, [tag]);
    });
  };
  const { index } = await pushIndex(from, ['one'], ['latest']);
  const tag = `${index.descriptor.digest.replace(':', '-')}.sig`;
  await sign(from, 'publisher');
  await sign(to, 'receiver');
  await copyGraph(from, to, index.descriptor, everything);
  const layers = (await readSignatureTag(to, tag))?.layers.map(({ annotations }) => annotations?.['by']);
  assert.deepEqual(layers, ['receiver', 'publisher']);
  assert.deepEqual(await copyGraph(from, to, index.descriptor, everything), { blobs: 0, bytes: 0, manifests: 0 });
});

test('without being asked for, referrers and signature tags stay behind', async (t) => {
  const from = await create(t);
  const { index } = await pushSample(from);
  const to = await create(t);
  const { manifests } = await copyGraph(from, to, index.descriptor, { tags: ['latest'] });
  assert.equal(manifests, 3);
  assert.deepEqual(await to.tags(), ['latest']);
  assert.deepEqual(await to.referrers(index.descriptor.digest), []);
});

test('what is new about something that is there comes along', async (t) => {
  const from = await create(t);
  const { index } = await pushIndex(from, ['one', 'two'], ['latest']);
  const to = await create(t);
  await copyGraph(from, to, index.descriptor, everything);
  const note = await pushReferrer(from, index.descriptor, 'written later');
  const result = await copyGraph(from, to, index.descriptor, { ...everything, tags: ['latest', 'more'] });
  assert.deepEqual(result, { blobs: 1, bytes: note.bytes.length + 'written later'.length, manifests: 1 });
  assert.equal((await to.resolve('more'))?.digest, index.descriptor.digest);
});

test('layers that their manifest says to fetch from elsewhere are not missed', async (t) => {
  const from = await create(t);
  const { descriptor } = await pushArtifact(from, 'here');
  const elsewhere = { ...describe('application/x', Buffer.from('not here')), urls: ['https://x.test/'] };
  const config = describe('text/plain', Buffer.from('here'));
  const manifest = imageManifest({ artifactType: 'application/x', config, layers: [elsewhere], subject: descriptor });
  await from.pushManifest(manifest, ['foreign']);
  const to = await create(t);
  await copyGraph(from, to, manifest.descriptor, { tags: ['foreign'] });
  assert.equal((await to.resolve('foreign'))?.digest, manifest.descriptor.digest);
});

test('a source that is not whole is named, and the destination shows nothing', async (t) => {
  const from = await create(t);
  const { index } = await pushSample(from);
  await unlink(from.blobPath(describe('', Buffer.from('two')).digest));
  const to = await create(t);
  const error = await expectError(copyGraph(from, to, index.descriptor, everything), 'NOT_FOUND');
  assert.ok(error.message.startsWith('reading blob sha256:'), error.message);
  assert.ok(error.message.includes(`from ${from.name}`), error.message);
  assert.deepEqual(await to.tags(), []);
  assert.equal(await to.resolve(index.descriptor.digest), undefined);
});

test('a destination that refuses is named', async (t) => {
  const from = await create(t);
  const { index } = await pushSample(from);
  const { host } = await startRegistry(t);
  const error = await expectError(copyGraph(from, open(t, host), index.descriptor, everything), 'UNAUTHORIZED');
  assert.match(error.message, new RegExp(`^writing .* to ${host}/default/app: ${host} refuses to `));
});

test('a failing source is told from a failing destination while bytes flow', async (t) => {
  const { host, token } = await startRegistry(t);
  const credentials = { tokenFor: () => token, find: () => Promise.resolve({}) };
  const from = await create(t);
  const { index } = await pushSample(from);
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('x');
    throw new ExportError('STORAGE_FAILED', 'the disk is broken');
  };
  const reader = recording(from, []);
  const mixed = new Proxy(reader, {
    get: (target, name: keyof Repository) => (name === 'openBlob' ? broken : target[name]),
  });
  const error = await expectError(
    copyGraph(mixed, open(t, host, { credentials }), index.descriptor, everything),
    'STORAGE_FAILED',
  );
  assert.match(error.message, /^reading blob .*: the disk is broken$/);
});

test('a cancelled copy ends, and tells how far it is until then', async (t) => {
  const from = await create(t);
  const { index } = await pushSample(from);
  const to = await create(t);
  const controller = new AbortController();
  const seen: number[] = [];
  const options = {
    ...everything,
    signal: controller.signal,
    onProgress: ({ blobs, manifests }: { blobs: number; manifests: number }): void => {
      seen.push(blobs + manifests);
      if (seen.length === 3) controller.abort();
    },
  };
  await expectError(copyGraph(from, to, index.descriptor, options), 'CANCELLED');
  assert.deepEqual(seen.slice(0, 3), [1, 2, 3]);
  assert.deepEqual(await to.tags(), []);
  await copyGraph(from, to, index.descriptor, everything);
  assert.equal((await to.tags()).length, 4);
});
