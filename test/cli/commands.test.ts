// The commands on a made-up Center: what they ask it, what they print for people and for programs, how they end.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { runCli } from '../../src/cli.ts';
import { ExportError, type ErrorCode } from '../../src/core/errors.ts';
import type { RunEvent } from '../../src/runs/center.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeHost, runOn } from './fake-host.ts';

const json = async (...args: string[]): Promise<{ code: number; document: { [name: string]: unknown } }> => {
  const { code, out } = await runOn([...args, '--json']);
  assert.equal(out.split('\n').length, 2, 'one line');
  return { code, document: JSON.parse(out) as { [name: string]: unknown } };
};

const event = (sequence: number, state: RunEvent['state'], message: string): RunEvent => ({
  sequence,
  at: '2026-01-01T00:00:00Z',
  state,
  message,
});

describe('ingest', () => {
  test('it hands over the absolute path and every option, and prints the counts', async () => {
    const options = ['--format', 'osv', '--sync', '--allow-shrink', '--licence', 'CC0', '--attribution', 'x'];
    const { code, out, err, host } = await runOn(['ingest', 'osv', 'day.jsonl', ...options]);
    assert.equal(code, 0);
    const want = { source: 'osv', from: 'day.jsonl', format: 'osv', sync: true, allowShrink: true };
    assert.deepEqual(host.center.asked[0], ['ingest', 'default', { ...want, licence: 'CC0', attribution: 'x' }]);
    assert.match(out, /^added +1$/m);
    assert.match(out, /^rejected +1\n {2}x\.json: not-json: no JSON$/m);
    assert.match(err, /^ingest osv {2}50 % {2}of 20 B {2}1 documents$/m);
  });

  test('with --json the result is the one document, progress stays on stderr', async () => {
    const { document } = await json('ingest', 'osv', 'x.json');
    assert.equal(
      Object.keys(document).sort().join(),
      'added,changed,rejected,removed,sequence,source,unchanged,warnings',
    );
  });

  test('--quiet leaves progress out', async () => {
    assert.equal((await runOn(['ingest', 'osv', 'x.json', '--quiet'])).err, '');
  });

  for (const from of ['https://host/all.zip', 'oci:host/a/b:c']) {
    test(`--offline refuses ${from} before anything is opened`, async () => {
      const { code, host } = await runOn(['ingest', 'osv', from, '--offline']);
      assert.equal(code, 7);
      assert.deepEqual(host.opened, []);
    });
  }
});

describe('evidence and profile', () => {
  test('evidence list has counts, age and state', async () => {
    const { out } = await runOn(['evidence', 'list']);
    assert.equal(
      out,
      'SOURCE  DOCUMENTS  REJECTED     UPDATED    NEWEST  STATE\n' +
        'osv             2         1  60 min ago  25 h ago  aaaaaaaaaaaa\n',
    );
    const { document } = await json('evidence', 'list');
    const [source] = document['sources'] as { [name: string]: unknown }[];
    assert.equal(source?.['stateSha256'], 'a'.repeat(64));
    assert.equal(source?.['ageSeconds'], 3_600);
  });

  test('evidence show prints the very bytes of the document', async () => {
    assert.equal((await runOn(['evidence', 'show', 'osv/go', 'x.json'])).out, '{"ä":1}\n');
    assert.equal((await json('evidence', 'show', 'osv/go', 'x.json')).document['text'], '{"ä":1}\n');
  });

  test('evidence rejected gives the reasons, of one source or of all', async () => {
    const { out, host } = await runOn(['evidence', 'rejected', 'osv']);
    assert.match(out, /^osv +x\.json +not-json +no JSON$/m);
    assert.deepEqual(host.center.asked, [['evidenceRejections', 'default', 'osv']]);
    const all = await runOn(['evidence', 'rejected']);
    assert.deepEqual(all.host.center.asked, [['evidenceRejections', 'default', undefined]]);
  });

  test('profile put reads a file or stdin; what is no JSON is named', async (t) => {
    const folder = await temporaryFolder(t, 'cli');
    await writeFile(`${folder}/p.json`, '{"name":"x"}');
    const fromFile = await runOn(['profile', 'put', `${folder}/p.json`]);
    assert.deepEqual(fromFile.host.center.asked, [['putProfile', 'default', { name: 'x' }]]);
    const fromStdin = await runOn(['profile', 'put', '-'], { input: '{"name":"y"}' });
    assert.deepEqual(fromStdin.host.center.asked, [['putProfile', 'default', { name: 'y' }]]);
    const bad = await runOn(['profile', 'put', '-'], { input: '{' });
    assert.equal(bad.code, 1);
    assert.match(bad.err, /error: - is not JSON/);
    assert.equal((await runOn(['profile', 'put', '/none.json'])).code, 5);
  });

  test('profile list and show print revisions', async () => {
    assert.match((await runOn(['profile', 'list'])).out, /^mirror:full +mirror:full +mirror +sha256:111111111111$/m);
    assert.match((await runOn(['profile', 'show', 'mirror:full'])).out, /^revision +sha256:1{64}$/m);
  });
});

describe('run', () => {
  test('it waits for the end, shows the steps and prints the result of the contract', async () => {
    const { code, document } = await json('run', 'done');
    assert.equal(code, 0);
    const fields = 'run profile state reference digest setRoot records bytes bytesNew layers layersNew';
    assert.deepEqual(Object.keys(document), fields.split(' '));
    const { out } = await runOn(['run', 'done']);
    assert.match(out, /^size +2\.0 MB, 1 B new$/m);
  });

  test('every option reaches the request', async () => {
    const options = ['--to', 'h/r:t', '--base', 'none', '--accept-shrink', '--idempotency-key', 'k', '--detach'];
    const { code, host } = await runOn(['run', 'p', ...options]);
    assert.equal(code, 0);
    const request = { profile: 'p', to: 'h/r:t', base: 'none', acceptShrink: true, idempotencyKey: 'k' };
    assert.deepEqual(host.center.asked, [['startRun', 'default', request]]);
    assert.deepEqual(host.opened[0]?.options, { queueOnly: true });
  });

  test('a run that failed is told by its own code, message and hint', async () => {
    const { code, out, err } = await runOn(['run', 'fails', '--json']);
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(out), {
      error: {
        code: 'ERR_EXPORT_SHRUNK',
        message: 'osv/osv lost 30 % of its records',
        hint: 'use --accept-shrink',
      },
    });
    assert.match(err, /error: osv\/osv lost 30 % of its records\nhint: use --accept-shrink\n/);
  });

  test('Ctrl-C cancels the run, waits for its end and says so', async () => {
    const host = fakeHost();
    const started = Promise.withResolvers<void>();
    const original = { ...host.center };
    host.center.startRun = async (...args) => {
      setImmediate(started.resolve);
      return original.startRun(...args);
    };
    host.center.cancelRun = async (...args) => {
      host.center.emit(event(1, 'cancelled', 'cancelled'));
      return original.cancelRun(...args);
    };
    const ended = runCli(['run', 'p'], host);
    await started.promise;
    host.stop.abort();
    assert.equal(await ended, 1);
    assert.match(host.err(), /^cancelled\nerror: run r1 was cancelled\nhint: .+\n$/);
    assert.deepEqual(host.center.asked.at(-2), ['cancelRun', 'default', 'r1']);
  });

  test('--offline refuses a destination', async () => {
    const { code, host } = await runOn(['run', 'p', '--to', 'h/r', '--offline']);
    assert.equal(code, 7);
    assert.deepEqual(host.opened, []);
  });
});

describe('runs', () => {
  test('runs list shows what became of each', async () => {
    const { out, host } = await runOn(['runs', 'list', '--limit', '5']);
    assert.match(out, /^r1 +mirror:full +building +60 min ago$/m);
    assert.match(out, /^r2 +mirror:full +succeeded +60 min ago +3 +2\.0 MB +sha256:x$/m);
    assert.match(out, /^r3 +mirror:full +failed +60 min ago +ERR_EXPORT_SHRUNK$/m);
    assert.deepEqual(host.center.asked, [['runs', 'default', 5]]);
  });

  test('runs show prints a failure, runs watch ends with it', async () => {
    const shown = await runOn(['runs', 'show', 'r3']);
    assert.equal(shown.code, 0);
    assert.match(shown.out, /^error +ERR_EXPORT_SHRUNK: osv\/osv lost/m);
    assert.equal((await runOn(['runs', 'watch', 'r3'])).code, 1);
    assert.equal((await runOn(['runs', 'watch', 'r2'])).code, 0);
  });

  test('runs watch leaves the run alone when it is interrupted', async () => {
    const host = fakeHost();
    const following = Promise.withResolvers<void>();
    const original = { ...host.center };
    host.center.runEvents = (...args) => {
      following.resolve();
      return original.runEvents(...args);
    };
    const ended = runCli(['runs', 'watch', 'r1'], host);
    await following.promise;
    host.stop.abort();
    assert.equal(await ended, 1);
    assert.match(host.err(), /error: cancelled/);
    assert.ok(!host.center.asked.some(([name]) => name === 'cancelRun'));
  });

  test('runs cancel prints the run', async () => {
    assert.match((await runOn(['runs', 'cancel', 'r1'])).out, /^state +cancelled$/m);
  });
});

describe('keys and gc', () => {
  test('keys public prints the PEM alone', async () => {
    assert.equal((await runOn(['keys', 'public'])).out, '-----BEGIN PUBLIC KEY-----\nx\n');
  });

  test('keys show prints a key, and settings only for controllers that it knows and for named images', async () => {
    assert.match((await runOn(['keys', 'show'])).out, /^signs +yes$/m);
    const images = ['--images', 'exports.example/default/*'];
    const { out } = await runOn(['keys', 'show', '--as', 'kyverno', ...images]);
    assert.ok(out.includes('kind: ClusterPolicy') && out.includes('log'), out);
    for (const args of [['kyverno'], ['gatekeeper', ...images], ['kyverno', '--images', 'a\nb']]) {
      const { code, err } = await runOn(['keys', 'show', '--as', ...args]);
      assert.equal(code, 2, err);
    }
  });

  test('keys import takes the key from a file or stdin and the password from the environment', async (t) => {
    const folder = await temporaryFolder(t, 'cli');
    await writeFile(`${folder}/cosign.key`, 'KEY');
    const env = { HOME: '/', COSIGN_PASSWORD: 'cosign' };
    const fromFile = await runOn(['keys', 'import', `${folder}/cosign.key`], { env });
    assert.deepEqual(fromFile.host.center.asked, [['importKey', 'KEY', 'cosign']]);
    const both = { ...env, EXPORT_CENTER_KEY_PASSWORD: 'ours' };
    const fromStdin = await runOn(['keys', 'import'], { env: both, input: 'KEY2' });
    assert.deepEqual(fromStdin.host.center.asked, [['importKey', 'KEY2', 'ours']]);
    assert.doesNotMatch(fromFile.out + fromFile.err + fromStdin.out + fromStdin.err, /cosign\b|ours|KEY2/);
  });

  test('an encrypted key without a password and without a terminal is refused', async (t) => {
    const folder = await temporaryFolder(t, 'cli');
    await writeFile(`${folder}/cosign.key`, '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----');
    const { code, host } = await runOn(['keys', 'import', `${folder}/cosign.key`]);
    assert.equal(code, 2);
    assert.deepEqual(host.center.asked, []);
  });

  test('gc tells what it removed, or would remove', async () => {
    assert.equal((await runOn(['gc'])).out, 'removed 3 blobs, 4.1 kB\n');
    assert.equal((await runOn(['gc', '--dry-run'])).out, 'would remove 3 blobs, 4.1 kB\n');
    assert.deepEqual((await json('gc', '--dry-run')).document, { dryRun: true, blobs: 3, bytes: 4_096 });
  });

  test('scrub names what is wrong with exit code 3, and says when all is right', async () => {
    const wrong = await runOn(['scrub', '--json']);
    assert.equal(wrong.code, 3);
    assert.deepEqual(wrong.host.center.asked, [['scrub', { bytesPerSecond: 50 * 1_048_576 }]]);
    const { ok, blobs, bytes, quarantined, missing } = JSON.parse(wrong.out) as Record<string, unknown>;
    assert.deepEqual([ok, blobs, bytes], [false, 2, 1_000]);
    const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
    assert.deepEqual(quarantined, [
      { digest: sha256('damaged'), reason: 'other bytes', repositories: ['default/mirror'] },
    ]);
    assert.deepEqual(missing, [
      { digest: sha256('lost'), reason: 'not stored', repositories: ['default/a', 'default/b'] },
    ]);
    const right = await runOn(['scrub', '--rate', '1']);
    assert.deepEqual([right.code, right.out], [0, 'all is right: 2 blobs, 1.0 kB\n']);
    assert.deepEqual((await runOn(['scrub', '--rate', '0'])).host.center.asked, [['scrub', {}]]);
    assert.equal((await runOn(['scrub', '--rate', 'fast'])).code, 2);
  });
});

describe('how commands end', () => {
  /** The exit codes of contract.md. */
  const codes: readonly (readonly [ErrorCode, number])[] = [
    ['INTERNAL', 1],
    ['CONFLICT', 1],
    ['USAGE', 2],
    ['VERIFICATION_FAILED', 3],
    ['DIGEST_MISMATCH', 3],
    ['UNREACHABLE', 4],
    ['NOT_FOUND', 5],
    ['UNAUTHORIZED', 6],
    ['DENIED', 6],
    ['OFFLINE', 7],
  ];
  for (const [code, exitCode] of codes) {
    test(`${code} ends with exit code ${exitCode}`, async () => {
      const host = fakeHost();
      host.center.keys = () => Promise.reject(new ExportError(code, 'it is so', { hint: 'do this' }));
      assert.equal(await runCli(['keys', 'list', '--json'], host), exitCode);
      assert.deepEqual(JSON.parse(host.out()), { error: { code, message: 'it is so', hint: 'do this' } });
      assert.equal(host.err(), 'error: it is so\nhint: do this\n');
    });
  }

  test('an error that nobody caught ends a command', async () => {
    const host = fakeHost();
    const asked = Promise.withResolvers<void>();
    host.center.keys = () => {
      asked.resolve();
      return Promise.withResolvers<never>().promise;
    };
    const ended = runCli(['keys', 'list'], host);
    await asked.promise;
    host.crash.abort(new Error('out of the blue'));
    assert.equal(await ended, 1);
    assert.match(host.err(), /^error: out of the blue\nhint: set EXPORT_CENTER_DEBUG=1/);
  });

  test('text from outside cannot write to the terminal what it likes', async () => {
    const host = fakeHost();
    host.center.evidenceRejections = () =>
      Promise.resolve([{ source: 'osv', path: '\u001b[2Jx', code: 'bad-path', message: 'a\rb\nc', at: '' }]);
    assert.equal(await runCli(['evidence', 'rejected'], host), 0);
    assert.doesNotMatch(host.out().replaceAll('\n', ''), /\p{Cc}/u);
  });
});
