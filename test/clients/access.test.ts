// Stock clients with tokens of a tenant: each logs in by its own command, a publisher's and a reader's, and gets what the
// role says; after the token was revoked it gets nothing.

import assert from 'node:assert/strict';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import type { CreatedToken } from '../../src/runs/access-center.ts';
import type { RunResult } from '../../src/runs/center.ts';
import { judge, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { mustRun, runProgram } from '../support/run-program.ts';
import { exportCenterJson, runExportCenter, startService, type Service } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];

describe('clients with a token of a tenant', () => {
  const scope = suiteScope();
  let service: Service;
  let folder = '';
  /** By the name on which stock clients take plain HTTP for granted. */
  let url = '';
  let key = '';
  let published: RunResult;
  const tokens = new Map<string, CreatedToken>();

  /** Makes a token and has it in `tokens` under its name. */
  async function makeToken(name: string, ...options: string[]): Promise<CreatedToken> {
    const args = ['token', 'create', name, '--tenant', 'acme', ...options, '--data', service.data];
    const token = (await exportCenterJson(args)) as CreatedToken;
    tokens.set(name, token);
    return token;
  }

  const textOf = (name: string): string => tokens.get(name)?.token ?? '';

  /** A home of its own for a client, without what the person who runs the tests is logged in to. */
  async function homeOf(name: string): Promise<Environment> {
    const home = join(folder, name);
    await mkdir(home, { recursive: true });
    const none = { ORAS_CACHE: undefined, XDG_RUNTIME_DIR: undefined, COSIGN_REPOSITORY: undefined };
    const authfile = join(home, 'config.json');
    return { ...none, HOME: home, XDG_CONFIG_HOME: home, DOCKER_CONFIG: home, REGISTRY_AUTH_FILE: authfile };
  }

  /** cosign 2.6 wants a trusted root too. */
  const trustOf = (name: 'cosign' | 'cosign2'): string[] =>
    name === 'cosign' ? [] : ['--trusted-root', join(service.data, 'trust', 'trusted_root.json')];

  before(async () => {
    service = await startService(scope);
    url = `http://${service.host}`;
    folder = await temporaryFolder(scope, 'access-clients');
    await exportCenterJson(['tenant', 'add', 'acme', '--data', service.data]);
    await makeToken('publisher', '--role', 'publisher');
    await makeToken('reader');
    await makeToken('narrow', '--role', 'publisher', '--repository', 'team/*');
    key = join(folder, 'cosign.pub');
    await writeFile(key, (await runExportCenter(['keys', 'public', '--data', service.data])).stdout);
    const env = await homeOf('product');
    const login = await runExportCenter(['login', url], { env, input: textOf('publisher') });
    assert.equal(login.code, 0, login.stderr);
    assert.match(login.stdout, /as publisher \(publisher of tenant acme\)/);
    const elsewhere = ['--server', url, '--tenant', 'acme'];
    await exportCenterJson(['ingest', 'osv', sampleEvidence.day1, ...elsewhere], { env });
    published = (await exportCenterJson(['run', 'mirror:full', ...elsewhere], { env })) as RunResult;
  });

  it('our own command line ingested and ran as a publisher, and may no more than that', async () => {
    assert.match(published.reference, /\/acme\/mirror/);
    const env = await homeOf('product');
    const refused = async (...args: string[]): Promise<void> => {
      const { code, stderr } = await runExportCenter([...args, '--server', url], { env });
      assert.equal(code, 6, `${args.join(' ')}: ${stderr}`);
    };
    await refused('runs', 'list');
    await refused('ingest', 'osv', sampleEvidence.day1);
    await refused('run', 'mirror:full', '--tenant', 'acme', '--to', 'registry.example/acme/mirror');
    await refused('keys', 'list');
    await refused('token', 'list');
    await refused('tenant', 'add', 'beta');
    const mirror = join(folder, 'own-mirror');
    const reference = `${service.host}/acme/mirror:latest`;
    const pulled = (await exportCenterJson(['mirror', 'pull', reference, mirror, '--key', key], { env })) as RunResult;
    assert.equal(pulled.digest, published.digest);
  });

  it('oras: a publisher pushes, a reader pulls and does not push, a stranger and a narrow token do neither', async (t) => {
    if (skipWithout('oras')) return t.skip(String(skipWithout('oras')));
    const oras = judge('oras');
    const { host } = service;
    const [publisher, reader, narrow, stranger] = await Promise.all(
      ['publisher', 'reader', 'narrow', 'stranger'].map((name) => homeOf(`oras-${name}`)),
    );
    for (const [env, name] of [
      [publisher, 'publisher'],
      [reader, 'reader'],
      [narrow, 'narrow'],
    ] as const) {
      const login = ['login', host, '-u', `any-${name}`, '--password-stdin'];
      await mustRun(oras, login, { env: env ?? {}, input: textOf(name) });
    }
    const wrong = await runProgram(oras, ['login', host, '-u', 'x', '--password-stdin'], {
      env: stranger ?? {},
      input: `${textOf('reader').slice(0, -1)}_`,
    });
    assert.notEqual(wrong.code, 0);
    await writeFile(join(folder, 'note.txt'), 'a note\n');
    const push = (env: Environment = {}, repository = 'acme/notes') =>
      runProgram(oras, ['push', `${host}/${repository}:v1`, 'note.txt:text/plain'], { cwd: folder, env });
    const pushed = await push(publisher);
    assert.equal(pushed.code, 0, pushed.stderr);
    assert.equal((await push(narrow, 'acme/team/notes')).code, 0);
    for (const env of [reader, narrow, stranger]) assert.notEqual((await push(env)).code, 0);
    assert.notEqual((await push(publisher, 'default/notes')).code, 0, 'not even where everybody may read');
    const pull = (env: Environment = {}) =>
      runProgram(oras, ['cp', '-r', `${host}/acme/mirror:latest`, '--to-oci-layout', `${env['HOME']}/m:latest`], {
        env,
      });
    assert.equal((await pull(reader)).code, 0);
    for (const env of [narrow, stranger]) assert.notEqual((await pull(env)).code, 0);
  });

  it('crane: auth login, what a reader may, and a copy by a publisher', async (t) => {
    if (skipWithout('crane')) return t.skip(String(skipWithout('crane')));
    const crane = judge('crane');
    const env = await homeOf('crane');
    const mirror = `${service.host}/acme/mirror:latest`;
    assert.notEqual((await runProgram(crane, ['digest', mirror], { env })).code, 0);
    await mustRun(crane, ['auth', 'login', service.host, '-u', 'crane', '--password-stdin'], {
      env,
      input: textOf('reader'),
    });
    assert.equal((await mustRun(crane, ['digest', mirror], { env })).trim(), published.digest);
    assert.match(await mustRun(crane, ['ls', `${service.host}/acme/mirror`], { env }), /^latest$/m);
    const tag = await runProgram(crane, ['tag', mirror, 'mine'], { env });
    assert.notEqual(tag.code, 0);
    const copy = ['copy', mirror, `${service.host}/acme/copy:v1`];
    assert.notEqual((await runProgram(crane, copy, { env })).code, 0);
    const login = ['auth', 'login', service.host, '-u', 'crane', '--password-stdin'];
    await mustRun(crane, login, { env, input: textOf('publisher') });
    await mustRun(crane, copy, { env });
    assert.equal((await mustRun(crane, ['digest', `${service.host}/acme/copy:v1`], { env })).trim(), published.digest);
  });

  for (const name of ['cosign', 'cosign2'] as const) {
    it(`${name}: login, and a reader verifies a private bundle`, async (t) => {
      if (skipWithout(name)) return t.skip(String(skipWithout(name)));
      const env = await homeOf(name);
      const reference = `${service.host}/acme/mirror:latest`;
      const verify = ['verify', '--key', key, '--insecure-ignore-tlog', ...trustOf(name), reference];
      assert.notEqual((await runProgram(judge(name), verify, { env })).code, 0);
      const login = ['login', service.host, '-u', 'any', '--password-stdin'];
      await mustRun(judge(name), login, { env, input: textOf('reader') });
      assert.ok((await mustRun(judge(name), verify, { env })).includes(published.digest));
    });

    it(`${name}: a publisher attaches a signature of their own, a reader does not`, async (t) => {
      if (skipWithout(name, 'crane')) return t.skip(String(skipWithout(name, 'crane')));
      const home = await homeOf(`${name}-signs`);
      const env = { ...home, COSIGN_PASSWORD: '' };
      const cwd = join(folder, `${name}-signs`);
      const run = (args: readonly string[], input = '') => runProgram(judge(name), args, { env, cwd, input });
      const must = async (args: readonly string[], input?: string): Promise<void> => {
        const { code, stderr } = await run(args, input);
        assert.equal(code, 0, stderr);
      };
      await must(['generate-key-pair']);
      const subject = `${service.host}/acme/${name}@${published.digest}`;
      const offline = ['--tlog-upload=false', '--new-bundle-format=false', '--use-signing-config=false'];
      const known = name === 'cosign' ? offline : offline.slice(0, 1);
      const sign = ['sign', '--key', 'cosign.key', '-y', ...known, subject];
      const login = ['login', service.host, '-u', 'any', '--password-stdin'];
      await must(login, textOf('publisher'));
      await mustRun(judge('crane'), ['copy', `${service.host}/acme/mirror:latest`, `${service.host}/acme/${name}:v1`], {
        env,
      });
      await must(login, textOf('reader'));
      assert.notEqual((await run(sign)).code, 0);
      await must(login, textOf('publisher'));
      await must(sign);
      const legacy =
        name === 'cosign' ? ['--new-bundle-format=false'] : ['--new-bundle-format=false', ...trustOf(name)];
      await must(['verify', '--key', 'cosign.pub', '--insecure-ignore-tlog', ...legacy, subject]);
    });
  }

  it('skopeo: login, copies as a publisher, only inspects as a reader', async (t) => {
    if (skipWithout('skopeo')) return t.skip(String(skipWithout('skopeo')));
    const skopeo = judge('skopeo');
    const login = async (name: string): Promise<Environment> => {
      const env = await homeOf(`skopeo-${name}`);
      const args = ['login', '--tls-verify=false', '-u', 'any', '--password-stdin', service.host];
      await mustRun(skopeo, args, { env, input: textOf(name) });
      return env;
    };
    const from = `docker://${service.host}/acme/mirror:latest`;
    const copy = (env: Environment, to: string) =>
      runProgram(skopeo, ['--insecure-policy', 'copy', '-q', '--all', ...plain, from, to], { env });
    const publisher = await login('publisher');
    const copied = await copy(publisher, `docker://${service.host}/acme/again:latest`);
    assert.equal(copied.code, 0, copied.stderr);
    assert.notEqual((await copy(publisher, `docker://${service.host}/default/again:latest`)).code, 0);
    const reader = await login('reader');
    const raw = ['inspect', '--raw', '--tls-verify=false', from];
    assert.match(await mustRun(skopeo, raw, { env: reader }), /"manifests"/);
    assert.notEqual((await copy(reader, `docker://${service.host}/acme/mine:latest`)).code, 0);
  });

  it('trivy: logs in and takes a database that is not for everybody', async (t) => {
    if (skipWithout('trivy')) return t.skip(String(skipWithout('trivy')));
    const elsewhere = ['--server', url, '--tenant', 'acme'];
    await exportCenterJson(['run', 'trivy:db', ...elsewhere], { env: await homeOf('product') });
    const env = await homeOf('trivy');
    const cache = join(folder, 'trivy-cache');
    const db = ['--db-repository', `${service.host}/acme/trivy-db:2`, '--cache-dir', cache];
    const download = ['fs', '--quiet', '--download-db-only', ...db];
    const login = (name: string): Promise<string> => {
      const args = ['registry', 'login', service.host, '--username', 'any', '--password-stdin'];
      return mustRun(judge('trivy'), args, { env, input: textOf(name) });
    };
    assert.notEqual((await runProgram(judge('trivy'), download, { env })).code, 0, 'without a login');
    await login('narrow');
    assert.notEqual(
      (await runProgram(judge('trivy'), download, { env })).code,
      0,
      'with a token for other repositories',
    );
    await login('reader');
    await mustRun(judge('trivy'), download, { env });
    assert.ok((await stat(join(cache, 'db', 'trivy.db'))).size > 0);
  });

  it('a repository that was opened is there for everybody, until it is closed', async (t) => {
    if (skipWithout('crane')) return t.skip(String(skipWithout('crane')));
    const env = await homeOf('everybody');
    const digest = () => runProgram(judge('crane'), ['digest', `${service.host}/acme/mirror:latest`], { env });
    await exportCenterJson(['tenant', 'open', 'acme', 'mirror', '--data', service.data]);
    assert.equal((await digest()).stdout.trim(), published.digest);
    await exportCenterJson(['tenant', 'close', 'acme', 'mirror', '--data', service.data]);
    assert.notEqual((await digest()).code, 0);
  });

  it('a token that was revoked opens nothing at the next request', async (t) => {
    if (skipWithout('crane')) return t.skip(String(skipWithout('crane')));
    const { id, token } = await makeToken('leaver');
    const env = await homeOf('leaver');
    const reference = `${service.host}/acme/mirror:latest`;
    const digest = () => runProgram(judge('crane'), ['digest', reference], { env });
    const login = ['auth', 'login', service.host, '-u', 'crane', '--password-stdin'];
    await mustRun(judge('crane'), login, { env, input: token });
    assert.equal((await digest()).code, 0);
    await exportCenterJson(['token', 'revoke', id, '--data', service.data]);
    assert.notEqual((await digest()).code, 0);
    const list = ['audit', 'list', '--data', service.data];
    const { entries } = (await exportCenterJson(list)) as { entries: { action: string; actor: string }[] };
    assert.ok(entries.some(({ action, actor }) => action === 'access.refused' && actor === `leaver (${id})`));
    assert.ok(!JSON.stringify(entries).includes(token));
  });
});
