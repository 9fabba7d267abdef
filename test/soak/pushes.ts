// `npm run soak -- pushes`: the service killed by SIGKILL while fifty clients push. What was acknowledged is there with the
// bytes of its digest after the restart, what was not is there wholly or not at all, and the tags that were set hold.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Pool } from 'undici';
import { describe as describeBytes } from '../../src/oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { assertWholeRegistry } from '../crash/whole-registry.ts';
import { startService, type Service } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { withScope } from '../support/with-scope.ts';
import { randomFrom, type Random } from './support-mutate.ts';

export type PushFigures = {
  readonly pushes: number;
  /** Blobs and tags that were acknowledged, and pushes that a kill cut off. */
  readonly acknowledged: number;
  readonly cutOff: number;
  readonly seconds: number;
  readonly seed: number;
};

const clients = 50;
const largestBytes = 256 * 1024;
const root = '/v2/default/pushed';

/** Kills the service `kills` times in the middle of pushes. Throws an AssertionError that names what is missing. */
export async function killBesidePushes(kills: number, seed: number): Promise<PushFigures> {
  const begunMs = performance.now();
  return await withScope(async (scope) => {
    const data = await temporaryFolder(scope, 'pushes');
    const pushed = new Pushed(randomFrom(seed));
    for (let kill = 0; kill < kills; kill++) {
      const service = await startService(scope, { data });
      await withPool(service, (pool) => pushed.checkNewest(pool));
      await pushAndKill(service, pushed, 1 + ((kill * 37) % 160));
    }
    const last = await startService(scope, { data });
    await withPool(last, (pool) => pushed.checkAll(pool));
    await last.program.stop();
    const tags = (await assertWholeRegistry(join(data, 'registry'))).get('default/pushed');
    for (const [tag, digest] of pushed.tags) assert.equal(tags?.get(tag), digest, tag);
    const seconds = Math.round((performance.now() - begunMs) / 100) / 10;
    return { pushes: kills, acknowledged: pushed.acknowledged, cutOff: pushed.cutOff, seconds, seed };
  });
}

/** Fifty loops push until the service is gone, which is after `count` acknowledgements. */
async function pushAndKill(service: Service, pushed: Pushed, count: number): Promise<void> {
  const authorization = `Bearer ${await service.operatorToken()}`;
  const end = pushed.acknowledged + count;
  await withPool(service, async (pool) => {
    const loop = async (): Promise<void> => {
      while (await pushed.push(pool, authorization)) {
        if (pushed.acknowledged >= end) service.program.signal('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: clients }, loop));
  });
  assert.equal((await service.program.ended).signal, 'SIGKILL');
}

async function withPool<Result>({ host }: Service, work: (pool: Pool) => Promise<Result>): Promise<Result> {
  const pool = new Pool(`http://127.0.0.1:${host.split(':')[1]}`, { connections: clients });
  try {
    return await work(pool);
  } finally {
    await pool.destroy();
  }
}

/** What was pushed, and what the service said about it. */
class Pushed {
  readonly tags = new Map<string, string>();
  readonly #random: Random;
  readonly #known = new Set<string>();
  readonly #open = new Set<string>();
  #newest: string[] = [];
  #count = 0;
  acknowledged = 0;
  cutOff = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** One blob and a tagged manifest that names it. False when the service is gone. */
  async push(pool: Pool, authorization: string): Promise<boolean> {
    const number = this.#count++;
    const bytes = Buffer.alloc(1 + this.#random.below(largestBytes), `${number} `);
    const layer = describeBytes('text/plain', bytes);
    const artifact = imageManifest({
      artifactType: 'application/vnd.test.pushed',
      config: emptyDescriptor,
      layers: [layer],
    });
    const send = this.#random.below(2) === 0 ? sendWhole : sendInChunks;
    this.#open.add(layer.digest);
    this.#newest.push(layer.digest);
    try {
      await send(pool, authorization, layer.digest, bytes);
      this.#acknowledge(layer.digest);
      await sendWhole(pool, authorization, emptyDescriptor.digest, emptyJson);
      const headers = { authorization, 'content-type': mediaTypes.ociManifest };
      const path = `${root}/manifests/t-${number}`;
      await expect(pool, { method: 'PUT', path, headers, body: artifact.bytes }, 201);
      this.acknowledged++;
      this.tags.set(`t-${number}`, artifact.descriptor.digest);
      return true;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      this.cutOff++;
      return false;
    }
  }

  /** What was pushed since the last check: acknowledged is whole, the rest is whole or not there. */
  async checkNewest(pool: Pool): Promise<void> {
    const newest = this.#newest;
    this.#newest = [];
    await this.#check(pool, newest);
  }

  checkAll(pool: Pool): Promise<void> {
    return this.#check(pool, [...this.#known, ...this.#open]);
  }

  async #check(pool: Pool, digests: string[]): Promise<void> {
    const loop = async (): Promise<void> => {
      for (let digest = digests.pop(); digest !== undefined; digest = digests.pop()) {
        const { statusCode, body } = await pool.request({ method: 'GET', path: `${root}/blobs/${digest}` });
        const hash = createHash('sha256');
        for await (const piece of body) hash.update(piece as Buffer);
        if (statusCode === 404 && !this.#known.has(digest)) continue;
        assert.equal(statusCode, 200, `${digest} was acknowledged`);
        assert.equal(`sha256:${hash.digest('hex')}`, digest, 'what is served has the bytes of its digest');
      }
    };
    await Promise.all(Array.from({ length: 8 }, loop));
  }

  #acknowledge(digest: string): void {
    this.acknowledged++;
    this.#open.delete(digest);
    this.#known.add(digest);
  }
}

type Sender = (pool: Pool, authorization: string, digest: string, bytes: Buffer) => Promise<void>;

const sendWhole: Sender = async (pool, authorization, digest, bytes) => {
  const path = await beginUpload(pool, authorization);
  await endUpload(pool, authorization, { path, digest, bytes });
};

const sendInChunks: Sender = async (pool, authorization, digest, bytes) => {
  const half = Math.ceil(bytes.length / 2);
  const headers = { authorization, 'content-range': `0-${half - 1}`, 'content-type': 'application/octet-stream' };
  const path = await beginUpload(pool, authorization);
  const next = await expect(pool, { method: 'PATCH', path, headers, body: bytes.subarray(0, half) }, 202);
  await endUpload(pool, authorization, { path: next, digest, bytes: bytes.subarray(half) });
};

function beginUpload(pool: Pool, authorization: string): Promise<string> {
  return expect(pool, { method: 'POST', path: `${root}/blobs/uploads/`, headers: { authorization } }, 202);
}

type UploadEnd = { readonly path: string; readonly digest: string; readonly bytes: Buffer };

async function endUpload(pool: Pool, authorization: string, { path, digest, bytes }: UploadEnd): Promise<void> {
  const url = new URL(path, 'http://localhost');
  url.searchParams.set('digest', digest);
  const headers = { authorization, 'content-type': 'application/octet-stream' };
  await expect(pool, { method: 'PUT', path: url.pathname + url.search, headers, body: bytes }, 201);
}

/** Sends a request; returns the path of the answer's Location. Another status than the wanted one is a failure. */
async function expect(pool: Pool, request: Parameters<Pool['request']>[0], status: number): Promise<string> {
  const answer = await pool.request(request);
  await answer.body.dump();
  assert.equal(answer.statusCode, status, `${request.method} ${request.path}`);
  const { pathname, search } = new URL(String(answer.headers['location']), 'http://localhost');
  return pathname + search;
}

/** `argv`: number of kills (default 100), seed (default by the clock). */
export async function run([kills = '100', seed = String(Date.now() % 2 ** 31)]: readonly string[]): Promise<void> {
  console.log(JSON.stringify(await killBesidePushes(Number(kills), Number(seed))));
}
