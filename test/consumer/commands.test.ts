// The consumer's other commands: records, changes, push, extract, verify, doctor.

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { mirrorDoctor } from '../../src/consumer/doctor.ts';
import { extract } from '../../src/consumer/extract.ts';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { mirrorPush } from '../../src/consumer/push.ts';
import { mirrorChanges, mirrorRecords } from '../../src/consumer/records.ts';
import { isNotChecked } from '../../src/consumer/report.ts';
import { verify } from '../../src/consumer/verify.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { generateSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import { trustedRootJson } from '../../src/trust/trusted-root.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { MemoryRepository } from '../trust/memory-repository.ts';
import { attested, later, provenanceInput } from '../trust/signing.ts';
import { madeUp, Publisher } from './publisher.ts';
import { startSmallRegistry } from './small-registry.ts';
import { edited, openWorld } from './world.ts';

async function text(pieces: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const piece of pieces) all += piece.toString();
  return all;
}

describe('records and changes', () => {
  it('print the publisher’s whole state and its newest day, from a folder and from a registry', async (t) => {
    const { publisher, registry, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(900));
    await publisher.publish([...madeUp(5, 100)].map(({ c, k }) => ({ c, k })));
    await publisher.publish(edited(2, 'three'));
    await pull();
    const changed = edited(2, 'three').map(({ c, k, v }) => canonicalJson({ c, k, op: 'put', v: v ?? null }));
    for (const source of [dir, `${registry.name}:latest`]) {
      assert.equal(await text(mirrorRecords(source, {})), publisher.records());
      const lines = (await text(mirrorChanges(source, {}))).trimEnd().split('\n');
      assert.deepEqual(lines.sort(), changed.sort());
    }
  });

  it('refuse what is no bundle and what is not there', async (t) => {
    const { publisher, registry } = await openWorld(t);
    await publisher.publish(madeUp(3));
    await assert.rejects(text(mirrorRecords(`${registry.name}:delta`, {})), { code: 'INPUT_INVALID' });
    await assert.rejects(text(mirrorRecords(`${registry.name}:none`, {})), { code: 'NOT_FOUND' });
    await assert.rejects(text(mirrorRecords(await temporaryFolder(t), {})), { code: 'NOT_FOUND' });
    await assert.rejects(text(mirrorRecords(`${registry.name}:latest`, { offline: true })), { code: 'OFFLINE' });
  });
});

describe('mirror push', () => {
  it('brings both states with everything that vouches for them to another registry', async (t) => {
    const { publisher, dir, pull, key } = await openWorld(t);
    await publisher.publish(madeUp(200), { created: '2026-07-15T00:00:00Z' });
    await pull({ signatureOnly: false });
    const next = await publisher.publish(edited(3, 'two'), { created: '2026-07-16T00:00:00Z' });
    await pull({ signatureOnly: false });
    const { host, token } = await startRegistry(t);
    const result = await mirrorPush(dir, `${host}/default/copy`, { token });
    assert.equal(result.digest, next.index.descriptor.digest);
    assert.equal(result.tags.length, 3);
    assert.equal(result.tags.at(-1), 'latest');
    const far = join(await temporaryFolder(t, 'far'), 'mirror');
    const pulled = await mirrorPull({ reference: `${host}/default/copy`, dir: far, key });
    assert.deepEqual(pulled.verified, ['digests', 'journals', 'set-root', 'signature', 'provenance']);
    const layout = await openLayout(far);
    for (const suffix of ['sig', 'att']) {
      assert.ok(await layout.resolve(`${pulled.digest.replace(':', '-')}.${suffix}`));
    }
    assert.equal((await mirrorPush(dir, `${host}/default/copy`, { token })).bytesPushed, 0);
    await assert.rejects(mirrorPush(dir, `${host}/default/copy:latest`, { token }), { code: 'USAGE' });
  });

  it('sends the token to its own origin alone', async (t) => {
    const { publisher, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(20));
    await pull();
    const { host, token } = await startRegistry(t);
    const elsewhere = { token, server: 'https://exports.example' };
    await assert.rejects(mirrorPush(dir, `${host}/default/copy`, elsewhere), { code: 'UNAUTHORIZED' });
  });
});

describe('extract', () => {
  it('gives the very bytes of json:raw and the canonical form of a mirror', async (t) => {
    const { publisher, registry } = await openWorld(t);
    const documents = [
      { c: 'osv/osv/go', k: '2026/a.json', text: '{ "id": "ä\\u0001",\r\n  "n": 1.0 }\n' },
      { c: 'osv/osv/go', k: 'b\u001fc.json', text: '{"id":"B"}' },
    ];
    await publisher.publishRaw(documents, 'raw');
    const out = join(await temporaryFolder(t), 'out');
    const result = await extract(`${registry.name}:raw`, out, {});
    assert.equal(result.documents, 2);
    for (const { c, k, text } of documents) assert.equal(await readFile(join(out, c, k), 'utf8'), text);
    assert.deepEqual(await readdir(out), ['osv']);
  });

  it('writes mirrors canonically, again and again over what is there', async (t) => {
    const { publisher, registry } = await openWorld(t);
    await publisher.publish([{ c: 'osv/osv/go', k: 'a.json', v: { z: 1, a: [7] } }]);
    const out = join(await temporaryFolder(t), 'out');
    for (let round = 0; round < 2; round++) {
      await extract(`${registry.name}:latest`, out, {});
      assert.equal(await readFile(join(out, 'osv/osv/go/a.json'), 'utf8'), '{"a":[7],"z":1}');
    }
  });

  for (const k of ['../../../evil.json', '/etc/evil.json', 'a//b.json', './a.json', 'a/../b.json', 'a/', '..']) {
    it(`refuses the key ${k} and writes nothing`, async (t) => {
      const { publisher, registry } = await openWorld(t);
      const v = { id: 'evil' };
      await publisher.publish([
        { c: 'osv/osv/aaa', k: 'good.json', v },
        { c: 'osv/osv/go', k, v },
      ]);
      const folder = await temporaryFolder(t);
      await assert.rejects(extract(`${registry.name}:latest`, join(folder, 'out'), {}), { code: 'INPUT_INVALID' });
      assert.deepEqual(await readdir(join(folder, 'out')), []);
      assert.deepEqual(await readdir(folder), ['out']);
    });
  }

  it('refuses a collection that leads elsewhere', async (t) => {
    const { publisher, registry } = await openWorld(t);
    await publisher.publish([{ c: '../osv', k: 'a.json', v: {} }]);
    await assert.rejects(extract(`${registry.name}:latest`, await temporaryFolder(t), {}), { code: 'INPUT_INVALID' });
  });

  it('does not follow links out of the folder', async (t) => {
    const { publisher, registry } = await openWorld(t);
    await publisher.publish([{ c: 'osv/osv/go', k: 'a/b.json', v: {} }]);
    const folder = await temporaryFolder(t);
    const [out, outside] = [join(folder, 'out'), join(folder, 'outside')];
    await mkdir(join(out, 'osv/osv/go'), { recursive: true });
    await mkdir(outside);
    await symlink(outside, join(out, 'osv/osv/go/a'));
    await assert.rejects(extract(`${registry.name}:latest`, out, {}), { code: 'CONFLICT' });
    assert.deepEqual(await readdir(outside), []);
    // A link in the place of the file itself is replaced, not followed.
    await rm(join(out, 'osv/osv/go/a'));
    await mkdir(join(out, 'osv/osv/go/a'));
    await writeFile(join(outside, 'kept'), 'kept');
    await symlink(join(outside, 'kept'), join(out, 'osv/osv/go/a/b.json'));
    await extract(`${registry.name}:latest`, out, {});
    assert.equal(await readFile(join(outside, 'kept'), 'utf8'), 'kept');
    assert.equal(await readFile(join(out, 'osv/osv/go/a/b.json'), 'utf8'), '{}');
  });
});

describe('verify', () => {
  it('reports what it looked at, and nothing as good that it did not', async (t) => {
    const { publisher, registry, dir, pull, key } = await openWorld(t);
    await publisher.publish(madeUp(200));
    await publisher.publish(edited(3, 'two'));
    await pull({ signatureOnly: false });
    const names = ['reference', 'tuf', 'signature', 'log', 'provenance', 'manifests', 'blobs', 'journals', 'set-root'];
    for (const source of [dir, `${registry.name}:latest`]) {
      const signed = await verify(source, { key });
      assert.deepEqual(
        signed.checks.map(({ name, ok }) => [name, ok]),
        names.map((name) => [name, name !== 'log' && name !== 'tuf']),
      );
      assert.equal(signed.ok, true);
      const keyless = await verify(source, {});
      assert.equal(keyless.ok, true);
      assert.deepEqual(
        keyless.checks.filter(isNotChecked).map(({ name }) => name),
        ['tuf', 'signature', 'log', 'provenance'],
      );
    }
    const stranger = signerOf(generateSigningKey()).publicKeyPem;
    const refused = await verify(dir, { key: stranger });
    assert.equal(refused.ok, false);
    assert.deepEqual(refused.failed, ['signature', 'provenance']);
  });

  it('wants as many keys to vouch as it is told, and all of them otherwise', async (t) => {
    const { publisher, repository, registry, key } = await openWorld(t);
    const { index, config } = await publisher.publish(madeUp(20));
    const second = signerOf(generateSigningKey());
    const provenance = later({ ...provenanceInput, exportManifest: config.descriptor.digest });
    await attested(repository, index.descriptor, second, { provenance });
    const stranger = signerOf(generateSigningKey()).publicKeyPem;
    const source = `${registry.name}:latest`;
    const failed = async (keys: string[], threshold?: number): Promise<readonly string[]> =>
      (await verify(source, { key: keys, ...(threshold === undefined ? {} : { threshold }) })).failed;
    assert.deepEqual(await failed([key, second.publicKeyPem]), []);
    assert.deepEqual(await failed([key, second.publicKeyPem, stranger]), ['signature', 'provenance']);
    assert.deepEqual(await failed([key, second.publicKeyPem, stranger], 2), []);
    assert.deepEqual(await failed([key, second.publicKeyPem, stranger], 3), ['signature', 'provenance']);
    // One key that is named twice is one key.
    await assert.rejects(failed([key, key], 2), { code: 'USAGE' });
    await assert.rejects(failed([key], 0), { code: 'USAGE' });
  });

  it('fails where a log is asked for that cannot be looked into', async (t) => {
    const { publisher, registry, key } = await openWorld(t);
    await publisher.publish(madeUp(20));
    const trustedRoot = Buffer.from(trustedRootJson());
    const report = await verify(`${registry.name}:latest`, { key, trustedRoot });
    assert.deepEqual(report.failed, ['log']);
    const log = report.checks.find(({ name }) => name === 'log');
    assert.match(log?.ok === false ? log.reason : '', /carries no entry of a transparency log/);
    assert.deepEqual((await verify(`${registry.name}:latest`, { trustedRoot })).failed, ['log']);
  });

  it('notices provenance that is about another export manifest', async (t) => {
    const repository = new MemoryRepository();
    const registry = await startSmallRegistry(t, repository);
    const { index } = await new Publisher(t, repository).publish(madeUp(20));
    const { signer } = await attested(repository, index.descriptor);
    const { failed } = await verify(`${registry.name}:latest`, { key: signer.publicKeyPem });
    assert.deepEqual(failed, ['manifests']);
  });

  it('accepts a folder that was pulled with the signature alone, and says so', async (t) => {
    const { publisher, dir, pull, key } = await openWorld(t);
    await publisher.publish(madeUp(20));
    await pull();
    const { ok, checks } = await verify(dir, { key });
    assert.equal(ok, true);
    assert.deepEqual(
      checks.filter(isNotChecked).map(({ name }) => name),
      ['tuf', 'log', 'provenance'],
    );
    assert.equal(checks.find(({ name }) => name === 'signature')?.ok, true);
  });

  it('names the damage', async (t) => {
    const { publisher, dir, pull, key } = await openWorld(t);
    const bundle = await publisher.publish(madeUp(200));
    await pull({ signatureOnly: false });
    const layout = await openLayout(dir);
    const shard = bundle.bases[0]?.shards[0]?.layer ?? assert.fail();
    await writeFile(layout.blobPath(shard.digest), Buffer.alloc(shard.size));
    const { ok, checks } = await verify(dir, { key });
    assert.equal(ok, false);
    const failed = checks.find(({ name }) => name === 'blobs') ?? assert.fail();
    assert.ok(!failed.ok && failed.reason.includes(shard.digest));
    const root = checks.find(({ name }) => name === 'set-root') ?? assert.fail();
    assert.ok(isNotChecked(root));
    await rm(layout.blobPath(bundle.head.descriptor.digest));
    assert.equal((await verify(dir, { key })).checks.find(({ name }) => name === 'manifests')?.ok, false);
  });

  it('names a damaged index, with a key and without, and still refuses what is no key', async (t) => {
    const { publisher, dir, pull, key } = await openWorld(t);
    const { descriptor } = (await publisher.publish(madeUp(20))).index;
    await pull({ signatureOnly: false });
    await writeFile((await openLayout(dir)).blobPath(descriptor.digest), Buffer.alloc(descriptor.size));
    for (const options of [{}, { key }]) {
      const { ok, checks } = await verify(dir, options);
      const failing = checks.filter((check) => !check.ok && !isNotChecked(check));
      const names = failing.map(({ name }) => name);
      assert.equal(ok, false);
      assert.deepEqual(names, 'key' in options ? ['signature', 'provenance', 'manifests'] : ['manifests']);
    }
    await assert.rejects(verify(dir, { key: 'no key' }), { code: 'INPUT_INVALID' });
  });
});

describe('mirror doctor', () => {
  it('finds nothing in a sound folder', async (t) => {
    const { publisher, dir, pull } = await openWorld(t);
    await publisher.publish(madeUp(100));
    await pull();
    const { ok, checked, damaged } = await mirrorDoctor(dir, {});
    assert.ok(ok && checked > 5);
    assert.deepEqual(damaged, []);
  });

  it('repairs damaged and missing blobs, manifests and the index itself', async (t) => {
    const { publisher, dir, pull, key } = await openWorld(t);
    const bundle = await publisher.publish(madeUp(400));
    await pull({ signatureOnly: false });
    const layout = await openLayout(dir);
    const shard = bundle.bases[0]?.shards[0]?.layer ?? assert.fail();
    const { digest: head } = bundle.head.descriptor;
    await writeFile(layout.blobPath(shard.digest), Buffer.alloc(shard.size));
    await writeFile(layout.blobPath(head), 'short');
    await rm(layout.blobPath(bundle.readme.descriptor.digest));
    const found = await mirrorDoctor(dir, {});
    assert.deepEqual(
      found.damaged.map(({ digest, repaired }) => `${digest} ${repaired}`).sort(),
      [shard.digest, head, bundle.readme.descriptor.digest].map((digest) => `${digest} true`).sort(),
    );
    assert.ok((await verify(dir, { key })).ok);
    await writeFile(join(dir, 'index.json'), '{');
    const rebuilt = await mirrorDoctor(dir, {});
    assert.deepEqual(
      rebuilt.damaged.map(({ digest }) => digest),
      ['index.json'],
    );
    assert.ok((await verify(dir, { key })).ok);
  });

  it('says what it cannot repair', async (t) => {
    const { publisher, dir, pull } = await openWorld(t);
    const bundle = await publisher.publish(madeUp(100));
    await pull();
    const layout = await openLayout(dir);
    const shard = bundle.bases[0]?.shards[0]?.layer ?? assert.fail();
    await writeFile(layout.blobPath(shard.digest), Buffer.alloc(shard.size));
    const { ok, damaged } = await mirrorDoctor(dir, { offline: true });
    assert.equal(ok, false);
    assert.deepEqual(
      damaged.map(({ digest, repaired }) => [digest, repaired]),
      [[shard.digest, false]],
    );
  });
});
