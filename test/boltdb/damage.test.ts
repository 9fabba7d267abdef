// Damaged and hostile files: always an ExportError that says what is wrong, never a hang, a crash or memory without bound.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExportError, type ErrorCode } from '../../src/core/errors.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { openBolt } from '../../src/boltdb/open-bolt.ts';
import { factsOf, fileOf, openBytes } from './memory-file.ts';
import { surviveMutations } from './mutations.ts';
import { randomOf, randomTree } from './random-tree.ts';
import { branchPage, bucketAt, leafPage, rawFile, seal, type RawElement } from './raw-page.ts';

const value = Buffer.from('v');
const facts = (bucket: string, count: number): BoltFact[] =>
  Array.from({ length: count }, (_, i) => ({
    path: [bucket],
    key: String(i).padStart(6, '0'),
    value: 'x'.repeat(100),
  }));

function refused(error: unknown, message: RegExp, code: ErrorCode = 'VERIFICATION_FAILED'): true {
  assert.ok(error instanceof ExportError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
}

/** A file with the bucket `b`, whose root is page 4. */
const withBucket = (...pages: Buffer[]): Buffer =>
  rawFile(3, [leafPage(3, [{ key: 'b', value: bucketAt(4), isBucket: true }]), ...pages]);

function edited(page: Buffer, edit: (page: Buffer) => void): Buffer {
  edit(page);
  return page;
}

const plain: RawElement[] = ['k', 'l', 'm'].map((key) => ({ key, value }));

describe('a tree put together by hand', () => {
  test('is read when nothing is wrong with it', async () => {
    const found = await factsOf(withBucket(leafPage(4, plain)));
    assert.deepEqual(
      found.map(({ path, key }) => `${path.join('/')}/${String(key)}`),
      ['b/k', 'b/l', 'b/m'],
    );
    const children = [
      { key: 'a', page: 5 },
      { key: 'l', page: 6 },
    ];
    const two = await factsOf(
      withBucket(branchPage(4, children), leafPage(5, plain.slice(0, 1)), leafPage(6, plain.slice(1))),
    );
    assert.equal(two.length, 3);
  });

  const inlineImage = (elements: RawElement[], edit: (image: Buffer) => void = () => undefined): Buffer => {
    const image = leafPage(0, elements);
    edit(image);
    const used = 16 + elements.reduce((sum, { key, value: v }) => sum + 16 + key.length + v.length, 0);
    const root = leafPage(3, [
      { key: 'b', value: Buffer.concat([Buffer.alloc(16), image.subarray(0, used)]), isBucket: true },
    ]);
    return rawFile(3, [root]);
  };

  const cases: { name: string; bytes: Buffer; message: RegExp }[] = [
    {
      name: 'a branch that is its own child',
      bytes: withBucket(branchPage(4, [{ key: 'a', page: 4 }])),
      message: /page 4 is in two places/,
    },
    {
      name: 'two children on one page',
      bytes: withBucket(
        branchPage(4, [
          { key: 'k', page: 5 },
          { key: 'x', page: 5 },
        ]),
        leafPage(5, plain),
      ),
      message: /page 5 /,
    },
    {
      name: 'two buckets on one page',
      bytes: rawFile(3, [
        leafPage(
          3,
          ['b', 'c'].map((key) => ({ key, value: bucketAt(4), isBucket: true })),
        ),
        leafPage(4, plain),
      ]),
      message: /page 4 is in two places/,
    },
    {
      name: 'a bucket that holds itself',
      bytes: withBucket(leafPage(4, [{ key: 'b', value: bucketAt(4), isBucket: true }])),
      message: /page 4 is in two places/,
    },
    { name: 'a branch without children', bytes: withBucket(branchPage(4, [])), message: /branch without children/ },
    {
      name: 'a page outside of the file',
      bytes: withBucket(branchPage(4, [{ key: 'a', page: 99 }])),
      message: /refers to page 99 of 5/,
    },
    {
      name: 'a meta page as a child',
      bytes: withBucket(branchPage(4, [{ key: 'a', page: 1 }])),
      message: /refers to page 1 of 5/,
    },
    {
      name: 'the freelist as a child',
      bytes: withBucket(branchPage(4, [{ key: 'a', page: 2 }])),
      message: /page 2 is neither/,
    },
    {
      name: 'a page with another number',
      bytes: withBucket(leafPage(5, plain)),
      message: /page 4 says that it is page 5/,
    },
    {
      name: 'a page that goes on past the end',
      bytes: withBucket(edited(leafPage(4, plain), (page) => void page.writeUInt32LE(0xffff_ffff, 12))),
      message: /page 4 goes on past the end/,
    },
    {
      name: 'more elements than there is room for',
      bytes: withBucket(edited(leafPage(4, plain), (page) => void page.writeUInt16LE(0xffff, 10))),
      message: /no room for 65535 elements/,
    },
    {
      name: 'an element that ends outside of its page',
      bytes: withBucket(edited(leafPage(4, plain), (page) => void page.writeUInt32LE(0x7fff_fff0, 16 + 32 + 12))),
      message: /element 2 of page 4 ends outside/,
    },
    {
      name: 'a key that begins in the table of elements',
      bytes: withBucket(edited(leafPage(4, plain), (page) => void page.writeUInt32LE(40, 16 + 4))),
      message: /element 0 of page 4 lies over/,
    },
    {
      name: 'elements that share their bytes',
      bytes: withBucket(edited(leafPage(4, plain), (page) => void page.writeUInt32LE(32, 16 + 16 + 4))),
      message: /element 1 of page 4 lies over/,
    },
    {
      name: 'an empty key',
      bytes: withBucket(edited(leafPage(4, plain), (page) => void page.writeUInt32LE(0, 16 + 8))),
      message: /a key of 0 bytes/,
    },
    { name: 'keys that fall', bytes: withBucket(leafPage(4, plain.toReversed())), message: /key "l" after "m"/ },
    {
      name: 'a repeated key',
      bytes: withBucket(leafPage(4, [...plain, ...plain.slice(2)])),
      message: /key "m" after "m"/,
    },
    {
      name: 'a leaf with keys below its key in the parent',
      bytes: withBucket(branchPage(4, [{ key: 'l', page: 5 }]), leafPage(5, plain)),
      message: /page 5 has keys below/,
    },
    {
      name: 'a leaf with keys of the next one',
      bytes: withBucket(
        branchPage(4, [
          { key: 'k', page: 5 },
          { key: 'm', page: 6 },
        ]),
        leafPage(5, plain),
        leafPage(6, plain.slice(2)),
      ),
      message: /page 5 has keys of the page after it/,
    },
    {
      name: 'a bucket without a header',
      bytes: withBucket(leafPage(4, [{ key: 'x', value, isBucket: true }])),
      message: /bucket without a header/,
    },
    {
      name: 'a bucket with more than its page number',
      bytes: rawFile(3, [
        leafPage(3, [{ key: 'b', value: Buffer.concat([bucketAt(4), value]), isBucket: true }]),
        leafPage(4, plain),
      ]),
      message: /1[67] bytes beside its page number/,
    },
    {
      name: 'keys that fall inside an inline bucket, which bbolt check does not see',
      bytes: inlineImage(plain.toReversed()),
      message: /the bucket "b" has the key "l" after "m"/,
    },
    {
      name: 'a bucket inside an inline bucket',
      bytes: inlineImage([{ key: 'x', value: bucketAt(3), isBucket: true }]),
      message: /a bucket in an inline bucket/,
    },
    {
      name: 'an inline branch',
      bytes: inlineImage(plain, (image) => void image.writeUInt16LE(1, 8)),
      message: /no inline leaf/,
    },
    {
      name: 'a key in the root that is no bucket',
      bytes: rawFile(3, [leafPage(3, plain)]),
      message: /root has the key "k"/,
    },
    {
      name: 'a tree of single branches without end',
      bytes: withBucket(
        ...Array.from({ length: 100 }, (_, i) => branchPage(4 + i, [{ key: 'a', page: 5 + i }])),
        leafPage(104, plain),
      ),
      message: /more than 64 levels down/,
    },
    {
      name: 'buckets nested deeper than the limit',
      bytes: withBucket(
        ...Array.from({ length: 1_100 }, (_, i) =>
          leafPage(4 + i, [{ key: 'b', value: bucketAt(5 + i), isBucket: true }]),
        ),
        leafPage(1_104, plain),
      ),
      message: /more than 1000 buckets/,
    },
    {
      name: 'forty levels of which each names the next one twice',
      bytes: withBucket(
        ...Array.from({ length: 40 }, (_, i) =>
          leafPage(
            4 + i,
            ['b', 'c'].map((key) => ({ key, value: bucketAt(5 + i), isBucket: true })),
          ),
        ),
        leafPage(44, plain),
      ),
      message: /page \d+ is in two places/,
    },
  ];
  for (const { name, bytes, message } of cases) {
    test(`is refused with ${name}`, async () => {
      await assert.rejects(factsOf(bytes), (error) => refused(error, message));
    });
  }

  test('is refused on the way to a key as well', async () => {
    const loop = await openBytes(withBucket(branchPage(4, [{ key: 'a', page: 4 }])));
    await assert.rejects(loop.get(['b'], 'k'), (error) => refused(error, /more than 64 levels/));
    const unsorted = await openBytes(inlineImage(plain.toReversed()));
    await assert.rejects(unsorted.get(['b'], 'k'), (error) => refused(error, /"l" after "m"/));
  });
});

describe('a file', () => {
  test('that is none is refused', async () => {
    const noise = randomOf(5);
    const strangers = [
      Buffer.alloc(0),
      Buffer.from('test'),
      Buffer.alloc(100_000),
      Buffer.from('SQLite format 3\0'.repeat(1_000)),
      Buffer.from(Array.from({ length: 20_000 }, () => noise(256))),
    ];
    for (const bytes of strangers) await assert.rejects(openBytes(bytes), (error) => refused(error, /not a bolt file/));
  });

  test('that is cut short is refused, wherever the cut is', async () => {
    const { bytes } = await fileOf(facts('b', 300));
    for (let length = 0; length < bytes.length; length += 1_013) {
      await assert.rejects(openBytes(bytes.subarray(0, length)), (error) =>
        refused(error, /not a bolt file|ends early/),
      );
    }
    await assert.rejects(openBytes(bytes.subarray(0, -1)), (error) => refused(error, /ends early/));
  });

  test('that shrinks while it is read is refused', async () => {
    const { bytes } = await fileOf(facts('b', 3_000));
    const reader = await openBolt(
      (at, length) => Promise.resolve(bytes.subarray(at, Math.min(at + length, 90_000))),
      bytes.length,
    );
    await assert.rejects(reader.get(['b'], '000000'), (error) => refused(error, /ends early/));
  });

  test('whose metas are sealed but lie is refused', async () => {
    const { bytes } = await fileOf(facts('b', 10));
    const lies: { at: number; value: bigint; message: RegExp }[] = [
      { at: 32, value: 0n, message: /root is outside/ },
      { at: 32, value: 99n, message: /root is outside/ },
      { at: 32, value: 2n ** 64n - 1n, message: /root is outside/ },
      { at: 32, value: 2n, message: /page 2 is neither/ },
      { at: 56, value: 2n ** 40n, message: /ends early/ },
      { at: 56, value: 2n ** 64n - 1n, message: /ends early/ },
      { at: 24, value: 0n, message: /not a bolt file/ },
      { at: 24, value: 4095n, message: /not a bolt file/ },
      { at: 24, value: 2n ** 31n, message: /not a bolt file/ },
    ];
    for (const { at, value: lie, message } of lies) {
      const copy = Buffer.from(bytes);
      for (const page of [0, 4096]) copy.writeBigUInt64LE(lie, page + at);
      seal(copy);
      await assert.rejects(factsOf(copy), (error) => refused(error, message));
    }
  });

  test('with a value above the limit of the reader is refused, and so is it when it is asked for', async () => {
    const { bytes } = await fileOf([{ path: ['b'], key: 'k', value: 'x'.repeat(3_000_000) }, ...facts('c', 3)]);
    const reader = await openBytes(bytes, { largestValue: 2_999_999 });
    await assert.rejects(reader.get(['b'], 'k'), (error) => refused(error, /"k" has 3000000 bytes/, 'INPUT_TOO_LARGE'));
    assert.equal((await reader.get(['c'], '000001'))?.length, 100);
  });

  test('without the bucket that is asked for says so', async () => {
    const { bytes } = await fileOf(facts('b', 3));
    const reader = await openBytes(bytes);
    for (const path of [['x'], ['b', 'x'], ['b', '000001']]) {
      await assert.rejects(reader.facts(path).next(), (error) => refused(error, /has no bucket "/, 'NOT_FOUND'));
      assert.equal(await reader.get(path, 'k'), undefined);
      assert.equal(await reader.hasBucket(path), false);
    }
  });

  test('passes an error of the disk on and can be read again after it', async () => {
    const { bytes } = await fileOf(facts('b', 3_000));
    let isFailing = false;
    const reader = await openBolt((at, length) => {
      return isFailing ? Promise.reject(new Error('EIO')) : Promise.resolve(bytes.subarray(at, at + length));
    }, bytes.length);
    isFailing = true;
    await assert.rejects(reader.get(['b'], '000001'), /EIO/);
    isFailing = false;
    assert.equal((await reader.get(['b'], '000001'))?.length, 100);
  });
});

describe('damage at random', () => {
  test('never ends in anything but an answer or an ExportError', async () => {
    const random = randomOf(2_026);
    const files = [
      await fileOf(randomTree(randomOf(1), { keys: 120, depth: 4, largestValue: 20_000 })),
      await fileOf([...facts('b', 900), { path: ['c'], key: 'large', value: 'x'.repeat(2 << 20) }]),
    ];
    for (const { bytes } of files) {
      const { refused: count, walked } = await surviveMutations(bytes, random, bytes.length > 1 << 20 ? 200 : 1_500);
      assert.ok(count > 0 && walked > 0);
    }
  });
});
