// Texts as bytes: what leaves one thread arrives in the other, whatever is in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putTexts, takeTexts, textsAsBytes } from '../../src/db/text-column.ts';

const texts = ['', 'plain', 'Zürich €', '\u{1f600}\n', null, 'x'.repeat(100_000)];

test('texts taken out of rows and put back are the UTF-8 bytes of each', () => {
  const rows = texts.map((text, n) => ({ n, text }));
  const block = takeTexts(rows);
  const sent = structuredClone({ rows, block }, { transfer: [block.buffer] });
  const back: readonly object[] = putTexts(sent.rows, sent.block);
  assert.deepEqual(
    back,
    texts.map((text, n) => ({ n, text: text === null ? null : Buffer.from(text) })),
  );
});

test('rows with strings become rows with bytes', () => {
  assert.deepEqual(textsAsBytes([{ text: 'é' }, { text: null }]), [
    { text: Buffer.from([0xc3, 0xa9]) },
    { text: null },
  ]);
});
