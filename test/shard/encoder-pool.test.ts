// The threads of the encoder: same bytes as without them, and the process lives as long as somebody waits.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encode } from '../../src/shard/encode.ts';
import { EncoderPool } from '../../src/shard/encoder-pool.ts';
import { mustRun } from '../support/run-program.ts';

it('threads give the bytes of the encoder itself', async () => {
  const pool = new EncoderPool(2);
  const raws = Array.from({ length: 9 }, (_, i) => Buffer.from(`record ${i} `.repeat(5_000 * (i + 1))));
  const expected = raws.map((raw) => encode(raw, { level: 9 }));
  const encoded = await Promise.all(raws.map((raw) => pool.encode(Buffer.from(raw), { level: 9 })));
  assert.deepEqual(encoded, expected);
  await pool.close();
});

it('a process that waits for nothing but a frame does not end before it', async () => {
  const script = `
    const { EncoderPool } = await import('${new URL('../../src/shard/encoder-pool.ts', import.meta.url).href}');
    const encoded = await new EncoderPool().encode(Buffer.alloc(3_000_000, 'abc'), { level: 19 });
    console.log(encoded.length > 0);`;
  assert.equal((await mustRun(process.execPath, ['--input-type=module', '-e', script])).trim(), 'true');
});
