// The writer against reference files of the same policy that another program made (SHA-256 each), and against bytes that
// were worked out by hand from the format.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { fnv1a64 } from '../../src/boltdb/meta.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { fileOf } from './memory-file.ts';

type Vector = { name: string; facts: BoltFact[]; pages: number; root: number; sha256: string };

const advisory = '{"PatchedVersions":["1.2.3"],"VulnerableVersions":["<1.2.3"]}';

const vectors: Vector[] = [
  {
    name: 'an empty root, which is the very file that bbolt makes',
    facts: [],
    pages: 4,
    root: 3,
    sha256: 'f80ea184425737cdc7de57b1c8d4797e8a57ccee797991395e3800cd4ed0ac1e',
  },
  {
    name: 'one inline bucket with one key',
    facts: [{ path: ['a'], key: 'k', value: 'v' }],
    pages: 4,
    root: 3,
    sha256: '58fdecbb2370306d524749214c0883501a23fe6e32701c051a8489f22580eba1',
  },
  {
    name: 'a small tree as Trivy reads it, with a nested bucket',
    facts: [
      { path: ['data-source'], key: 'npm::X', value: '{"ID":"x","Name":"X"}' },
      { path: ['npm::X', 'left-pad'], key: 'CVE-2026-0001', value: advisory },
      { path: ['vulnerability'], key: 'CVE-2026-0001', value: '{"Title":"t","Severity":"HIGH"}' },
    ],
    pages: 5,
    root: 4,
    sha256: 'a94e594e30cfeef87b817f63667c10d06fdde40f4358ab11906220c9e9e2af9b',
  },
  {
    name: 'ten thousand keys, with branch pages on two levels',
    facts: Array.from({ length: 10_000 }, (_, i) => ({
      path: ['b'],
      key: `k${String(i).padStart(6, '0')}`,
      value: 'v'.repeat(i % 200),
    })),
    pages: 313,
    root: 312,
    sha256: '9a450c3179e7087ff586f7ac5f6bc3ac3480ac53b1738f390ca96333ebcbb6a2',
  },
  {
    name: 'values on overflow pages',
    facts: [
      { path: ['b'], key: 'a', value: 'x'.repeat(5_000) },
      { path: ['b'], key: 'b', value: 'y' },
      { path: ['b'], key: 'c', value: 'z'.repeat(100_000) },
    ],
    pages: 33,
    root: 32,
    sha256: '7d5835d028d2c0e264ffa6d8ff9fbcb6e706559ab97a2949f6d4f94413a55288',
  },
];

describe('the bolt writer makes the reference files', () => {
  for (const { name, facts, pages, root, sha256 } of vectors) {
    test(name, async () => {
      const { bytes, summary } = await fileOf(facts);
      assert.equal(summary.pages, pages);
      assert.equal(summary.bytes, bytes.length);
      assert.equal(bytes.length, pages * 4096);
      assert.equal(bytes.readBigUInt64LE(32), BigInt(root));
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
    });
  }
});

describe('the bytes of a file', () => {
  test('the leaf that holds an inline bucket is as the format says', async () => {
    const { bytes } = await fileOf([{ path: ['a'], key: 'k', value: 'v' }]);
    const header = '0300000000000000 0200 0100 00000000';
    const element = '01000000 10000000 01000000 32000000';
    const inlined = `61 ${'00'.repeat(16)} 0000000000000000 0200 0100 00000000 00000000 10000000 01000000 01000000 6b76`;
    const want = Buffer.from(`${header}${element}${inlined}`.replaceAll(' ', ''), 'hex');
    assert.deepEqual(bytes.subarray(0x3000, 0x3000 + want.length), want);
    assert.ok(bytes.subarray(0x3000 + want.length).every((byte) => byte === 0));
  });

  test('the checksums of the meta pages are the known ones', async () => {
    const { bytes } = await fileOf([{ path: ['a'], key: 'k', value: 'v' }]);
    assert.equal(bytes.subarray(72, 80).toString('hex'), 'eefd8946116e5107');
    assert.equal(bytes.subarray(4096 + 72, 4096 + 80).toString('hex'), '0f4879511a354c26');
  });

  test('FNV-1a gives its published values', () => {
    assert.equal(fnv1a64(Buffer.from('')), 0xcbf29ce484222325n);
    assert.equal(fnv1a64(Buffer.from('a')), 0xaf63dc4c8601ec8cn);
    assert.equal(fnv1a64(Buffer.from('foobar')), 0x85944171f73967e8n);
  });
});
