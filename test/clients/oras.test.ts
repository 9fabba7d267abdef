// Unmodified oras as a consumer: pull, pull with a cache, cp into a layout day after day, discover.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { judge, skipWithout } from '../judges.ts';
import { findMirrorReader } from '../support/corpora.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { mustRun } from '../support/run-program.ts';
import { contentOf, layoutBlobs, layoutJson, layoutTag, shared, without, type Manifest } from './layout-folder.ts';
import { openPublisher, type Day, type Publisher } from './publisher.ts';

const title = 'org.opencontainers.image.title';
const sigstoreBundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';

describe('oras over two days', { skip: skipWithout('oras') }, () => {
  let publisher: Publisher;
  let second: Day;
  const layouts = new Map<string, { readonly path: string; readonly first: Set<string>; readonly both: Set<string> }>();
  const cache = new Map<'first' | 'both', Set<string>>();

  const scope = suiteScope();
  before(async () => {
    publisher = await openPublisher(scope);
    await publisher.publish(1);
    const firsts = new Map<string, Set<string>>();
    for (const name of ['mirror', 'json-raw']) firsts.set(name, await copyIn(name));
    cache.set('first', await pullWithCache('one'));
    second = await publisher.publish(2);
    for (const [name, first] of firsts) {
      layouts.set(name, { path: layoutOf(name), first, both: await copyIn(name) });
    }
    cache.set('both', await pullWithCache('two'));
  });

  const layoutOf = (name: string): string => join(publisher.folder, `${name}-layout`);

  async function copyIn(name: string): Promise<Set<string>> {
    const from = `${publisher.service.host}/default/${name}:latest`;
    const to = ['--to-oci-layout', `${layoutOf(name)}:latest`];
    await mustRun(judge('oras'), ['cp', '-r', from, ...to], { env: publisher.env });
    return layoutBlobs(layoutOf(name));
  }

  async function pullWithCache(out: string): Promise<Set<string>> {
    const env = { ...publisher.env, ORAS_CACHE: join(publisher.folder, 'cache') };
    const from = `${publisher.service.host}/default/mirror:latest`;
    await mustRun(judge('oras'), ['pull', from, '-o', join(publisher.folder, out)], { env });
    return layoutBlobs(env.ORAS_CACHE);
  }

  const news = (of: { first: Set<string>; both: Set<string> }): Set<string> => without(of.both, of.first);
  const mirror = () => layouts.get('mirror') ?? assert.fail();

  it('pull writes every titled file with the bytes of its digest', async () => {
    const { manifests = [] } = await layoutJson(mirror().path, second.full.digest);
    let files = 0;
    for (const { digest } of manifests) {
      const { config, layers = [] } = await layoutJson(mirror().path, digest);
      for (const blob of [config, ...layers]) {
        const name = blob?.annotations?.[title];
        if (name === undefined) continue;
        const file = await readFile(join(publisher.folder, 'two', name));
        assert.equal(`sha256:${hash('sha256', file)}`, blob?.digest, name);
        files += 1;
      }
    }
    assert.equal(files, 12, 'nine shards, README, journal, export manifest');
  });

  it('pull with a cache fetches one journal and the export manifest on the second day', async () => {
    const [first, both] = [cache.get('first'), cache.get('both')];
    assert.ok(first && both);
    const { head, content } = await contentOf(mirror().path, second.full.digest);
    const fetched = shared(without(both, first), content);
    assert.deepEqual(fetched, new Set([head.config?.digest, head.layers?.at(-1)?.digest]));
    assert.match(head.layers?.at(-1)?.annotations?.[title] ?? '', /^journals\/0001-/);
  });

  it('cp -r into the layout of yesterday brings two content blobs, besides manifests and signatures', async () => {
    const { path } = mirror();
    assert.equal(await layoutTag(path, 'latest'), second.full.digest);
    const { head, content } = await contentOf(path, second.full.digest);
    const blobs = news(mirror());
    assert.deepEqual(shared(blobs, content), new Set([head.config?.digest, head.layers?.at(-1)?.digest]));
    const others = await Promise.all([...without(blobs, content)].map((digest) => layoutJson<object>(path, digest)));
    const kinds = others.map((other) => {
      if ('subject' in other) return 'referrer';
      if ('verificationMaterial' in other) return 'sigstore bundle';
      return 'manifests' in other ? 'index' : 'head';
    });
    const wanted = ['head', 'index', 'referrer', 'referrer', 'sigstore bundle', 'sigstore bundle'];
    assert.deepEqual(kinds.sort(), wanted);
  });

  it('cp -r of json:raw brings shards of the sub-sources that changed, and two configs', async () => {
    const raw = layouts.get('json-raw') ?? assert.fail();
    const { manifests = [] } = await layoutJson(raw.path, second.raw.digest);
    const [base, head] = await Promise.all(manifests.map(({ digest }) => layoutJson(raw.path, digest)));
    const fetched = news(raw);
    const shards = (base?.layers ?? []).filter(({ digest }) => fetched.has(digest));
    const lines = gunzipSync(await readFile(sampleEvidence.day2))
      .toString()
      .trimEnd()
      .split('\n');
    const changed = new Set(lines.map((line) => `osv/osv/${(JSON.parse(line) as { source: string }).source}`));
    for (const { annotations } of shards) assert.ok(changed.has(dirname(annotations?.[title] ?? '')));
    assert.equal(new Set(shards.map(({ annotations }) => dirname(annotations?.[title] ?? ''))).size, changed.size);
    const { content } = await contentOf(raw.path, second.raw.digest);
    const rest = without(shared(fetched, content), new Set(shards.map(({ digest }) => digest)));
    assert.deepEqual(rest, new Set([base?.config?.digest, head?.config?.digest]));
  });

  it('discover shows signature and provenance of every bundle', async () => {
    const references = ['mirror:latest', 'mirror:delta', 'json-raw:latest'];
    for (const reference of references.map((name) => [`${publisher.service.host}/default/${name}`])) {
      await assertReferrers(reference);
    }
    for (const { path } of layouts.values()) await assertReferrers(['--oci-layout', `${path}:latest`]);
  });

  async function assertReferrers(reference: readonly string[]): Promise<void> {
    const args = ['discover', '--format', 'json', ...reference];
    const tree = JSON.parse(await mustRun(judge('oras'), args, { env: publisher.env })) as { referrers: Manifest[] };
    const types = tree.referrers.map(({ artifactType }) => artifactType);
    assert.deepEqual(types, [sigstoreBundle, sigstoreBundle], reference.join(' '));
  }

  it('what it copied is right in the eyes of the independent reader', async (t) => {
    const reader = findMirrorReader();
    if (!reader) return t.skip('the mirror reader is not beside the checkout, or its Python is not there');
    const said = await mustRun(reader.python, [reader.script, 'layout', mirror().path, 'latest']);
    assert.match(said, /^layout ok: 1809 records/);
  });
});
