// The service on a data folder, killed by SIGKILL at a chosen moment of the story and started again: what must hold
// between death and restart, and after the story was told to its end.

import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connectCenter } from '../../src/api/client.ts';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { verify } from '../../src/consumer/verify.ts';
import type { Center } from '../../src/runs/center.ts';
import { startRegistry, type StartedRegistry } from '../registry/start-registry.ts';
import { tenant } from '../support/center.ts';
import { findMirrorReader } from '../support/corpora.ts';
import { mustRun } from '../support/run-program.ts';
import type { Scope } from '../support/scope.ts';
import { startService, type Service } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { withScope } from '../support/with-scope.ts';
import { tellStep, writeStory, type Story } from './story.ts';
import { assertWholeRegistry } from './whole-registry.ts';

/** At the n-th step to the outside since the process began, or so many milliseconds after the story began. */
export type Moment = { readonly atStep: number } | { readonly afterMs: number };

export type Death = {
  /** Where the story was. */
  readonly place: string;
  /** False when the story was over before its moment came. */
  readonly inTheMiddle: boolean;
};

/** How far a story came: steps that were acknowledged, and what it was at. */
type Told = { readonly acknowledged: number; readonly place: string };

type Known = {
  /** Outcome of each step when nothing disturbs. */
  readonly outcomes: readonly string[];
  /** Tags of the own registry at the end, without those of signatures. */
  readonly tags: ReadonlyMap<string, string>;
  /** Steps to the outside that were done when the service was ready, and after each step of the story. */
  readonly steps: readonly number[];
  readonly storyMs: number;
};

export class CrashWorld {
  readonly known: Known;
  readonly #folder: string;
  readonly #story: Story;
  readonly #registry: StartedRegistry;
  #rounds = 0;

  private constructor(folder: string, story: Story, registry: StartedRegistry, known: Known) {
    this.#folder = folder;
    this.#story = story;
    this.#registry = registry;
    this.known = known;
  }

  /** Tells the story once undisturbed, to know what it leads to. */
  static async open(scope: Scope): Promise<CrashWorld> {
    const folder = await temporaryFolder(scope, 'crash');
    const registry = await startRegistry(scope);
    const auth = Buffer.from(`operator:${registry.token}`).toString('base64');
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const story = await writeStory(folder);
    const told = await undisturbed(scope, folder, story.withDestination(`${registry.host}/default/calm`));
    return new CrashWorld(folder, story, registry, told);
  }

  /** One story with a death at each of `moments`. Throws an AssertionError when something was lost. */
  async round(moments: readonly Moment[]): Promise<Death[]> {
    const number = this.#rounds++;
    const name = `round-${number}`;
    return withScope(async (scope) => {
      const data = join(await temporaryFolder(scope, 'crash-round'), 'data');
      const story = this.#story.withDestination(`${this.#registry.host}/default/${name}`);
      const deaths: Death[] = [];
      let acknowledged = 0;
      for (const moment of moments) {
        const told = await this.#tellAndKill(scope, data, story, acknowledged, moment);
        acknowledged = told.acknowledged;
        deaths.push({ place: told.place, inTheMiddle: acknowledged < story.steps.length });
        await this.#assertNothingByHalves(data);
        if (acknowledged === story.steps.length) break;
      }
      await this.#tellToTheEnd(scope, data, story, acknowledged, name);
      if (number % 4 === 0) await this.#readElsewhere(scope, name);
      return deaths;
    });
  }

  async #tellAndKill(scope: Scope, data: string, story: Story, from: number, moment: Moment): Promise<Told> {
    const env = environment(this.#folder, 'atStep' in moment ? { DIE_AT: String(moment.atStep) } : {});
    const service = await startService(scope, { data, env }).catch(() => undefined);
    if (service === undefined) return { acknowledged: from, place: 'start' };
    const timer = 'afterMs' in moment ? setTimeout(() => service.program.signal('SIGKILL'), moment.afterMs) : undefined;
    const told = await tellWhileAlive(service, story, from);
    clearTimeout(timer);
    await service.program.stop('SIGKILL');
    return told;
  }

  /** What somebody sees who looks between death and restart. */
  async #assertNothingByHalves(data: string): Promise<void> {
    const digests = new Set(this.known.outcomes);
    for (const [repository, tags] of await assertWholeRegistry(join(data, 'registry'))) {
      for (const [tag, digest] of bundleTags(repository, tags)) {
        assert.ok(digests.has(digest) || [...this.known.tags.values()].includes(digest), `${tag} names ${digest}`);
      }
    }
    await assertWholeRegistry(join(this.#registry.folder, 'oci'));
  }

  async #tellToTheEnd(scope: Scope, data: string, story: Story, acknowledged: number, name: string): Promise<void> {
    const service = await startService(scope, { data, env: environment(this.#folder, {}) });
    const center = await connect(service);
    const ingests = story.steps.slice(0, acknowledged).filter((step) => 'from' in step).length;
    const [source] = await center.evidenceSources(tenant);
    assert.ok(story.states.slice(ingests).includes(source?.stateSha256), 'an acknowledged ingest is there, whole');
    for (const [at, step] of story.steps.entries()) {
      // What was acknowledged is told again too, to be found by its key; but no older evidence after newer.
      if (at < acknowledged && 'from' in step) continue;
      assert.equal(await tellStep(center, step), this.known.outcomes[at], step.name);
    }
    const [key] = await center.keys();
    assert.ok(key);
    for (const reference of [
      `${service.host}/default/mirror:latest`,
      `${this.#registry.host}/default/${name}:latest`,
    ]) {
      const { ok, checks } = await verify(reference, { key: key.publicKey });
      assert.ok(ok, `${reference}: ${JSON.stringify(checks)}`);
    }
    await center.close();
    await service.program.stop();
    const tags = await tagsOf(data);
    assert.deepEqual(tags, this.known.tags);
  }

  /** What was copied elsewhere, pulled by our consumer and read by the independent reader where that is at hand. */
  async #readElsewhere(scope: Scope, name: string): Promise<void> {
    const dir = join(await temporaryFolder(scope, 'crash-mirror'), 'mirror');
    const { digest } = await mirrorPull({ reference: `${this.#registry.host}/default/${name}:latest`, dir });
    assert.equal(digest, this.known.outcomes.at(-1));
    const reader = findMirrorReader();
    if (reader) await mustRun(reader.python, [reader.script, 'layout', dir, 'latest']);
  }
}

async function undisturbed(scope: Scope, folder: string, story: Story): Promise<Known> {
  const data = join(folder, 'calm');
  const counter = join(folder, 'steps');
  const service = await startService(scope, { data, env: environment(folder, { COUNT_STEPS: counter }) });
  const center = await connect(service);
  const steps = [(await stat(counter)).size];
  const outcomes: string[] = [];
  const begunMs = performance.now();
  for (const step of story.steps) {
    outcomes.push(await tellStep(center, step));
    steps.push((await stat(counter)).size);
  }
  const storyMs = performance.now() - begunMs;
  await center.close();
  await service.program.stop();
  await assertWholeRegistry(join(data, 'registry'));
  return { outcomes, tags: await tagsOf(data), steps, storyMs };
}

/** Tells steps until the service is dead; what it acknowledged until then counts. */
async function tellWhileAlive(service: Service, story: Story, from: number): Promise<Told> {
  const dead = new AbortController();
  void service.program.ended.then(() => dead.abort(new Error('the service is dead')));
  const center = await connect(service, dead.signal);
  let place = 'start';
  let acknowledged = from;
  for (const step of story.steps.slice(from)) {
    place = step.name;
    try {
      await tellStep(center, step, (state) => (place = `${step.name}: ${state}`));
    } catch (error) {
      // Only death may be the reason.
      await Promise.race([service.program.ended, pause(5_000, undefined, { ref: false })]);
      if (!dead.signal.aborted) throw error;
      break;
    }
    acknowledged += 1;
  }
  await center.close();
  return { acknowledged, place };
}

async function connect(service: Service, signal?: AbortSignal): Promise<Center> {
  const token = await service.operatorToken();
  return connectCenter({ server: service.url, token, samePlace: true, env: {}, ...(signal ? { signal } : {}) });
}

function environment(folder: string, more: Record<string, string>): Record<string, string | undefined> {
  const preload = `--import ${new URL('die-at.ts', import.meta.url).href}`;
  return { DOCKER_CONFIG: folder, NODE_OPTIONS: Object.keys(more).length > 0 ? preload : undefined, ...more };
}

async function tagsOf(data: string): Promise<Map<string, string>> {
  const found = await assertWholeRegistry(join(data, 'registry'));
  return new Map([...found].flatMap(([repository, tags]) => bundleTags(repository, tags)));
}

/** Without what is signed anew, or at another time, in each telling: signatures, and the metadata of TUF repositories. */
function bundleTags(repository: string, tags: ReadonlyMap<string, string>): [string, string][] {
  if (repository.endsWith('/tuf')) return [];
  const named = [...tags].map(([tag, digest]): [string, string] => [`${repository}:${tag}`, digest]);
  return named.filter(([tag]) => !/\.(?:sig|att)$/.test(tag));
}
