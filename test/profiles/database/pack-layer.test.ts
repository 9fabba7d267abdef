// The layer of a database: tar and gzip that anybody can make again.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzipSync } from 'fflate';
import { metadataJson } from '../../../src/profiles/database/metadata.ts';
import { packLayer } from '../../../src/profiles/database/pack-layer.ts';
import { tarOf } from '../../../src/profiles/database/tar.ts';
import { gzipMember } from '../../../src/shard/gzip.ts';
import { EncoderPool } from '../../../src/shard/encoder-pool.ts';
import { mustRun } from '../../support/run-program.ts';
import { atEnd } from '../../support/scope.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const member = 1_048_576;

/** Bytes that compress a little, the same on every machine. */
function sample(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    bytes[at] = at % 3 === 0 ? state >> 16 : 97 + (at % 7);
  }
  return bytes;
}

test('a member is what fflate alone makes of it, whatever its length', () => {
  for (const length of [0, 1, 1_023, 65_537, member]) {
    const raw = new Uint8Array(sample(length));
    assert.deepEqual(Buffer.from(gzipMember(raw)), Buffer.from(gzipSync(raw, { level: 6, mtime: 0 })));
  }
});

test('the layer is tar in members of 1 MiB, with the sum that it is given', async (t) => {
  const folder = await temporaryFolder(t, 'pack');
  const encoders = new EncoderPool();
  atEnd(t, () => encoders.close());
  const [path, to] = [join(folder, 'database'), join(folder, 'layer')];
  const bytes = sample(2 * member + 4_096);
  await writeFile(path, bytes);
  const metadata = metadataJson(2, { updatedAt: '2026-07-01T00:00:00Z', nextUpdate: '2026-07-02T00:00:00Z' });
  const packed = await packLayer({ name: 'trivy.db', path, metadata }, { to, encoders });
  const layer = await readFile(to);
  assert.equal(packed.digest, `sha256:${createHash('sha256').update(layer).digest('hex')}`);
  assert.equal(packed.size, layer.length);
  const tar = gunzipSync(layer);
  const members = [0, member, 2 * member].map((at) =>
    gzipSync(new Uint8Array(tar.subarray(at, at + member)), { level: 6, mtime: 0 }),
  );
  assert.deepEqual(layer, Buffer.concat(members));
  await writeFile(join(folder, 'layer.tar'), tar);
  const listing = await mustRun('tar', ['-tvf', join(folder, 'layer.tar'), '--numeric-owner', '--full-time'], {
    env: { TZ: 'UTC' },
  });
  assert.equal(
    listing,
    `-rw-r--r-- 0/0         ${bytes.length} 1970-01-01 00:00:00 trivy.db\n-rw-r--r-- 0/0             ${metadata.length} 1970-01-01 00:00:00 metadata.json\n`,
  );
  assert.deepEqual(tar.subarray(512, 512 + bytes.length), bytes);
});

test('a file that changes while it is packed is an error', async () => {
  const tar = tarOf([{ name: 'a', size: 3, read: () => [Buffer.from('four')] }]);
  await assert.rejects(
    async () => {
      for await (const _ of tar);
    },
    { code: 'INTERNAL' },
  );
});

test('metadata.json has the members and the spelling of upstream, and nobody has downloaded it', () => {
  assert.equal(
    metadataJson(1, { updatedAt: '2026-07-01T00:00:00Z', nextUpdate: '2026-07-04T00:00:00Z' }),
    '{"Version":1,"NextUpdate":"2026-07-04T00:00:00Z","UpdatedAt":"2026-07-01T00:00:00Z","DownloadedAt":"0001-01-01T00:00:00Z"}\n',
  );
});
