// Single files: what `sign` writes, judged by `cosign verify-blob` without any network, and by our own `verify`; the
// service signs with the key and the log that sign bundles.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { judge, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { runProgram } from '../support/run-program.ts';
import { runExportCenter } from '../support/service.ts';
import { cosigns, withStrangersKey } from './cosign.ts';
import { openPublisher, type Publisher } from './publisher.ts';

type Report = { ok: boolean; failed: string[]; checks: { name: string; ok: boolean; reason?: string }[] };

describe('a file that the service signed', { skip: skipWithout('cosign', 'cosign2') }, () => {
  const scope = suiteScope();
  let publisher: Publisher;
  let file: string;
  let bundle: string;

  before(async () => {
    publisher = await openPublisher(scope);
    file = join(publisher.folder, 'report.txt');
    await writeFile(file, 'found nothing\n');
    bundle = `${file}.sigstore.json`;
    const signed = await runExportCenter(['sign', file, '--data', publisher.service.data]);
    assert.equal(signed.code, 0, signed.stderr);
  });

  /** Exit codes of cosign 3 and 2 with the trusted root, and what our own verification says. */
  async function judged(options: { key?: string; file?: string; bundle?: string }) {
    const { key = publisher.key, file: subject = file, bundle: carried = bundle } = options;
    const trust = ['--key', key, '--trusted-root', publisher.trustedRoot];
    const codes = [];
    for (const version of cosigns) {
      // cosign 3 needs no switch for bundles, 2.6 does.
      const format = version === 'cosign2' ? ['--new-bundle-format'] : [];
      const args = ['verify-blob', ...format, ...trust, '--bundle', carried, subject];
      const env = { ...publisher.env, HTTPS_PROXY: 'http://localhost:9' };
      codes.push((await runProgram(judge(version), args, { env })).code);
    }
    const own = await runExportCenter(['verify', subject, '--bundle', carried, ...trust, '--offline', '--json']);
    return { passes: codes.map((code) => code === 0), code: own.code, report: JSON.parse(own.stdout) as Report };
  }

  it('passes with key and trusted root, offline', async () => {
    const { passes, code, report } = await judged({});
    assert.deepEqual([passes, code, report.failed], [[true, true], 0, []]);
    assert.deepEqual(
      report.checks.map(({ name, ok }) => [name, ok]),
      [
        ['file', true],
        ['signature', true],
        ['log', true],
      ],
    );
  });

  it('passes after cosign initialize with the key alone', async () => {
    const cosign = judge('cosign');
    const env = { ...publisher.env, TUF_ROOT: join(publisher.folder, 'tuf') };
    const mirror = `${publisher.service.url}/tuf/trust`;
    const root = join(publisher.service.data, 'trust', 'root.json');
    const begun = await runProgram(cosign, ['initialize', '--mirror', mirror, '--root', root], { env });
    assert.equal(begun.code, 0, begun.stderr);
    const args = ['verify-blob', '--key', publisher.key, '--bundle', bundle, file];
    const { code, stderr } = await runProgram(cosign, args, { env });
    assert.equal(code, 0, stderr);
  });

  it('fails with another key, and as another file', async () => {
    const stranger = await withStrangersKey(publisher);
    const other = join(publisher.folder, 'other.txt');
    await writeFile(other, 'found something\n');
    for (const options of [{ key: stranger.key }, { file: other }]) {
      const { passes, code, report } = await judged(options);
      assert.deepEqual([passes, code, report.failed], [[false, false], 3, ['signature', 'log']]);
    }
  });

  it('fails when its log entry was taken away or is that of another signature', async () => {
    const other = join(publisher.folder, 'second.txt');
    await writeFile(other, 'second\n');
    const signed = await runExportCenter(['sign', other, '--bundle', `${other}.b`, '--data', publisher.service.data]);
    assert.equal(signed.code, 0, signed.stderr);
    const [mine, theirs] = await Promise.all([readBundle(bundle), readBundle(`${other}.b`)]);
    const { tlogEntries: _, ...bare } = mine.verificationMaterial;
    const forged = [bare, { ...mine.verificationMaterial, tlogEntries: theirs.verificationMaterial['tlogEntries'] }];
    for (const verificationMaterial of forged) {
      const carried = join(publisher.folder, 'forged.json');
      await writeFile(carried, JSON.stringify({ ...mine, verificationMaterial }));
      const { passes, code, report } = await judged({ bundle: carried });
      assert.deepEqual([passes, code, report.failed], [[false, false], 3, ['log']]);
    }
  });
});

type Bundle = { verificationMaterial: Record<string, unknown> };

async function readBundle(path: string): Promise<Bundle> {
  return JSON.parse(await readFile(path, 'utf8')) as Bundle;
}
