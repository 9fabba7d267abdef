// Reading an upstream Java database: what is in it, in our order; and files that are not what they should be.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import { ExportError } from '../../../src/core/errors.ts';
import { javaDbRows } from '../../../src/profiles/trivy-java-db/read-java-db.ts';
import { failureOf, RowReader } from '../../../src/profiles/trivy-java-db/row-reader.ts';
import { corpusOrSkip } from '../../support/corpora.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { corpusRows } from './corpus-rows.ts';
import { upstreamSchema, writeUpstreamFile, type UpstreamRow } from './upstream-file.ts';

async function readAll(file: string): Promise<(readonly [string, string])[]> {
  const rows: (readonly [string, string])[] = [];
  for await (const page of javaDbRows(file)) for (const { k, v } of page) rows.push([k, v.toString('utf8')]);
  return rows;
}

function syntheticRows(count: number): UpstreamRow[] {
  return Array.from({ length: count }, (_, at) => ({
    group: `org.example.g${(at * 7919) % 97}`,
    artifact: `artifact-${(at * 104_729) % 389}`,
    version: `1.${at % 31}.${at}`,
    classifier: '',
    sha1: at.toString(16).padStart(40, '0'),
  }));
}

async function file(t: TestContext, name = 'trivy-java.db'): Promise<string> {
  return join(await temporaryFolder(t, 'java-db'), name);
}

async function refusal(path: string): Promise<string> {
  const error = await readAll(path).then(
    () => assert.fail('the file was read'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ExportError, String(error));
  assert.equal(error.code, 'VERIFICATION_FAILED');
  return error.message;
}

describe('reading an upstream Java database', () => {
  test('the fixture of Trivy itself has its one row, although its indexes are of an older kind', async (t) => {
    const path = corpusOrSkip(t, 'java/trivy-java-fixture.db');
    if (path === undefined) return;
    assert.deepEqual(await readAll(path), [
      [
        'org.apache.tomcat.embed\u001ftomcat-embed-websocket\u001f9.0.65\u001f',
        '{"jar":["bd70dfeb39cc83c6934be24fa377b21e541dbe76"]}',
      ],
    ]);
  });

  test('every SHA-1 of real coordinates comes back once, under rising keys', async (t) => {
    const corpus = corpusOrSkip(t, 'java/gav-sha1.tsv.gz');
    if (corpus === undefined) return;
    const rows = corpusRows(corpus);
    const path = await file(t);
    writeUpstreamFile(path, rows);
    const read = await readAll(path);
    const keys = read.map(([k]) => Buffer.from(k));
    assert.ok(keys.every((k, at) => at === 0 || Buffer.compare(keys[at - 1] as Buffer, k) < 0));
    const known = new Set(rows.map((r) => `${r.group}\u001f${r.artifact}\u001f${r.version}\u001f ${r.sha1}`));
    const found = read.flatMap(([k, v]) => (JSON.parse(v) as { jar: string[] }).jar.map((sha1) => `${k} ${sha1}`));
    assert.equal(found.length, new Set(rows.map(({ sha1 }) => sha1)).size);
    assert.deepEqual(
      found.filter((pair) => !known.has(pair)),
      [],
    );
  });

  test('rows that no key can name are left out and counted', async (t) => {
    const path = await file(t);
    const [good, bad] = syntheticRows(2) as [UpstreamRow, UpstreamRow];
    writeUpstreamFile(path, [good, { ...bad, version: '1\t2' }]);
    const counts: [string, number | undefined][] = [];
    let rows = 0;
    for await (const page of javaDbRows(path, (code, count) => counts.push([code, count]))) rows += page.length;
    assert.equal(rows, 1);
    assert.deepEqual(counts, [['key-not-writable', 1]]);
  });

  test('a reader that stops early ends the thread', async (t) => {
    const path = await file(t);
    writeUpstreamFile(path, syntheticRows(5_000));
    for await (const page of javaDbRows(path)) {
      assert.equal(page.length, 1_000);
      break;
    }
  });
});

describe('files that are no Java database', () => {
  const schemas: readonly (readonly [string, string, RegExp])[] = [
    ['a view', `${upstreamSchema} CREATE VIEW v AS SELECT 1`, /it holds the "view" "v"/],
    ['a trigger', `${upstreamSchema} CREATE TRIGGER t AFTER INSERT ON indices BEGIN SELECT 1; END`, /"trigger" "t"/],
    ['an index over an expression', `${upstreamSchema} CREATE INDEX e ON indices(hex(sha1))`, /"index" "e"/],
    ['other columns', 'CREATE TABLE artifacts(id INTEGER PRIMARY KEY, name TEXT)', /artifacts has other columns/],
    [
      'no table of rows',
      'CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)',
      /no table indices/,
    ],
    ['another table', `${upstreamSchema} CREATE TABLE other(x)`, /holds the table "other"/],
    [
      'rows out of a view',
      'CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT); CREATE VIEW indices AS SELECT 1 x',
      /"view" "indices"/,
    ],
  ];
  for (const [what, schema, message] of schemas) {
    test(`a file with ${what} is refused`, async (t) => {
      const path = await file(t);
      const database = new DatabaseSync(path);
      database.exec(schema);
      database.close();
      assert.match(await refusal(path), message);
    });
  }

  test('a row with a SHA-1 of another length is refused', async (t) => {
    const path = await file(t);
    writeUpstreamFile(path, [{ ...(syntheticRows(1)[0] as UpstreamRow), sha1: 'abcd' }]);
    assert.match(await refusal(path), /SHA-1 of 20 bytes/);
  });

  test('texts in UTF-16, whose order is another one, are refused', async (t) => {
    const path = await file(t);
    const database = new DatabaseSync(path);
    database.exec(`pragma encoding = 'UTF-16'; ${upstreamSchema}`);
    database.close();
    assert.match(await refusal(path), /its texts are not UTF-8/);
  });

  test('anything else is refused, and so is nothing', async (t) => {
    const path = await file(t);
    for (const content of ['', 'SQLite format 3', 'x'.repeat(5_000)]) {
      writeFileSync(path, content);
      assert.match(await refusal(path), /it is no SQLite file/);
    }
    await assert.rejects(readAll(`${path}.absent`), { code: 'NOT_FOUND' });
  });

  test('a file that is cut short is refused, wherever it was cut', async (t) => {
    const path = await file(t);
    writeUpstreamFile(path, syntheticRows(3_000));
    const whole = readFileSync(path);
    for (const length of [100, 4_096, 4_097, whole.length >> 1, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      assert.match(await refusal(path), /cut short/, `${length} bytes`);
    }
  });
});

describe('pages that lead in circles', () => {
  /** The root page of the table `indices`, which has children. */
  function rootOf(path: string): number {
    const database = new DatabaseSync(path, { readOnly: true });
    const row = database.prepare("select rootpage from sqlite_schema where name = 'indices'").get();
    database.close();
    return row?.['rootpage'] as number;
  }

  const damages: readonly (readonly [string, (page: Buffer, root: number) => void, RegExp])[] = [
    ['its own child', (page, root) => page.writeUInt32BE(root, 8), /is used twice/],
    [
      'the parent of one page many times',
      (page) => {
        for (let cell = 0; cell < page.readUInt16BE(3); cell++) {
          page.writeUInt32BE(page.readUInt32BE(8), page.readUInt16BE(12 + 2 * cell));
        }
      },
      /is used twice/,
    ],
    ['the parent of a page that is not there', (page) => page.writeUInt32BE(0x7fffffff, 8), /there is none/],
    ['the parent of the first page', (page) => page.writeUInt32BE(1, 8), /is used twice/],
    ['a page of an index', (page) => page.writeUInt8(0x02, 0), /is no page of a table/],
    ['full beyond its end', (page) => page.writeUInt16BE(0xffff, 3), /more rows than fit/],
  ];
  for (const [what, damage, message] of damages) {
    test(`a page that is ${what} is refused`, async (t) => {
      const path = await file(t);
      writeUpstreamFile(path, syntheticRows(3_000));
      const bytes = readFileSync(path);
      const root = rootOf(path);
      damage(bytes.subarray((root - 1) * 4_096, root * 4_096), root);
      writeFileSync(path, bytes);
      assert.match(await refusal(path), message);
    });
  }

  test('bytes changed at random give rows or a refusal, and never more rows than there can be', async (t) => {
    const path = await file(t);
    const count = 1_200;
    writeUpstreamFile(path, syntheticRows(count));
    const whole = readFileSync(path);
    const seen = { refused: 0, read: 0 };
    let x = 4_711;
    const random = (below: number): number => (x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0) % below;
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(whole);
      for (let times = random(4); times >= 0; times--) {
        const at = random(bytes.length >> 12) * 4_096 + random(random(2) === 0 ? 64 : 4_096);
        bytes[at] = random(2) === 0 ? random(256) : (bytes[at] as number) ^ (1 << random(8));
      }
      writeFileSync(path, bytes);
      seen[readHere(path, bytes.length / 26)]++;
    }
    assert.ok(seen.refused > 20 && seen.read > 20, JSON.stringify(seen));
  });

  function readHere(path: string, mostRows: number): 'refused' | 'read' {
    let rows = 0;
    try {
      const reader = new RowReader(path, 100);
      for (;;) {
        const answer = reader.next();
        if (!('lines' in answer)) break;
        rows += Buffer.from(answer.lines).toString('utf8').split('\n').length - 1;
        assert.ok(rows <= mostRows);
      }
      reader.close();
      return 'read';
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      const failure = failureOf(error);
      assert.equal(failure.kind, 'refused', failure.message);
      return 'refused';
    }
  }
});
