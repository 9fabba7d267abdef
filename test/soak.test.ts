// The soak tests in their short forms: `npm run soak` plays the same for longer and with other seeds. (Kills are played
// by test/crash, and those of writers of the log by test/trust/log.)

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ExportError } from '../src/core/errors.ts';
import { decode } from '../src/shard/encode.ts';
import { frameLimit } from '../src/shard/journal.ts';
import { fuzz } from './soak/fuzz.ts';
import { collectBesidePushes } from './soak/gc.ts';

it('no parser throws anything but a refusal, whatever it is given', async (t) => {
  const figures = await fuzz(60_000, 20_260_715);
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.refused > 10_000 && figures.accepted > 1_000);
});

it('a frame that would unfold to twelve gigabytes is refused within its bound', () => {
  const before = process.memoryUsage.rss();
  assert.throws(
    () => decode(bomb(100_000), frameLimit),
    (error) => error instanceof ExportError && error.code === 'VERIFICATION_FAILED',
  );
  assert.ok(process.memoryUsage.rss() - before < 4 * frameLimit);
});

it('garbage collection beside runs and copies takes nothing that a name leads to', async (t) => {
  const figures = await collectBesidePushes(20);
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.gc >= 3, `${figures.gc} rounds in twenty seconds`);
});

/** A zstd frame (RFC 8878 §3.1.1) without a content size whose blocks each repeat one byte 131,072 times. */
function bomb(blocks: number): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
  const block = (isLast: boolean): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUIntLE((131_072 << 3) | (1 << 1) | (isLast ? 1 : 0), 0, 3);
    return bytes;
  };
  return Buffer.concat([header, ...Array.from({ length: blocks }, (_, at) => block(at === blocks - 1))]);
}
