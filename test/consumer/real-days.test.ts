// Real days of nine feeds: the consumer derives what the publisher published, day by day and two days late, for a few per
// cent of the bytes. Sizes of the patches are the golden ones of formats.md §3. `npm run bench -- delta` takes all five.

import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { createGunzip } from 'node:zlib';
import type { Json } from '../../src/core/canonical-json.ts';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { mirrorRecords } from '../../src/consumer/records.ts';
import { corpusOrSkip, findMirrorReader } from '../support/corpora.ts';
import { mustRun } from '../support/run-program.ts';
import type { Edit } from './publisher.ts';
import { hasAll, openWorld } from './world.ts';

const days = [
  { file: 'base-2026-07-15.jsonl.gz', patch: 0 },
  { file: 'delta-2026-07-16.jsonl.gz', patch: 1_053 + 12_340 + 8 },
  { file: 'delta-2026-07-17.jsonl.gz', patch: 1_234 + 50_452 + 8 },
] as const;
/** Everything besides the patch: delta manifest and config, referrers, signature. */
const besides = 8 * 1024;

async function editsOf(file: string): Promise<Edit[]> {
  const edits: Edit[] = [];
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()), crlfDelay: Infinity });
  for await (const line of lines) {
    const { op, source, path, text } = JSON.parse(line) as Record<string, string>;
    const key = { c: `osv/osv/${source}`, k: path ?? '' };
    edits.push(op === 'del' ? key : { ...key, v: JSON.parse(text ?? '') as Json });
  }
  return edits;
}

it('three real days are derived to the publisher’s digests', { timeout: 300_000 }, async (t) => {
  const corpus = corpusOrSkip(t, 'osv-large');
  if (corpus === undefined) return;
  const { publisher, registry, dir, key, pull } = await openWorld(t);
  const late = `${dir}-late`;
  const reference = `${registry.name}:latest`;
  let patches = 0;
  for (const [at, { file, patch }] of days.entries()) {
    const created = `${file.slice(-19, -9)}T00:00:00Z`;
    const bundle = await publisher.publish(await editsOf(join(corpus, file)), { created, compact: at === 2 });
    const result = await pull();
    await hasAll(dir, bundle);
    patches += patch;
    t.diagnostic(
      `${file}: ${result.bytesFetched} of ${result.bytesTotal} bytes, ${result.shardsDerived} shards derived`,
    );
    if (at === 0) await mirrorPull({ reference, dir: late, key, signatureOnly: true });
    else assert.ok(result.bytesFetched <= patch + besides, `${result.bytesFetched} bytes on ${file}`);
  }
  const result = await mirrorPull({ reference, dir: late, key, signatureOnly: true });
  await hasAll(late, publisher.bundle ?? assert.fail());
  t.diagnostic(`two days late: ${result.bytesFetched} bytes`);
  assert.ok(result.bytesFetched <= patches + 2 * 3 * 1024 + besides);
  let records = 0;
  for await (const piece of mirrorRecords(late, {})) for (const byte of piece) if (byte === 0x0a) records++;
  assert.equal(records, 37_772);
  const reader = findMirrorReader();
  if (reader) await mustRun(reader.python, [reader.script, 'layout', late, 'latest']);
});
