// The load of the registry benchmark: wrk for GET, an own loop over plain sockets for HEAD (wrk waits for a body that
// never comes), an own loop with undici for pushes. The same tool for every server.

import { createHash, type Hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Pool } from 'undici';
import { judge } from '../judges.ts';
import { mustRun } from '../support/run-program.ts';
import { benchRepository, filler, type Served } from './support-registry-servers.ts';

export type Measured = {
  /** Per second: requests, or MB where the case counts those. */
  readonly rate: number;
  readonly p99Ms: number;
  /** Processor time of the server over the time that passed: 1 is one core. */
  readonly cores: number;
};

/** Without it CNCF distribution denies having an OCI manifest. */
const accept = 'application/vnd.oci.image.manifest.v1+json';

export type Load = (server: Served, clients: number, seconds: number) => Promise<Omit<Measured, 'cores'>>;

/** Runs a load and watches what the server's process spends on it. */
export async function measure(load: Load, server: Served, clients: number, seconds: number): Promise<Measured> {
  const start = { cpu: cpuSeconds(server.pid), at: performance.now() };
  const result = await load(server, clients, seconds);
  const cores = (cpuSeconds(server.pid) - start.cpu) / ((performance.now() - start.at) / 1_000);
  return { ...result, cores };
}

/** User and system time of a process and, for nginx, of its workers; in clock ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const own = Number(fields[11]) + Number(fields[12]);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return own / 100 + children.reduce((sum, child) => sum + cpuSeconds(Number(child)), 0);
}

/** GET of `paths` in turn; `unit` says what is counted. */
export function getLoad(folder: string, paths: readonly string[], unit: 'requests' | 'MB'): Load {
  return async (server, clients, seconds) => {
    const script = join(folder, `get-${paths.length}.lua`);
    await writeFile(script, luaOf(paths));
    const threads = Math.min(clients, 2);
    const args = ['-t', String(threads), '-c', String(clients), '-d', `${seconds}s`, '--timeout', '60s', '--latency'];
    const output = await mustRun(judge('wrk'), [...args, '-s', script, `http://127.0.0.1:${server.port}`]);
    if (/Non-2xx|Socket errors: (?!connect 0, read 0, write 0, timeout \d)/.test(output)) throw new Error(output);
    const [, requests = '0', bytes = '0', microseconds = '0', p99 = '0'] =
      /^result (\d+) (\d+) (\d+) (\d+)$/m.exec(output) ?? [];
    const amount = unit === 'requests' ? Number(requests) : Number(bytes) / 1e6;
    return { rate: amount / (Number(microseconds) / 1e6), p99Ms: Number(p99) / 1_000 };
  };
}

function luaOf(paths: readonly string[]): string {
  const list = paths.map((path) => `wrk.format('GET', '${path}', {Accept = '${accept}'})`).join(',\n');
  return `local at = 0
local requests
function init(args) requests = {${list}} end
function request() at = at % #requests + 1; return requests[at] end
function done(summary, latency)
  io.write(string.format('result %d %d %d %d\\n', summary.requests, summary.bytes, summary.duration, latency:percentile(99)))
end
`;
}

/** HEAD requests, one after the other on each connection. */
export function headLoad(path: string): Load {
  return async (server, clients, seconds) => {
    const times: number[] = [];
    const end = performance.now() + seconds * 1_000;
    const start = performance.now();
    await Promise.all(Array.from({ length: clients }, () => headLoop(server.port, path, end, times)));
    return { rate: times.length / ((performance.now() - start) / 1_000), p99Ms: percentile(times, 0.99) };
  };
}

function headLoop(port: number, path: string, end: number, times: number[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const question = `HEAD ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nAccept: ${accept}\r\n\r\n`;
  const socket = connect(port, '127.0.0.1').setEncoding('latin1').setNoDelay(true);
  let answer = '';
  let asked = 0;
  const ask = (): void => {
    asked = performance.now();
    socket.write(question);
  };
  socket.on('connect', ask);
  socket.on('error', reject);
  socket.on('data', (text: string) => {
    answer += text;
    if (!answer.endsWith('\r\n\r\n')) return;
    if (!answer.startsWith('HTTP/1.1 200')) {
      socket.destroy(new Error(answer));
      return;
    }
    answer = '';
    const now = performance.now();
    times.push(now - asked);
    if (now < end) ask();
    else socket.end(() => resolve());
  });
  return promise;
}

/** Pushes of fresh blobs of `size` bytes, POST and PUT, whose digest the server checks. */
export function pushLoad(size: number, unit: 'requests' | 'MB'): Load {
  const body = new PushBody(size);
  return async (server, clients, seconds) => {
    const pool = new Pool(`http://127.0.0.1:${server.port}`, {
      connections: clients,
      bodyTimeout: 0,
      headersTimeout: 0,
    });
    const times: number[] = [];
    const start = performance.now();
    const end = start + seconds * 1_000;
    const loop = async (): Promise<void> => {
      do times.push(await pushOnce(pool, server, body));
      while (performance.now() < end);
    };
    await Promise.all(Array.from({ length: clients }, loop));
    const elapsed = (performance.now() - start) / 1_000;
    await pool.close();
    const amount = unit === 'requests' ? times.length : (times.length * size) / 1e6;
    return { rate: amount / elapsed, p99Ms: percentile(times, 0.99) };
  };
}

async function pushOnce(pool: Pool, { authorization }: Served, body: PushBody): Promise<number> {
  const { digest, pieces, size } = body.next();
  const start = performance.now();
  const headers = authorization === undefined ? {} : { authorization };
  const begun = await pool.request({ method: 'POST', path: `/v2/${benchRepository}/blobs/uploads/`, headers });
  await begun.body.dump();
  const location = new URL(String(begun.headers['location']), 'http://localhost');
  location.searchParams.set('digest', digest);
  const done = await pool.request({
    method: 'PUT',
    path: location.pathname + location.search,
    headers: { ...headers, 'content-length': String(size), 'content-type': 'application/octet-stream' },
    body: Readable.from(pieces),
  });
  await done.body.dump();
  if (done.statusCode !== 201) throw new Error(`a push was answered with ${done.statusCode}`);
  return performance.now() - start;
}

/** Blobs that differ in their last bytes alone, so that hashing on this side costs next to nothing. */
class PushBody {
  readonly #common: Buffer;
  readonly #hash: Hash;
  #count = 0;

  constructor(size: number) {
    this.#common = filler(size - 16, 99);
    this.#hash = createHash('sha256').update(this.#common);
  }

  next(): { readonly digest: string; readonly pieces: AsyncIterable<Buffer>; readonly size: number } {
    const tail = Buffer.from(`${process.pid}-${this.#count++}`.padEnd(16).slice(0, 16));
    const digest = `sha256:${this.#hash.copy().update(tail).digest('hex')}`;
    return { digest, pieces: inPieces(this.#common, tail), size: this.#common.length + tail.length };
  }
}

async function* inPieces(common: Buffer, tail: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < common.length; at += 1 << 18) yield common.subarray(at, at + (1 << 18));
  yield tail;
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
