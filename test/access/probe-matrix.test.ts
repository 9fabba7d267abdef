// Every route of /v2 and /api, asked by every role of the own and of another tenant and by strangers. The requests are made
// from the route tables themselves; who may do what is written down here, so a route that nobody thought about fails.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Role } from '../../src/access/roles.ts';
import { parseDigest } from '../../src/core/digest.ts';
import { routes } from '../../src/registry/server/routes.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { basic, bearer, isDenied, openDoorWorld, tokensOf, trade, type Answer, type DoorWorld } from './door-world.ts';

const mayDo: { readonly [role in Role]: readonly string[] } = {
  reader: ['pull'],
  publisher: ['pull', 'push'],
  operator: ['pull', 'push', 'delete'],
};

/** Which role of the tenant each operation needs; `installation` is for the operator of all tenants. */
const needs: { readonly [operationId: string]: Role | 'any' | 'installation' } = {
  greet: 'any',
  showTrust: 'any',
  downloadBundle: 'reader',
  listEvidence: 'reader',
  showEvidence: 'reader',
  listRejectedEvidence: 'reader',
  listProfiles: 'reader',
  showProfile: 'reader',
  listRuns: 'reader',
  showRun: 'reader',
  followRun: 'reader',
  ingest: 'publisher',
  ingestUpload: 'publisher',
  startRun: 'publisher',
  cancelRun: 'publisher',
  putProfile: 'operator',
  listKeys: 'installation',
  generateKey: 'installation',
  signFile: 'installation',
  importKey: 'installation',
  activateKey: 'installation',
  retireKey: 'installation',
  collectGarbage: 'installation',
  scrub: 'installation',
  listTenants: 'installation',
  addTenant: 'installation',
  setPullRule: 'installation',
  listTokens: 'installation',
  createToken: 'installation',
  revokeToken: 'installation',
  listAudit: 'installation',
  showTuf: 'installation',
  initTuf: 'installation',
  draftTuf: 'installation',
  publishTuf: 'installation',
  makeTufKit: 'installation',
};

/** Paths that need nobody's leave. */
const open = ['/healthz', '/readyz', '/metrics', '/openapi.json'];

const strength: readonly string[] = ['reader', 'publisher', 'operator'];

type Probe = { readonly method: string; readonly path: string };
type RegistryProbe = Probe & { readonly action: string };
type ApiProbe = Probe & { readonly need: string };

/** A request for each method of each route of the registry's table, to one repository. */
function registryProbes(repository: string, reference: string): RegistryProbe[] {
  return routes.flatMap(({ pattern, methods }) => {
    const path = pattern.source
      .replaceAll('\\/', '/')
      .replace(/^\^/, '')
      .replace(/\/\?\$$|\$$/, '')
      .replace('(.+)', repository)
      .replace('([^/]+)', reference);
    assert.match(path, pattern, 'the path is made from the pattern');
    return Object.entries(methods).map(([method, action]) => ({ method, path, action }));
  });
}

type Operation = { operationId: string; parameters?: { in: string; name: string }[] };

/** A request for each operation of the description, to one tenant. */
async function apiProbes(world: DoorWorld, tenant: string): Promise<ApiProbe[]> {
  const { paths } = JSON.parse((await world.ask('GET', '/openapi.json')).text) as {
    paths: Record<string, Record<string, Operation>>;
  };
  return Object.entries(paths).flatMap(([template, operations]) =>
    Object.entries(operations).flatMap(([method, { operationId, parameters = [] }]) => {
      const need = needs[operationId];
      assert.ok(need, `who may do ${operationId}? write it down in this test`);
      const path = template
        .replace('{tenant}', tenant)
        .replace('{repository}', 'mirror')
        .replace('{reference}', 'v1')
        .replaceAll(/\{\w+\}/g, 'x');
      const named = parameters.some((parameter) => parameter.in === 'query' && parameter.name === 'tenant');
      const probe = { path: named ? `${path}?tenant=${tenant}` : path, need };
      const methods = method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
      return methods.map((each) => ({ ...probe, method: each }));
    }),
  );
}

/** What tells a client anything: names of the tenant and repository that was asked for are made the same. */
function seen({ status, headers, text }: Answer, ...names: string[]): unknown {
  const alike = (value: string): string => names.reduce((all, name) => all.replaceAll(name, 'NAME'), value);
  return { status, challenge: alike(headers.get('www-authenticate') ?? ''), text: alike(text) };
}

describe('the probe matrix', () => {
  const scope = suiteScope();
  let world: DoorWorld;
  let own: { role: Role; token: string }[] = [];
  let foreign: { role: Role; token: string }[] = [];
  before(async () => {
    world = await openDoorWorld(scope);
    [own, foreign] = await Promise.all([tokensOf(world, 'acme'), tokensOf(world, 'rival')]);
  });

  /** A token in all the forms in which it can be sent. */
  const forms = async (token: string, repository: string): Promise<string[]> => [
    bearer(token),
    basic(token),
    basic(token, 'operator'),
    bearer(await trade(world, token, [repository])),
  ];

  const strangers = async (): Promise<(string | undefined)[]> => {
    const { text } = await world.ask('GET', '/token?scope=repository:acme/mirror:pull,push,delete');
    return [undefined, bearer((JSON.parse(text) as { token: string }).token)];
  };

  it('has every route: what the API serves is described or is open to everybody', () => {
    const described =
      world.api.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } }).paths ?? {};
    const known = new Set(Object.keys(described).map((path) => path.replaceAll(/\{(\w+)\}/g, ':$1')));
    const served = world.api.routes.map(({ path }) => path).filter((path) => !open.includes(path));
    assert.deepEqual(
      served.filter((path) => !known.has(path) && path !== '/api/v1/bundles/*'),
      [],
    );
    assert.ok(routes.length >= 6);
  });

  it('/v2: another tenant and strangers are refused everywhere, for what is there and what is not alike', async () => {
    const everybody = [...(await strangers())];
    for (const { token } of foreign) everybody.push(...(await forms(token, 'acme/mirror')));
    const [there, missing, nowhere] = ['acme/mirror', 'acme/nothing', 'nobody/nothing'].map((name) =>
      registryProbes(name, world.digest),
    );
    for (const [index, { method, path }] of (there ?? []).entries()) {
      for (const authorization of everybody) {
        const answer = await world.ask(method, path, authorization);
        assert.ok(isDenied(answer), `${method} ${path} answered ${answer.status} to ${authorization?.slice(0, 20)}`);
        for (const other of [missing?.[index], nowhere?.[index]]) {
          assert.ok(other);
          const same = await world.ask(method, other.path, authorization);
          const names = ['acme/mirror', 'acme/nothing', 'nobody/nothing'];
          assert.deepEqual(seen(same, ...names), seen(answer, ...names), `${method} ${other.path}`);
        }
      }
    }
    assert.ok(await world.storage.repository('acme/mirror').resolve('v1'), 'nothing was harmed');
  });

  it('/v2: the own roles may do what they say, in every form of their token', async () => {
    for (const { role, token } of own) {
      for (const authorization of await forms(token, 'acme/mirror')) {
        // A digest that is not there, so that the operator's turn leaves everything as it is.
        for (const { method, path, action } of registryProbes('acme/mirror', `sha256:${'0'.repeat(64)}`)) {
          const answer = await world.ask(method, path, authorization);
          assert.equal(isDenied(answer), !mayDo[role].includes(action), `${role} ${method} ${path}: ${answer.status}`);
        }
      }
    }
  });

  it('/v2: a token for some repositories opens these and no other', async () => {
    const token = await world.token('acme', 'publisher', ['team/*', 'single']);
    for (const [name, may] of [
      ['acme/team/x', true],
      ['acme/single', true],
      ['acme/mirror', false],
      ['acme/team', false],
      ['acme/singles', false],
      ['rival/single', false],
    ] as const) {
      for (const authorization of await forms(token, name)) {
        for (const { method, path, action } of registryProbes(name, `sha256:${'0'.repeat(64)}`)) {
          const answer = await world.ask(method, path, authorization);
          const allowed = may && mayDo.publisher.includes(action);
          assert.equal(isDenied(answer), !allowed, `${method} ${path}: ${answer.status}`);
        }
      }
    }
  });

  it('/v2: nothing can be mounted out of another tenant, whether it is there or not', async () => {
    const publisher = bearer(foreign.find(({ role }) => role === 'publisher')?.token ?? '');
    const stored = await world.storage.repository('acme/mirror').manifest('v1');
    const { layers } = JSON.parse(String(stored?.bytes)) as { layers: { digest: string }[] };
    const digest = parseDigest(layers[0]?.digest ?? '');
    for (const from of ['&from=acme/mirror', '&from=acme/nothing', '']) {
      const path = `/v2/rival/target/blobs/uploads/?mount=${digest}${from}`;
      const { status } = await world.ask('POST', path, publisher);
      // Without a name it is found in rival/mirror and in default/mirror, which have the same blob.
      assert.equal(status, from === '' ? 201 : 202, from);
    }
  });

  it('/api: another tenant and strangers are refused everywhere, also for tenants that are not there', async () => {
    const unknown = await apiProbes(world, 'nobody');
    for (const [index, { method, path, need }] of (await apiProbes(world, 'acme')).entries()) {
      for (const authorization of await strangers()) {
        assert.ok(isDenied(await world.ask(method, path, authorization)), `${method} ${path}: a stranger`);
      }
      if (need === 'any') continue;
      for (const { role, token } of foreign) {
        for (const authorization of await forms(token, 'acme/mirror')) {
          const answer = await world.ask(method, path, authorization);
          assert.ok(isDenied(answer), `${method} ${path} answered ${answer.status} to a foreign ${role}`);
          const same = await world.ask(method, unknown[index]?.path ?? '', authorization);
          assert.deepEqual(seen(same, 'nobody'), seen(answer, 'acme'), `${method} ${path}`);
        }
      }
    }
  });

  it('/api: the own roles may do what they say, and nothing of the whole installation', async () => {
    for (const { role, token } of own) {
      for (const authorization of [bearer(token), basic(token)]) {
        for (const { method, path, need } of await apiProbes(world, 'acme')) {
          const allowed =
            need === 'any' || (need !== 'installation' && strength.indexOf(role) >= strength.indexOf(need));
          const answer = await world.ask(method, path, authorization);
          assert.equal(isDenied(answer), !allowed, `${role} ${method} ${path}: ${answer.status} ${answer.text}`);
        }
      }
    }
  });

  it('/api: a token for some repositories opens their downloads and nothing else', async () => {
    const token = await world.token('acme', 'operator', ['mirror']);
    for (const { method, path, need } of await apiProbes(world, 'acme')) {
      const allowed = need === 'any' || path.startsWith('/api/v1/bundles/');
      assert.equal(isDenied(await world.ask(method, path, bearer(token))), !allowed, `${method} ${path}`);
    }
  });

  it('the operator of the installation may do everything, with the token of the folder or one of their own', async () => {
    const token = await world.token('*', 'operator');
    for (const authorization of [bearer(token), bearer(world.operatorToken), basic(world.operatorToken, 'operator')]) {
      const nowhere = registryProbes('acme/mirror', `sha256:${'0'.repeat(64)}`);
      for (const { method, path } of [...nowhere, ...(await apiProbes(world, 'acme'))]) {
        // It would begin to sign with a new key each time.
        if (path.endsWith('/keys/generate')) continue;
        const { status } = await world.ask(method, path, authorization);
        assert.ok(status !== 401 && status !== 403 && status < 500, `${method} ${path}: ${status}`);
      }
    }
  });

  it('the audit has the refusals of those who are known, and no secret', async () => {
    const entries = await world.center.access.audit({ limit: 1_000 });
    const refused = entries.filter(({ action }) => action === 'access.refused');
    assert.ok(refused.some(({ actor }) => actor.startsWith('rival-')));
    assert.ok(!refused.some(({ actor }) => actor === 'anonymous'), 'a challenge is no refusal');
    const text = JSON.stringify(entries);
    for (const { token } of [...own, ...foreign]) assert.ok(!text.includes(token));
    assert.ok(!text.includes(world.operatorToken));
    assert.doesNotMatch(text, /xpc_|eyJ/);
  });
});
