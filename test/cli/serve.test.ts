// The service as a process: ready line, one origin, commands through it, its end, TLS, and what it refuses.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { judgeOrSkip } from '../judges.ts';
import { startPostgres } from '../support/postgres.ts';
import { exportCenterJson, runExportCenter, startService, type Service } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { privateAuthority } from '../api/private-authority.ts';

const day1 = join(import.meta.dirname, '../../registry-fixtures/osv/day-1.jsonl.gz');

type Listed = { runs: { run: string; state: string }[] };

async function ask(service: Service, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${await service.operatorToken()}` };
  return fetch(service.url + path, { ...init, headers });
}

const runsOf = (...args: string[]) => exportCenterJson(['runs', 'list', ...args]) as Promise<Listed>;

async function inFolder(t: TestContext) {
  return ['--data', join(await temporaryFolder(t, 'data'), 'd')];
}

describe('the service', () => {
  test('registry, API and health are on one origin once it says that it is ready', async (t) => {
    const service = await startService(t);
    assert.match(service.program.output(), /^export-center ready http:\/\/127\.0\.0\.1:\d+$/m);
    assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
    assert.equal((await fetch(`${service.url}/v2/`)).status, 401);
    assert.equal((await fetch(`${service.url}/api/v1`)).status, 401);
    assert.equal((await ask(service, '/api/v1')).status, 200);
    assert.equal((await fetch(`${service.url}/openapi.json`)).status, 200);
  });

  test('metrics say when the metadata of TUF repositories expires, and name no tenant', async (t) => {
    const service = await startService(t);
    const text = await (await fetch(`${service.url}/metrics`)).text();
    const series = [...text.matchAll(/^export_center_tuf_expiry_seconds\{kind="(\w+)",role="(\w+)"\} (\S+)$/gm)];
    const days = new Map(series.map(([, kind, role, seconds]) => [`${kind} ${role}`, Number(seconds) / 86_400]));
    const expected = { root: 365, targets: 365, snapshot: 14, timestamp: 1 };
    for (const kind of ['trust', 'tenant']) {
      for (const [role, valid] of Object.entries(expected)) {
        const left = days.get(`${kind} ${role}`) ?? 0;
        assert.ok(left <= valid && left > valid - 0.01, `${kind} ${role}: ${left}`);
      }
    }
    assert.ok(days.has('tenant delegated') && !text.includes('default'));
  });

  test('the first start makes the signing key, later ones keep it', async (t) => {
    const service = await startService(t);
    const data = ['--data', service.data];
    const first = (await exportCenterJson(['keys', 'public', ...data])) as { publicKey: string };
    assert.match(first.publicKey, /^-----BEGIN PUBLIC KEY-----\n/);
    await service.program.stop();
    await startService(t, { data: service.data });
    assert.deepEqual(await exportCenterJson(['keys', 'public', ...data]), first);
  });

  test('commands on its folder go through it, and give what they give without it', async (t) => {
    const service = await startService(t);
    const data = ['--data', service.data];
    await exportCenterJson(['ingest', 'osv', day1, ...data]);
    const first = (await exportCenterJson(['run', 'mirror:full', ...data])) as { digest: string; reference: string };
    assert.match(first.reference, new RegExp(`^${service.host}/default/mirror`));
    const through = await runsOf(...data);
    const evidence = await exportCenterJson(['evidence', 'list', ...data]);
    await service.program.stop();
    assert.equal((await service.program.ended).code, 0);
    assert.deepEqual(await runsOf(...data), through);
    const without = (await exportCenterJson(['evidence', 'list', ...data])) as { sources: { ageSeconds?: number }[] };
    for (const list of [without, evidence as typeof without]) delete list.sources[0]?.ageSeconds;
    assert.deepEqual(without, evidence);
    const second = (await exportCenterJson(['run', 'mirror:full', ...data])) as { digest: string; bytesNew: number };
    assert.deepEqual([second.digest, second.bytesNew], [first.digest, 0]);
  });

  test('from another machine files are sent, and the token comes from login', async (t) => {
    const service = await startService(t);
    const folder = await temporaryFolder(t, 'home');
    const env = { XDG_CONFIG_HOME: folder, HOME: folder };
    const server = ['--server', service.url, '--json'];
    const nameless = await runExportCenter(['ingest', 'osv', day1, ...server], { env });
    assert.equal(nameless.code, 6);
    assert.match(nameless.stderr, /hint: run export-center login/);
    const wrong = await runExportCenter(['login', service.url], { env, input: 'wrongwrongwrong\n' });
    assert.equal(wrong.code, 6);
    const right = await runExportCenter(['login', service.url], { env, input: `${await service.operatorToken()}\n` });
    assert.equal(right.code, 0, right.stderr);
    const sent = await runExportCenter(['ingest', 'osv', day1, ...server], { env });
    assert.equal(sent.code, 0, sent.stderr);
    const { sources } = (await exportCenterJson(['evidence', 'list', '--data', service.data])) as {
      sources: { stateSha256: string }[];
    };
    const local = await inFolder(t);
    await exportCenterJson(['ingest', 'osv', day1, ...local]);
    const { sources: want } = (await exportCenterJson(['evidence', 'list', ...local])) as { sources: typeof sources };
    assert.equal(sources[0]?.stateSha256, want[0]?.stateSha256);
  });

  test('a detached run on a folder waits for a service, which then executes it', async (t) => {
    const data = await temporaryFolder(t, 'data');
    await exportCenterJson(['ingest', 'osv', day1, '--data', data]);
    const { run, state } = (await exportCenterJson([
      'run',
      'json:raw',
      '--detach',
      '--data',
      data,
    ])) as Listed['runs'][0] & object;
    assert.equal(state, 'queued');
    await startService(t, { data });
    const watched = await runExportCenter(['runs', 'watch', run, '--data', data, '--json']);
    assert.equal(watched.code, 0, watched.stderr);
    assert.equal((JSON.parse(watched.stdout) as { state: string }).state, 'succeeded');
  });
});

describe('the end of the service', () => {
  test('a request in flight is answered after SIGTERM, then it ends with 0 and lets go of its folder', async (t) => {
    const service = await startService(t);
    const token = await service.operatorToken();
    const answered = Promise.withResolvers<number | undefined>();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const open = request(`${service.url}/api/v1/gc`, { method: 'POST', headers }, (response) => {
      response.resume();
      response.once('end', () => answered.resolve(response.statusCode));
    });
    open.once('error', answered.reject);
    open.write('{"dryRun":');
    // The head and half of the body are there once another request, sent later, is answered.
    await ask(service, '/api/v1');
    service.program.signal('SIGTERM');
    await untilRefused(service.url);
    open.end('true}');
    assert.equal(await answered.promise, 200);
    assert.deepEqual(await service.program.ended, { code: 0, signal: null });
    assert.equal(existsSync(join(service.data, 'service.json')), false);
  });

  test('who follows a run does not hold it up', async (t) => {
    const service = await startService(t);
    const data = ['--data', service.data];
    const { run } = (await exportCenterJson(['run', 'json:raw', '--detach', ...data])) as { run: string };
    const events = await ask(service, `/api/v1/runs/${run}/events`);
    assert.equal(events.status, 200);
    service.program.signal('SIGTERM');
    await events.text();
    assert.equal((await service.program.ended).code, 0);
  });

  test('killed, it leaves an announcement that nobody believes', async (t) => {
    const service = await startService(t);
    await service.program.stop('SIGKILL');
    assert.equal(existsSync(join(service.data, 'service.json')), true);
    assert.deepEqual(await runsOf('--data', service.data), { runs: [] });
    await startService(t, { data: service.data });
  });
});

describe('the service on PostgreSQL', () => {
  test('it is not ready while the database is away, gives the digest of SQLite, and ends with 0', async (t) => {
    if (judgeOrSkip(t, 'postgres') === undefined) return;
    const postgres = await startPostgres(t);
    const service = await startService(t, { env: { DATABASE_URL: await postgres.createDatabase('service') } });
    const data = ['--data', service.data];
    await exportCenterJson(['ingest', 'osv', day1, ...data]);
    await postgres.kill();
    assert.equal((await fetch(`${service.url}/readyz`)).status, 503);
    assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
    await postgres.start();
    const run = (await exportCenterJson(['run', 'mirror:full', ...data])) as { digest: string };
    assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
    await service.program.stop();
    assert.equal((await service.program.ended).code, 0);
    const local = await inFolder(t);
    await exportCenterJson(['ingest', 'osv', day1, ...local]);
    const same = (await exportCenterJson(['run', 'mirror:full', ...local])) as { digest: string };
    assert.equal(run.digest, same.digest);
  });
});

describe('what the service refuses', () => {
  test('a second one on the same folder', async (t) => {
    const { data, url } = await startService(t);
    const second = await runExportCenter(['serve', '--listen', '127.0.0.1:0', '--data', data, '--json']);
    assert.equal(second.code, 1);
    const { error } = JSON.parse(second.stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, 'CONFLICT');
    assert.ok(error.message.includes(url));
  });

  test('an address that is taken', async (t) => {
    const { url } = await startService(t);
    const args = ['serve', '--listen', new URL(url).host, ...(await inFolder(t))];
    const second = await runExportCenter(args);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /error: cannot listen on .*: another program listens there/);
  });
});

describe('the service with TLS', () => {
  test('strangers need the authority; the folder’s own commands do not', async (t) => {
    const folder = await temporaryFolder(t, 'tls');
    const { ca, cert, key } = await privateAuthority(folder);
    for (const [name, text] of Object.entries({ ca, cert, key })) await writeFile(`${folder}/${name}.pem`, text);
    const args = ['--tls-cert', `${folder}/cert.pem`, '--tls-key', `${folder}/key.pem`];
    const service = await startService(t, { args: [...args, '--public-url', 'https://exports.example'] });
    assert.match(service.url, /^https:/);
    assert.deepEqual(await runsOf('--data', service.data), { runs: [] });
    const env = { EXPORT_CENTER_TOKEN: await service.operatorToken() };
    const server = ['runs', 'list', '--json', '--server', `https://${service.host}`];
    const trusting = await runExportCenter([...server, '--ca-file', `${folder}/ca.pem`], { env });
    assert.equal(trusting.code, 0, trusting.stderr);
    const stranger = await runExportCenter(server, { env });
    assert.equal(stranger.code, 4);
    assert.match(stranger.stderr, /hint: trust the certificate authority of this host with --ca-file/);
    const { address } = JSON.parse(await readFile(join(service.data, 'service.json'), 'utf8')) as { address: string };
    const realm = (await fetch(`${address}/v2/`)).headers.get('www-authenticate');
    assert.match(realm ?? '', /realm="https:\/\/exports\.example\/token"/);
  });
});

describe('the service with a rate for its tenants', () => {
  test('tells who asks too much to wait, and refuses what is no rate', async (t) => {
    const service = await startService(t, { args: ['--tenant-rate', '0.5'] });
    const path = `${service.url}/v2/acme/mirror/tags/list`;
    assert.notEqual((await fetch(path)).status, 429);
    const limited = await fetch(path);
    assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '2']);
    const refused = await runExportCenter(['serve', '--tenant-rate', 'many', ...(await inFolder(t))]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--tenant-rate takes a number/);
  });
});

/** Resolves once the service takes no new connections. */
async function untilRefused(url: string): Promise<void> {
  for (;;) {
    try {
      await (await fetch(`${url}/healthz`, { headers: { connection: 'close' } })).text();
    } catch {
      return;
    }
  }
}
