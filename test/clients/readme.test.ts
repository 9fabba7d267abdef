// A stranger without our program: pulls with oras, then does what the README inside the bundle says, with zstd and jq. The
// outcome is compared with the sample's own lines.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { judge, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { mustRun } from '../support/run-program.ts';
import { openPublisher, type Publisher } from './publisher.ts';

type SampleLine = {
  readonly op?: 'put' | 'del';
  readonly source: string;
  readonly path: string;
  readonly text: string;
};

describe('the README of a bundle', { skip: skipWithout('oras', 'zstd', 'jq') }, () => {
  const scope = suiteScope();
  let publisher: Publisher;
  const documents = new Map<string, string>();

  before(async () => {
    publisher = await openPublisher(scope);
    await publisher.publish(1);
    await publisher.publish(2);
    for (const file of [sampleEvidence.day1, sampleEvidence.day2]) {
      for (const line of gunzipSync(await readFile(file))
        .toString()
        .trimEnd()
        .split('\n')) {
        const { op, source, path, text } = JSON.parse(line) as SampleLine;
        if (op === 'del') documents.delete(`osv/osv/${source} ${path}`);
        else documents.set(`osv/osv/${source} ${path}`, text);
      }
    }
  });

  /** Pulls a bundle and gives its folder, and the lines that its README tells a reader to run. */
  async function pull(name: string): Promise<{ cwd: string; lines: string[] }> {
    const cwd = join(publisher.folder, name);
    await mustRun(judge('oras'), ['pull', `${publisher.service.host}/default/${name}:latest`, '-o', cwd], {
      env: publisher.env,
    });
    const readme = await readFile(join(cwd, 'README.md'), 'utf8');
    return { cwd, lines: readme.split('\n').flatMap((line) => (line.startsWith('    ') ? [line.trim()] : [])) };
  }

  const sh = (cwd: string, lines: readonly string[]): Promise<string> =>
    mustRun('/bin/sh', ['-euc', lines.join('\n')], { cwd });

  it('of a mirror leads to the whole state', async () => {
    const { cwd, lines } = await pull('mirror');
    assert.equal(lines.length, 3);
    const state = (await sh(cwd, lines)).trimEnd().split('\n');
    assert.equal(state.length, documents.size);
    for (const line of state) {
      const { c, k, v } = JSON.parse(line) as { c: string; k: string; v: unknown };
      assert.deepEqual(v, JSON.parse(documents.get(`${c} ${k}`) ?? 'null'), `${c} ${k}`);
    }
  });

  it('of json:raw leads to the original bytes of a document', async () => {
    const { cwd, lines } = await pull('json-raw');
    const [decompress = '', select = ''] = lines;
    assert.equal(lines.length, 2);
    await sh(cwd, [decompress]);
    assert.ok(select.includes('PATH'));
    // One that came with the second day, one that stayed, one whose text is not canonical JSON.
    for (const [name, text] of [...documents].filter((_, at) => at % 300 === 0 || at === documents.size - 1)) {
      const path = name.slice(name.indexOf(' ') + 1);
      assert.equal(await sh(cwd, [select.replace('PATH', path)]), text, name);
    }
  });
});
