// What the command line says about itself, and what it refuses.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runOn } from './fake-host.ts';

/** The commands of contract.md. */
const commands = [
  'serve',
  'ingest',
  'evidence list',
  'evidence show',
  'evidence rejected',
  'profile list',
  'profile show',
  'profile put',
  'run',
  'runs list',
  'runs show',
  'runs watch',
  'runs cancel',
  'mirror pull',
  'mirror records',
  'mirror changes',
  'mirror push',
  'mirror doctor',
  'extract',
  'verify',
  'keys generate',
  'keys import',
  'keys list',
  'keys public',
  'keys show',
  'tenant add',
  'tenant list',
  'tenant open',
  'tenant close',
  'token create',
  'token list',
  'token revoke',
  'audit list',
  'login',
  'gc',
  'scrub',
];

const everywhere = ['--data', '--server', '--tenant', '--ca-file', '--json', '--quiet', '--offline'];

describe('--help', () => {
  for (const command of commands) {
    test(`${command} shows an example of itself and the options that are everywhere`, async () => {
      const { code, out, err } = await runOn([...command.split(' '), '--help']);
      assert.equal(code, 0);
      assert.equal(err, '');
      assert.match(out, new RegExp(`Examples:\n  export-center ${command}\\b`));
      for (const option of everywhere) assert.ok(out.includes(option), option);
    });
  }

  for (const group of ['', 'evidence', 'profile', 'runs', 'mirror', 'keys', 'tenant', 'token', 'audit']) {
    test(`${group || 'the program'} without a command shows its help and is a usage error`, async () => {
      const { code, out, err } = await runOn(group === '' ? [] : [group]);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.match(err, /Usage: export-center.*Examples:/s);
    });
  }

  test('the exit codes are listed', async () => {
    const { out } = await runOn(['--help']);
    assert.match(out, /0 ok, 1 failed, 2 usage, 3 verification failed, 4 unreachable, 5 not found/);
  });

  test('--version prints the version', async () => {
    assert.equal((await runOn(['--version'])).out, '1.2.3\n');
  });
});

describe('usage errors', () => {
  const cases: readonly { args: string[]; error: RegExp; hint: RegExp }[] = [
    { args: ['fly'], error: /^error: unknown command 'fly'$/m, hint: /^hint: see export-center --help$/m },
    {
      args: ['runs', 'lis'],
      error: /unknown command 'lis'/,
      hint: /did you mean list\? see export-center runs --help/,
    },
    { args: ['runs', 'list', '--far'], error: /unknown option '--far'/, hint: /see export-center runs list --help/ },
    { args: ['run'], error: /missing required argument 'profile'/, hint: /see export-center run --help/ },
    { args: ['run', 'a', 'b'], error: /too many arguments/, hint: /see export-center run --help/ },
    { args: ['runs', 'list', '--limit', '0'], error: /--limit takes a number/, hint: /^/ },
    { args: ['serve', '--listen', 'nowhere'], error: /not an address to listen on/, hint: /HOST:PORT/ },
    { args: ['serve', '--tls-cert', 'x.pem'], error: /belong together/, hint: /^/ },
    { args: ['serve', '--public-url', 'ftp://x'], error: /not a public URL/, hint: /HOST/ },
  ];
  for (const { args, error, hint } of cases) {
    test(`${args.join(' ')}: exit code 2, error and hint on stderr, nothing on stdout`, async () => {
      const { code, out, err } = await runOn(args);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.match(err, error);
      assert.match(err, hint);
    });

    test(`${args.join(' ')} --json: one document with code, message and hint`, async () => {
      const { code, out } = await runOn([...args, '--json']);
      assert.equal(code, 2);
      const document = JSON.parse(out) as { error: { [name: string]: unknown } };
      assert.deepEqual(Object.keys(document), ['error']);
      assert.deepEqual(Object.keys(document.error), ['code', 'message', 'hint']);
      assert.equal(document.error['code'], 'USAGE');
    });
  }

  test('a token cannot be given on the command line, where everybody could read it', async () => {
    const { code, err } = await runOn(['runs', 'list', '--token', 'x']);
    assert.equal(code, 2);
    assert.match(err, /unknown option '--token'/);
  });
});

describe('the options that are everywhere', () => {
  test('they are taken before and after the command', async () => {
    for (const args of [
      ['--data', 'd', '--tenant', 'acme', '--offline', 'runs', 'list'],
      ['runs', '--data', 'd', 'list', '--tenant', 'acme', '--offline'],
    ]) {
      const { code, host } = await runOn(args);
      assert.equal(code, 0);
      const { settings } = host.opened[0] ?? assert.fail('nothing was opened');
      assert.equal(settings.data, '/work/d');
      assert.equal(settings.tenant, 'acme');
      assert.equal(settings.offline, true);
    }
  });

  const folders: readonly { env: { [name: string]: string }; want: string }[] = [
    { env: { HOME: '/home/me' }, want: '/home/me/.local/share/export-center' },
    { env: { HOME: '/home/me', XDG_DATA_HOME: '/xdg' }, want: '/xdg/export-center' },
    { env: { HOME: '/home/me', EXPORT_CENTER_DATA: 'here' }, want: '/work/here' },
    { env: { HOME: '/home/me', EXPORT_CENTER_DATA: '' }, want: '/home/me/.local/share/export-center' },
  ];
  for (const { env, want } of folders) {
    test(`the data folder with ${JSON.stringify(env)} is ${want}`, async () => {
      const { host } = await runOn(['runs', 'list'], { env });
      assert.equal(host.opened[0]?.settings.data, want);
    });
  }

  test('the server comes from the environment, an option goes first', async () => {
    const env = { HOME: '/', EXPORT_CENTER_SERVER: 'http://a' };
    assert.equal((await runOn(['runs', 'list'], { env })).host.opened[0]?.settings.server, 'http://a');
    const { host } = await runOn(['runs', 'list', '--server', 'http://b'], { env });
    assert.equal(host.opened[0]?.settings.server, 'http://b');
  });

  test('a file of authorities that is not there is named', async () => {
    const { code, err } = await runOn(['runs', 'list', '--ca-file', '/none.pem']);
    assert.equal(code, 5);
    assert.match(err, /error: \/none\.pem cannot be read/);
  });
});
