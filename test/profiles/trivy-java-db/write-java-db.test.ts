// Writing a Java database: another SQLite finds every row in it by Trivy's own questions, and builds the same bytes.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DatabaseRow } from '../../../src/profiles/database/row.ts';
import { javaDbRows } from '../../../src/profiles/trivy-java-db/read-java-db.ts';
import { writeJavaDb, type WriteSummary } from '../../../src/profiles/trivy-java-db/write-java-db.ts';
import { judgeOrSkip } from '../../judges.ts';
import { corpusOrSkip } from '../../support/corpora.ts';
import { mustRun } from '../../support/run-program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { corpusRows } from './corpus-rows.ts';
import type { UpstreamRow } from './upstream-file.ts';

type Answer = {
  readonly missing: readonly string[];
  readonly unnamed: readonly unknown[];
  readonly unversioned: readonly unknown[];
  readonly owners: Readonly<Record<string, readonly [string, string, string]>>;
  readonly scans: readonly string[];
  readonly integrity: readonly string[];
  readonly free: number;
  readonly schema: readonly string[];
  readonly archives: number;
};

/** Rows as the format has them: one for each key, sorted by bytes. */
function rowsOf(rows: readonly UpstreamRow[]): DatabaseRow[] {
  const byKey = new Map<string, Set<string>>();
  for (const { group, artifact, version, classifier, sha1 } of rows) {
    const k = [group, artifact, version, classifier].join('\u001f');
    byKey.set(k, (byKey.get(k) ?? new Set()).add(sha1));
  }
  return [...byKey]
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([k, sha1]) => ({ k, v: Buffer.from(JSON.stringify({ jar: [...sha1].sort() })) }));
}

async function* paged(rows: readonly DatabaseRow[], size: number): AsyncGenerator<DatabaseRow[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}

async function written(
  t: TestContext,
  rows: readonly DatabaseRow[],
  pageRows = 1_000,
): Promise<{ file: string; summary: WriteSummary }> {
  const file = join(await temporaryFolder(t, 'java-db'), 'trivy-java.db');
  return { file, summary: await writeJavaDb(paged(rows, pageRows), file) };
}

const linesOf = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');

async function ask(python: string, file: string, rows: readonly UpstreamRow[]): Promise<Answer> {
  const script = fileURLToPath(new URL('query.py', import.meta.url));
  const input = linesOf(rows.map(({ group, artifact, version, sha1 }) => [group, artifact, version, sha1]));
  return JSON.parse(await mustRun(python, [script, file], { input })) as Answer;
}

function row(group: string, artifact: string, version: string, sha1: string, classifier = ''): UpstreamRow {
  return { group, artifact, version, classifier, sha1: sha1.repeat(40) };
}

describe('writing a Java database', () => {
  test('another SQLite finds every row of real coordinates by the questions that Trivy asks', async (t) => {
    const python = judgeOrSkip(t, 'mirror-reader');
    const corpus = corpusOrSkip(t, 'java/gav-sha1.tsv.gz');
    if (python === undefined || corpus === undefined) return;
    const rows = corpusRows(corpus);
    const distinct = new Set(rows.map(({ sha1 }) => sha1)).size;
    const { file, summary } = await written(t, rowsOf(rows));
    const answer = await ask(python, file, rows);
    assert.deepEqual(answer.missing, []);
    assert.deepEqual(answer.integrity, ['ok']);
    assert.deepEqual([answer.free, answer.scans], [0, []]);
    assert.equal(answer.archives, distinct);
    assert.deepEqual([summary.archives, summary.duplicates], [distinct, rows.length - distinct]);
    for (const [sha1, owner] of Object.entries(answer.owners)) assert.deepEqual(owner, ownerOf(rows, sha1));
    // What lost its only SHA-1 to another row has no version any more, which is so in Trivy's own builder too.
    const losers = rows.filter(({ sha1, ...gav }) => answer.owners[sha1]?.join() !== versioned(gav));
    const lost = new Set(losers.map(versioned));
    assert.ok(answer.unversioned.every((gav) => lost.has((gav as string[]).join())));
    assert.ok(answer.unnamed.length <= answer.unversioned.length);
  });

  test('a SHA-1 of several rows stays with one without classifier, else with the first', async (t) => {
    const python = judgeOrSkip(t, 'mirror-reader');
    if (python === undefined) return;
    const rows = [
      row('a', 'a', '1', '1', 'tests'),
      row('b', 'b', '1', '1'),
      row('c', 'c', '1', '1'),
      row('a', 'a', '1', '2', 'tests'),
      row('b', 'b', '2', '2', 'tests'),
    ];
    const { file, summary } = await written(t, rowsOf(rows));
    assert.deepEqual(summary, { artifacts: 3, archives: 2, duplicates: 3 });
    const { owners, integrity } = await ask(python, file, rows);
    assert.deepEqual(owners, { ['1'.repeat(40)]: ['b', 'b', '1'], ['2'.repeat(40)]: ['a', 'a', '1'] });
    assert.deepEqual(integrity, ['ok']);
  });

  test('the tables are the ones that Trivy reads', async (t) => {
    const python = judgeOrSkip(t, 'mirror-reader');
    if (python === undefined) return;
    const { file } = await written(t, []);
    // aquasecurity/trivy-java-db, pkg/db/db.go, func Init
    assert.deepEqual((await ask(python, file, [])).schema, [
      'CREATE INDEX indices_artifact_idx ON indices(artifact_id)',
      'CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)',
      'CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT, foreign key (artifact_id) references artifacts(id))',
      'CREATE UNIQUE INDEX artifacts_idx ON artifacts(artifact_id, group_id)',
      'CREATE UNIQUE INDEX indices_sha1_idx ON indices(sha1)',
    ]);
  });

  test('what was written is read back, whatever kinds of archives there are', async (t) => {
    const rows: DatabaseRow[] = [
      {
        k: 'g\u001fa\u001f1\u001f',
        v: Buffer.from(`{"aar":["${'1'.repeat(40)}"],"jar":["${'2'.repeat(40)}","${'3'.repeat(40)}"]}`),
      },
      { k: 'g\u001fÄ\u{1f600}\u001f1\u001f', v: Buffer.from(`{"jar":["${'4'.repeat(40)}"]}`) },
    ];
    const { file } = await written(t, rows);
    const read: DatabaseRow[] = [];
    for await (const page of javaDbRows(file)) read.push(...page);
    assert.deepEqual(
      read.map(({ k, v }) => [k, v.toString('utf8')]),
      rows.map(({ k, v }) => [k, v.toString('utf8')]),
    );
  });
});

/** The corpus row that has a SHA-1: without classifier first, then by the bytes of its key. */
function ownerOf(rows: readonly UpstreamRow[], sha1: string): string[] {
  const keyed = rows
    .filter((candidate) => candidate.sha1 === sha1)
    .map(({ group, artifact, version, classifier }) => ({ key: [group, artifact, version, classifier], classifier }));
  keyed.sort((a, b) => {
    const plain = Number(a.classifier !== '') - Number(b.classifier !== '');
    return plain || Buffer.compare(Buffer.from(a.key.join('\u001f')), Buffer.from(b.key.join('\u001f')));
  });
  return (keyed[0]?.key ?? []).slice(0, 3);
}

function versioned({ group, artifact, version }: Omit<UpstreamRow, 'sha1'>): string {
  return [group, artifact, version].join();
}

describe('the bytes of a Java database', () => {
  type Fields = [group: string, artifact: string, version: string, classifier: string, sha1: string];

  /** Enough for inner pages in every table and index. */
  function fieldsOf(sha1Of: (at: number) => number): Fields[] {
    return Array.from({ length: 40_000 }, (_, at) => {
      const artifact = String(Math.floor(at / 20)).padStart(6, '0');
      const version = `1.${String((at % 20) >> 1).padStart(2, '0')}`;
      const classifier = at % 2 === 0 ? '' : 'tests';
      return [
        `org.example.g${artifact}`,
        `artifact-${artifact}`,
        version,
        classifier,
        sha1Of(at).toString(16).padStart(40, '0'),
      ];
    });
  }
  // A permutation, so that the index is not in the order of the table; then one in which a tenth is said twice.
  const distinct = fieldsOf((at) => (at * 7_919) % 40_009);
  const repeated = fieldsOf((at) => (at * 7_919) % 36_007);
  const rowsOfFields = (all: readonly Fields[]): DatabaseRow[] =>
    rowsOf(all.map(([group, artifact, version, classifier, sha1]) => ({ group, artifact, version, classifier, sha1 })));

  test('are the same again, in whatever portions the rows come', async (t) => {
    const first = readFileSync((await written(t, rowsOfFields(distinct))).file);
    const again = readFileSync((await written(t, rowsOfFields(distinct), 7)).file);
    assert.ok(first.equals(again));
  });

  for (const [what, fields, duplicates] of [
    ['distinct SHA-1', distinct, 0],
    ['repeated SHA-1', repeated, 40_000 - 36_007],
  ] as const) {
    test(`are those that another SQLite builds by the statements of the format, with ${what}`, async (t) => {
      const python = judgeOrSkip(t, 'mirror-reader');
      if (python === undefined) return;
      const { file, summary } = await written(t, rowsOfFields(fields));
      assert.equal(summary.duplicates, duplicates);
      const theirs = `${file}.theirs`;
      const script = fileURLToPath(new URL('rebuild.py', import.meta.url));
      const version = await mustRun(python, [script, theirs], { input: linesOf(fields) });
      t.diagnostic(`SQLite ${version.trim()} beside ${process.versions['sqlite']}`);
      assert.ok(readFileSync(file).equals(readFileSync(theirs)));
    });
  }

  test('are the same on the next Node', async (t) => {
    const node = judgeOrSkip(t, 'node26');
    if (node === undefined) return;
    const { file } = await written(t, rowsOfFields(repeated));
    const theirs = `${file}.theirs`;
    const child = fileURLToPath(new URL('write-child.ts', import.meta.url));
    await mustRun(node, [child, theirs], {
      input: linesOf(rowsOfFields(repeated).map(({ k, v }) => [k, v.toString()])),
    });
    assert.ok(readFileSync(file).equals(readFileSync(theirs)));
  });
});

describe('rows that cannot be written', () => {
  const good = (k: string): DatabaseRow => ({ k, v: Buffer.from(`{"jar":["${'1'.repeat(40)}"]}`) });
  const cases: readonly (readonly [string, readonly DatabaseRow[], RegExp])[] = [
    ['in another order', [good('b\u001fb\u001f1\u001f'), good('a\u001fa\u001f1\u001f')], /does not come after/],
    ['twice', [good('a\u001fa\u001f1\u001f'), good('a\u001fa\u001f1\u001f')], /does not come after/],
    ['without a version', [good('a\u001fa\u001f\u001f')], /lack group, artifact or version/],
    ['with too many parts', [good('a\u001fa\u001f1\u001f\u001f')], /too many parts/],
    [
      'with unsorted SHA-1',
      [{ ...good('a\u001fa\u001f1\u001f'), v: Buffer.from(`{"jar":["${'2'.repeat(40)}","${'1'.repeat(40)}"]}`) }],
      /no sorted lists/,
    ],
    ['with no SHA-1', [{ ...good('a\u001fa\u001f1\u001f'), v: Buffer.from('{}') }], /no sorted lists/],
    ['with a value that is no JSON', [{ ...good('a\u001fa\u001f1\u001f'), v: Buffer.from('{') }], /no sorted lists/],
  ];
  for (const [what, rows, message] of cases) {
    test(`rows ${what} are refused, and no file stays`, async (t) => {
      const file = join(await temporaryFolder(t, 'java-db'), 'trivy-java.db');
      await assert.rejects(writeJavaDb(paged(rows, 1), file), { code: 'INPUT_INVALID', message });
      assert.ok(!existsSync(file));
    });
  }

  test('a failure of the source ends the writing, and no file stays', async (t) => {
    const file = join(await temporaryFolder(t, 'java-db'), 'trivy-java.db');
    async function* broken(): AsyncGenerator<DatabaseRow[]> {
      yield [good('a\u001fa\u001f1\u001f')];
      throw new Error('the source broke');
    }
    await assert.rejects(writeJavaDb(broken(), file), /the source broke/);
    assert.ok(!existsSync(file));
  });

  test('a file that is there stays as it is', async (t) => {
    const file = join(await temporaryFolder(t, 'java-db'), 'trivy-java.db');
    writeFileSync(file, 'mine');
    await assert.rejects(writeJavaDb(paged([], 1), file), { code: 'STORAGE_FAILED' });
    assert.equal(statSync(file).size, 4);
  });
});
