// The writer's rules: order and limits are asserted everywhere, pages are full but for the rule, the bytes depend on the
// facts alone.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ExportError, type ErrorCode } from '../../src/core/errors.ts';
import { compareFacts } from '../../src/boltdb/fact-order.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { writeBolt } from '../../src/boltdb/write-bolt.ts';
import { fileOf, MemoryFile, portions } from './memory-file.ts';
import { pagesOf } from './pages-of.ts';
import { randomOf, randomTree } from './random-tree.ts';

const v = (path: string[], key: string | Buffer, value: string | null = 'v'): BoltFact => ({ path, key, value });

describe('the bolt writer refuses', () => {
  const many = Array.from({ length: 500 }, (_, i) => v(['big'], `key-${String(i).padStart(5, '0')}`, 'x'.repeat(40)));
  const cases: { name: string; facts: BoltFact[]; message: RegExp; code?: ErrorCode }[] = [
    {
      name: 'keys that fall in a bucket small enough to be inline',
      facts: [v(['a'], 'b'), v(['a'], 'a')],
      message: /do not rise: "a" after "b" in bucket "a"$/,
    },
    {
      name: 'a repeated key in a nested inline bucket',
      facts: [v(['npm', 'left-pad'], 'CVE-1'), v(['npm', 'left-pad'], 'CVE-1')],
      message: /"CVE-1" after "CVE-1" in bucket "npm" \/ "left-pad"$/,
    },
    {
      name: 'a key that falls after its page was written',
      facts: [...many, v(['big'], 'key-00250')],
      message: /"key-00250" after "key-00499" in bucket "big"$/,
    },
    {
      name: 'a key that falls after a value with pages of its own',
      facts: [v(['a'], 'm', 'x'.repeat(10_000)), v(['a'], 'b')],
      message: /"b" after "m"/,
    },
    {
      name: 'a bucket that comes again',
      facts: [v(['a'], 'k'), v(['b'], 'k'), v(['a'], 'l')],
      message: /"a" after "b" in the root bucket$/,
    },
    {
      name: 'a bucket with the name of a key',
      facts: [v(['a'], 'x'), v(['a', 'x'], 'k')],
      message: /"x" after "x" in bucket "a"$/,
    },
    {
      name: 'a key with the name of a bucket',
      facts: [v(['a', 'x'], 'k'), v(['a'], 'x')],
      message: /"x" after "x" in bucket "a"$/,
    },
    {
      name: 'a bucket that is announced after its contents',
      facts: [v(['a', 'x'], 'k'), v(['a'], 'x', null)],
      message: /"x" after "x" in bucket "a"$/,
    },
    {
      name: 'the order of UTF-16 where it is not that of bytes',
      facts: [v(['a'], '\u{1f600}'), v(['a'], '\uff41')],
      message: /do not rise/,
    },
    { name: 'an empty key', facts: [v(['a'], '')], message: /key in bucket "a" is empty$/ },
    { name: 'an empty bucket name', facts: [v(['a', ''], 'k')], message: /key in bucket "a" is empty$/ },
    { name: 'a key of 32,769 bytes', facts: [v(['a'], 'k'.repeat(32_769))], message: /longer than 32768 bytes$/ },
    { name: 'a value in the root', facts: [v([], 'k')], message: /holds buckets only, not the key "k"$/ },
    { name: 'a lone surrogate', facts: [v(['a'], 'x\ud800')], message: /lone surrogate/ },
    {
      name: 'buckets nested more than 1,000 deep',
      facts: [
        v(
          Array.from({ length: 1_001 }, () => 'd'),
          'k',
        ),
      ],
      message: /more than 1000 bolt buckets/,
    },
    {
      name: 'a value above 2^31 - 2 bytes',
      facts: [{ path: ['a'], key: 'k', value: new Uint8Array(2 ** 31 - 1) }],
      message: /value of "k" in bucket "a" has 2147483647 bytes$/,
      code: 'INPUT_TOO_LARGE',
    },
  ];
  for (const { name, facts, message, code = 'INPUT_INVALID' } of cases) {
    test(name, async () => {
      await assert.rejects(fileOf(facts), (error) => {
        assert.ok(error instanceof ExportError);
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  test('to go on after the sink failed', async () => {
    const failing = writeBolt([[v(['a'], 'k')]], () => Promise.reject(new Error('disk full')));
    await assert.rejects(failing, /disk full/);
  });
});

describe('the bolt writer', () => {
  test('takes the longest key, and nests 1,000 deep', async () => {
    const path = Array.from({ length: 1_000 }, () => 'd');
    const { summary } = await fileOf([v(path, 'k'.repeat(32_768))]);
    assert.deepEqual(summary, { bytes: summary.bytes, pages: summary.pages, buckets: 1_000, keys: 1 });
  });

  test('makes the same bytes however the facts arrive and however slow the sink is', async () => {
    const facts = randomTree(randomOf(7), { keys: 3_000, depth: 4, largestValue: 3 << 20 });
    const [one, two] = [new MemoryFile(), new MemoryFile()];
    await writeBolt([facts], one.sink);
    async function* slowly(): AsyncGenerator<BoltFact[]> {
      for (const portion of portions(facts)) {
        await setImmediate();
        yield portion;
      }
    }
    await writeBolt(slowly(), async (position, bytes) => {
      await setImmediate();
      await two.sink(position, bytes);
      // The writer must not rely on what it gave away.
      if (bytes.length < 1 << 16) bytes.fill(0xee);
    });
    assert.ok(one.bytes.equals(two.bytes));
  });

  test('makes the same bytes out of strings, arrays and buffers, and with buckets announced or not', async () => {
    const strings = [v(['a'], 'k'), v(['a', 'é'], '\u{1f600}', 'ü'), v(['b'], 'c', null)];
    const bytes = strings.map(({ path, key, value }) => ({
      path: path.map((name) => new TextEncoder().encode(String(name))),
      key: Buffer.from(String(key)),
      value: value === null ? null : new TextEncoder().encode(String(value)),
    }));
    const announced = [v([], 'a', null), ...strings.slice(0, 1), v(['a'], 'é', null), ...strings.slice(1)];
    announced.splice(-1, 0, v([], 'b', null));
    const want = (await fileOf(strings)).bytes;
    assert.ok((await fileOf(bytes)).bytes.equals(want));
    assert.ok((await fileOf(announced)).bytes.equals(want));
  });

  test('keeps a bucket inline up to an image of 1,024 bytes, and no longer', async () => {
    // 16 bytes of header, 16 of element, one of key.
    const inline = await fileOf([v(['a'], 'k', 'x'.repeat(1024 - 33))]);
    const paged = await fileOf([v(['a'], 'k', 'x'.repeat(1024 - 32))]);
    assert.equal(inline.summary.pages, 4);
    assert.equal(paged.summary.pages, 5);
  });

  test('fills a page to its last byte', async () => {
    // Two items of 16 + 1 + 2,023 bytes and the header make 4,096.
    const full = await fileOf([v(['a'], 'k', 'x'.repeat(2_023)), v(['a'], 'l', 'x'.repeat(2_023))]);
    const over = await fileOf([v(['a'], 'k', 'x'.repeat(2_023)), v(['a'], 'l', 'x'.repeat(2_024))]);
    assert.deepEqual(
      pagesOf(full.bytes).map(({ count }) => count),
      [2, 1],
    );
    assert.deepEqual(
      pagesOf(over.bytes).map(({ count }) => count),
      [1, 1, 2, 1],
    );
  });

  test('puts two entries or more on every branch page, whatever the number of leaves and the length of keys', async () => {
    for (const keyBytes of [20, 1_300, 1_400, 32_768]) {
      for (const leaves of [2, 3, 4, 5, 6, 7, 10, 13, 28, 31, 82, 178, 179, 355]) {
        const facts = Array.from({ length: leaves }, (_, i) => {
          const key = String(i).padStart(keyBytes, '0');
          return v(['b'], key, 'x'.repeat(Math.max(0, 4_060 - keyBytes)));
        });
        const pages = pagesOf((await fileOf(facts)).bytes);
        const branches = pages.filter(({ flags }) => flags === 1);
        assert.equal(pages.filter(({ flags }) => flags === 2).length, leaves + 1);
        assert.ok(
          branches.length > 0 && branches.every(({ count }) => count >= 2),
          `${leaves} keys of ${keyBytes} bytes`,
        );
      }
    }
  });

  test('writes every byte up to the end, each page once but for what branches give away', async () => {
    const facts = randomTree(randomOf(11), { keys: 2_000, depth: 3, largestValue: 1 << 20 });
    let end = 3 * 4096;
    let rewritten = 0;
    const summary = await writeBolt(portions(facts), (position, bytes) => {
      if (position === end) end += bytes.length;
      else rewritten++;
    });
    assert.equal(end, summary.bytes);
    assert.ok(rewritten >= 1);
  });
});

describe('the order of facts', () => {
  test('is that of the names one after the other, by bytes', () => {
    const sorted = [
      v([], 'a', null),
      v(['a'], 'b'),
      v(['a', 'b!'], 'z'),
      v(['a'], 'c'),
      v(['a!'], 'a'),
      v(['\uff41'], 'k'),
      v(['\u{1f600}'], 'k'),
      v(['\u{1f600}'], Buffer.from([0xff])),
    ];
    for (const [i, a] of sorted.entries()) {
      for (const [j, b] of sorted.entries()) assert.equal(Math.sign(compareFacts(a, b)), Math.sign(i - j));
    }
  });
});
