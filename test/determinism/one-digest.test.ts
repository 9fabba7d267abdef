// Same inputs, same bytes: the digests of both sample days on other runtimes, engines, clocks, locales, folders, thread
// counts and cuts of the ingest. Expected values: the golden layouts and the independent program's set root.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { judge, skipWithout } from '../judges.ts';
import { startPostgres } from '../support/postgres.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Digests = Record<string, string>;
type World = { readonly node: string; readonly locale: string; readonly timeZone: string; readonly year: number };

type Child = {
  readonly program?: readonly [string, ...string[]];
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  /** Below a temporary folder. */
  readonly folder?: string;
};

const script = join(import.meta.dirname, 'export-child.ts');
const fixtures = join(import.meta.dirname, '..', '..', 'registry-fixtures');

async function exportIn(t: TestContext, child: Child): Promise<{ digests: Digests; world: World }> {
  const data = join(await temporaryFolder(t, 'determinism'), child.folder ?? 'data');
  const [file, ...before] = child.program ?? [process.execPath];
  const said = await mustRun(
    file,
    [...before, script, data, ...(child.args ?? [])],
    child.env ? { env: child.env } : {},
  );
  return JSON.parse(said) as { digests: Digests; world: World };
}

async function json<Type>(file: string): Promise<Type> {
  return JSON.parse(await readFile(join(fixtures, file), 'utf8')) as Type;
}

/** What the fixtures promise, as far as they know it. */
async function promised(): Promise<Digests> {
  const layouts = await json<Record<'json-raw' | 'mirror', { tags: Record<string, string> }>>('layouts/expected.json');
  const { states } = await json<{ states: { setRoot: string }[] }>('osv/golden.json');
  const { mirror } = layouts;
  const first = Object.entries(mirror.tags).find(([tag]) => tag.startsWith('s-20260715T161400Z-'));
  const digests = {
    'json-raw 1': layouts['json-raw'].tags['latest'],
    'mirror 1': first?.[1],
    'mirror 2': mirror.tags['latest'],
    'delta 2': mirror.tags['delta'],
    'set root 2': states[1]?.setRoot,
  };
  return Object.fromEntries(Object.entries(digests).map(([name, digest]) => [name, digest ?? assert.fail(name)]));
}

describe('the digests of two days', { concurrency: 2 }, () => {
  let calm: Promise<Digests> | undefined;
  const expected = async (t: TestContext): Promise<Digests> => {
    calm ??= exportIn(t, {}).then(({ digests }) => digests);
    return { ...(await calm), ...(await promised()) };
  };

  it('are the golden ones', async (t) => {
    const digests = await expected(t);
    assert.ok(digests['trivy-db 2']);
    assert.deepEqual(await calm, digests);
  });

  it('are the same on Node 26', { skip: skipWithout('node26') }, async (t) => {
    const { digests, world } = await exportIn(t, { program: [judge('node26')] });
    assert.match(world.node, /^v26\./);
    assert.deepEqual(digests, await expected(t));
  });

  it('are the same in another time zone and locale, a folder with a strange name, other threads and batches', async (t) => {
    const env = { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', UV_THREADPOOL_SIZE: '13' };
    const program = ['/bin/sh', '-c', 'umask 077; exec "$@"', 'sh', process.execPath] as const;
    const args = ['97', 'turned'];
    const { digests, world } = await exportIn(t, { program, args, env, folder: 'İç dış/ğüş 1' });
    assert.deepEqual([world.locale, world.timeZone], ['tr-TR', 'Pacific/Kiritimati']);
    assert.deepEqual(digests, await expected(t));
  });

  it('are the same years later', { skip: skipWithout('faketime') }, async (t) => {
    const { digests, world } = await exportIn(t, {
      program: [judge('faketime'), '2031-02-03 04:05:06', process.execPath],
    });
    assert.equal(world.year, 2031);
    assert.deepEqual(digests, await expected(t));
  });

  it(
    'are the same on PostgreSQL with the ingest cut into other batches',
    { skip: skipWithout('postgres') },
    async (t) => {
      const { url } = await startPostgres(t);
      const { digests } = await exportIn(t, { args: ['311'], env: { DATABASE_URL: url } });
      assert.deepEqual(digests, await expected(t));
    },
  );

  it('without history are the same whatever the history was', async (t) => {
    const { digests } = await exportIn(t, { args: ['0', 'straight', 'no-history'] });
    assert.deepEqual({ ...(await expected(t)), ...digests }, await expected(t));
    assert.ok(digests['mirror 2 without history']);
  });
});
