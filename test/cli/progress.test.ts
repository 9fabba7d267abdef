// Progress as people see it: one rewritten line on a terminal, few lines elsewhere.

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { formatBytes, formatCount, formatDuration, formatTable } from '../../src/cli/format.ts';
import { progressView, type Step } from '../../src/cli/progress.ts';

function view(options: { isTTY?: boolean; columns?: number; quiet?: boolean } = {}) {
  let text = '';
  let ms = 0;
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString('utf8');
        done();
      },
    }),
    { isTTY: options.isTTY ?? false, columns: options.columns ?? 80 },
  );
  const clock = { now: () => new Date(ms) };
  const shown = progressView({ stream, clock, quiet: options.quiet ?? false });
  const at = (time: number, step: Step): void => {
    ms = time;
    shown.update(step);
  };
  return { at, end: () => shown.end(), text: () => text };
}

const fetching = (done: number): Step => ({ label: 'fetching', done, total: 10_000_000 });

describe('progress without a terminal', () => {
  test('a line at the beginning, at each tenth and each 5 seconds, no more', () => {
    const { at, text } = view();
    at(0, fetching(0));
    at(1_000, fetching(500_000));
    at(2_000, fetching(1_000_000));
    at(3_000, fetching(1_100_000));
    at(7_000, fetching(1_200_000));
    at(8_000, fetching(9_000_000));
    assert.deepEqual(text().split('\n'), [
      'fetching  0 %',
      'fetching  10 %  of 10.0 MB  500 kB/s  18 s left',
      'fetching  12 %  of 10.0 MB  171 kB/s  51 s left',
      'fetching  90 %  of 10.0 MB  1.1 MB/s  1 s left',
      '',
    ]);
  });

  test('a new step begins anew, with or without a total', () => {
    const { at, text } = view();
    at(0, { label: 'planning' });
    at(1, { label: 'planning' });
    at(2, { label: 'verifying', done: 1_000, unit: 'records' });
    at(5_002, { label: 'verifying', done: 11_000, unit: 'records' });
    assert.equal(text(), 'planning\nverifying  1,000 records\nverifying  11,000 records  2,000 records/s\n');
  });

  test('--quiet shows nothing', () => {
    const { at, text } = view({ quiet: true, isTTY: true });
    at(0, fetching(1));
    assert.equal(text(), '');
  });
});

describe('progress on a terminal', () => {
  test('one line is written over, ten times a second at most, and cleared at the end', () => {
    const { at, end, text } = view({ isTTY: true });
    at(0, fetching(0));
    at(50, fetching(1_000_000));
    at(1_000, fetching(5_000_000));
    end();
    end();
    assert.equal(text(), '\r\u001b[Kfetching  0 %\r\u001b[Kfetching  50 %  of 10.0 MB  5.0 MB/s  1 s left\r\u001b[K');
  });

  test('the line is no longer than the terminal is wide, and cannot be steered from outside', () => {
    const { at, text } = view({ isTTY: true, columns: 30 });
    at(0, { label: `\u001b[31m${'x'.repeat(100)}` });
    assert.equal(text(), `\r\u001b[K\ufffd[31m${'x'.repeat(24)}`);
  });
});

describe('how numbers look', () => {
  const bytes: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [99_949, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [2_500_000_000, '2.5 GB'],
    [7e15, '7000 TB'],
  ];
  for (const [value, want] of bytes) test(`${value} bytes are ${want}`, () => assert.equal(formatBytes(value), want));

  test('counts have separators, durations their largest fitting unit', () => {
    assert.deepEqual([0, 999, 1_000, 1_234_567].map(formatCount), ['0', '999', '1,000', '1,234,567']);
    assert.deepEqual([0, 99, 100, 7_200, 200_000].map(formatDuration), ['0 s', '99 s', '2 min', '2 h', '2 d']);
  });

  test('a table is aligned, without spaces at the ends of lines', () => {
    const columns = [{ title: 'A' }, { title: 'N', right: true }, { title: 'B' }];
    const rows = [
      ['x', '10', ''],
      ['yyy', '2', 'z'],
    ];
    assert.equal(formatTable(columns, rows, 'none'), 'A     N  B\nx    10\nyyy   2  z\n');
    assert.equal(formatTable(columns, [], 'none'), 'none\n');
  });
});
