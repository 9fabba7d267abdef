// Inputs of every kind, good and bad: each refusal has its name, and the rest of the input is taken.

import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { limits } from '../../src/core/limits.ts';
import type { IngestResult } from '../../src/evidence/types.ts';
import { splitLines } from '../../src/evidence/sources/lines.ts';
import { jsonl, jsonlGz, osv, testStore } from './store.ts';
import { buildZip } from './zip-builder.ts';

const refusals = ({ rejected }: IngestResult): string[] => rejected.map(({ path, code }) => `${code} ${path}`);

test('one file is one document under its name', async (t) => {
  const { ingest, file, texts } = await testStore(t);
  const text = `${osv('A')}\r\n`;
  const result = await ingest(await file('GO-1.json', text));
  assert.deepEqual([result.added, result.sequence], [1, 1]);
  assert.deepEqual(await texts(), { ':GO-1.json': text });
});

test('a file that is not there, and one of an unknown kind', async (t) => {
  const { ingest, file } = await testStore(t);
  await assert.rejects(ingest('/nonexistent/x.zip'), { code: 'NOT_FOUND' });
  assert.deepEqual(refusals(await ingest(await file('a.yaml', 'id: A'))), ['unknown-format a.yaml']);
  await assert.rejects(ingest('/tmp', { source: 'Feed' }), { code: 'USAGE' });
  await assert.rejects(ingest('/tmp', { format: 'csaf' }), { code: 'USAGE' });
  await assert.rejects(ingest('oci:localhost/x'), { code: 'USAGE' });
});

test('a folder gives its JSON files, and follows no link', async (t) => {
  const { ingest, file, texts, folder } = await testStore(t);
  await file('d/b.json', osv('B'));
  await file('d/sub/deep/a.JSON', osv('A'));
  await file('d/README.md', 'not evidence');
  await file('d/.git/x.json', osv('X'));
  await file('elsewhere/c.json', osv('C'));
  const root = join(folder, 'in', 'd');
  await symlink('../elsewhere/c.json', join(root, 'link.json'));
  await symlink('../elsewhere', join(root, 'linked'));
  await mkdir(join(root, 'folder.json'));
  await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff]), Buffer.from('.json')]), osv('F'));
  const result = await ingest(root);
  assert.deepEqual(refusals(result), ['bad-path link.json', 'bad-path \uFFFD.json']);
  assert.deepEqual(await texts(), { ':b.json': osv('B'), ':sub/deep/a.JSON': osv('A') });
});

test('a link in the place of a document is refused, and a sync keeps the last good version', async (t) => {
  const { ingest, file, texts, folder } = await testStore(t);
  const root = join(folder, 'in', 'd');
  for (const name of ['a', 'b', 'c']) await file(`d/${name}.json`, osv(name));
  await ingest(root, { sync: true });
  await rm(join(root, 'a.json'));
  await rm(join(root, 'b.json'));
  await symlink('c.json', join(root, 'a.json'));
  const result = await ingest(root, { sync: true });
  assert.deepEqual([refusals(result), result.removed], [['bad-path a.json'], 1]);
  assert.deepEqual(await texts(), { ':a.json': osv('a'), ':c.json': osv('c') });
});

test('lines of every form are read, and bad ones are named by their number', async (t) => {
  const { ingest, file, texts } = await testStore(t);
  const u2028 = osv('U', { details: 'a\u2028b' });
  const lines = [
    { path: 'a.json', text: osv('A') },
    { source: 'npm', path: 'a.json', text: u2028 },
    '',
    '{"path":"b.json","text":',
    '["a"]',
    '{"text":"x"}',
    { op: 'replace', path: 'c.json', text: osv('C') },
    { op: 'put', path: 'd.json' },
    { source: 'No', path: 'e.json', text: osv('E') },
    { op: 'put', path: '/etc/passwd', text: osv('F') },
    { op: 'put', path: 'x/../y.json', text: osv('F') },
    { op: 'put', path: 'a\u001fb.json', text: osv('F') },
    { path: 'a.json', text: osv('A2') },
    { op: 'del', path: 'never.json' },
    `{"path":"s.json","text":"\\ud800"}`,
    { op: 'put', path: 'z.json', text: osv('Z') },
  ];
  const result = await ingest(await file('x.jsonl', jsonl(lines).trimEnd()));
  assert.deepEqual(refusals(result), [
    'bad-line line 4',
    'bad-line line 5',
    'bad-line line 6',
    'bad-line line 7',
    'bad-line line 8',
    'bad-source e.json',
    'bad-path /etc/passwd',
    'bad-path x/../y.json',
    'bad-path a\\u001fb.json',
    'repeated-path a.json',
    'not-utf8 s.json',
  ]);
  assert.deepEqual(await texts(), { ':a.json': osv('A'), '/npm:a.json': u2028, ':z.json': osv('Z') });
  assert.equal(result.removed, 0);
});

test('a gzip stream that breaks off keeps what came before it', async (t) => {
  const { ingest, file, texts } = await testStore(t);
  await ingest(await file('x.jsonl.gz', jsonlGz([{ path: 'old.json', text: osv('O') }])));
  const noise = Array.from({ length: 400 }, (_, i) => ({ path: `${i}.json`, text: osv(`N-${Math.sin(i)}`) }));
  const whole = jsonlGz(noise);
  const result = await ingest(await file('x.jsonl.gz', whole.subarray(0, whole.length / 2)), { sync: true });
  assert.deepEqual(refusals(result), ['read-error x.jsonl.gz']);
  assert.ok(result.added > 0 && result.added < 400);
  assert.equal(result.removed, 0);
  assert.match(result.warnings.at(-1)?.message ?? '', /nothing was removed/);
  assert.ok(':old.json' in (await texts()));
  const damaged = Buffer.from(whole);
  damaged.fill(0, 1_000, 1_050);
  assert.equal((await ingest(await file('y.jsonl.gz', damaged))).rejected.at(-1)?.code, 'read-error');
  assert.deepEqual(refusals(await ingest(await file('z.jsonl.gz', 'no gzip'))), ['read-error z.jsonl.gz']);
});

test('a gzip bomb is stopped, whatever its shape', { timeout: 60_000 }, async (t) => {
  const { ingest, file } = await testStore(t);
  const zeros = gzipSync(Buffer.alloc(150 << 20));
  const before = process.memoryUsage.rss();
  const result = await ingest(
    await file('bomb.jsonl.gz', Buffer.concat([jsonlGz([{ path: 'a.json', text: osv('A') }]), zeros])),
  );
  assert.deepEqual(refusals(result), ['too-large bomb.jsonl.gz']);
  assert.equal(result.added, 1);
  assert.ok(process.memoryUsage.rss() - before < 250 << 20);
});

test('a line that is too long is skipped unread, and the next one is taken', { timeout: 60_000 }, async (t) => {
  const { ingest, file } = await testStore(t);
  const long = JSON.stringify({ path: 'long.json', text: 'x'.repeat(2 * limits.documentBytes + 70_000) });
  const big = JSON.stringify({ path: 'big.json', text: osv('B', { x: 'y'.repeat(limits.documentBytes) }) });
  const result = await ingest(await file('x.jsonl', jsonl([long, big, { path: 'a.json', text: osv('A') }])));
  assert.deepEqual(refusals(result), ['too-large line 1', 'too-large big.json']);
  assert.equal(result.added, 1);
});

test('lines are cut at LF alone, across chunks', async () => {
  const text = 'a\u2028b\r\n\n\u{1F600}c\nlast';
  const bytes = Buffer.from(text);
  for (const size of [1, 2, 3, 7, 100]) {
    const chunks = async function* (): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const lines: (string | undefined)[] = [];
    for await (const line of splitLines(chunks(), 9)) lines.push(line.bytes?.toString());
    assert.deepEqual(lines, ['a\u2028b\r', '', '\u{1F600}c', 'last']);
  }
});

test('an archive gives its JSON entries, and each bad one is named', async (t) => {
  const { ingest, file, texts } = await testStore(t);
  const good = osv('G', { details: 'é'.repeat(5_000) });
  const zip = buildZip([
    { name: 'dir/', content: '', stored: true },
    { name: 'dir/good.json', content: good },
    { name: 'stored.json', content: osv('S'), stored: true },
    { name: 'README.txt', content: 'not evidence' },
    { name: '../evil.json', content: osv('E') },
    { name: '/abs.json', content: osv('E') },
    { name: '..\\evil.json', content: osv('E') },
    { name: Buffer.from([0xff, 0x2e, 0x6a, 0x73, 0x6f, 0x6e]), content: osv('E') },
    { name: 'secret.json', content: osv('E'), flags: 1 },
    { name: 'crc.json', content: osv('E'), crc: 1 },
    { name: 'liar.json', content: osv('E', { x: 'y'.repeat(4_000) }), size: 100 },
    { name: 'method.json', content: osv('E'), method: 14 },
    { name: 'link.json', content: '/etc/passwd', unixMode: 0o120777 },
    { name: 'bomb.json', content: Buffer.alloc(20 << 20) },
    { name: 'huge.json', content: 'x', size: limits.documentBytes + 1 },
    { name: 'broken.json', content: '{' },
    { name: 'dir/good.json', content: osv('again') },
  ]);
  const result = await ingest(await file('all.zip', zip));
  assert.deepEqual(refusals(result), [
    'bad-path ../evil.json',
    'bad-path /abs.json',
    'bad-path ..\\evil.json',
    'bad-path \uFFFD.json',
    'archive-damaged secret.json',
    'archive-damaged crc.json',
    'archive-damaged liar.json',
    'archive-damaged method.json',
    'bad-path link.json',
    'too-large bomb.json',
    'too-large huge.json',
    'repeated-path dir/good.json',
    'not-json broken.json',
  ]);
  assert.deepEqual(await texts(), { ':dir/good.json': good, ':stored.json': osv('S') });
});

test('an archive that is cut off, overlaps itself or is none is refused as a whole', async (t) => {
  const { ingest, file } = await testStore(t);
  const zip = buildZip(Array.from({ length: 50 }, (_, i) => ({ name: `${i}.json`, content: osv(`A-${i}`) })));
  const cut = await ingest(await file('cut.zip', zip.subarray(0, zip.length - 100)), { sync: true });
  assert.deepEqual([refusals(cut), cut.added], [['archive-damaged cut.zip'], 0]);
  const directory = await ingest(await file('hole.zip', Buffer.from(zip).fill(0, zip.length - 400, zip.length - 300)));
  assert.equal(directory.rejected.at(-1)?.code, 'archive-damaged');
  assert.deepEqual(refusals(await ingest(await file('none.zip', osv('A')))), ['archive-damaged none.zip']);
  const content = Buffer.alloc(1_000_000, '[');
  const overlapping = Array.from({ length: 40 }, (_, i) => ({ name: `${i}.json`, content, overlapping: i > 0 }));
  const bomb = await ingest(await file('bomb.zip', buildZip(overlapping)));
  assert.ok(refusals(bomb).includes('too-large bomb.zip'));
  assert.ok(bomb.rejected.length < 20);
});
