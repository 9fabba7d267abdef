// How fast the registry serves and takes content, beside CNCF distribution in the same run with the same load tools:
// manifests, small and large blobs, pushes with digest check, 1 to 64 clients. The servers take turns, and a ratio is the
// median of the rounds' ratios: a machine that is shared changes its pace by more than the servers differ, but seldom within
// one round. Large blobs that were pushed go away after each turn, or the machine's memory would be full in the middle of
// them, at the cost of whose turn it is then. `npm run bench -- registry [CASE…] [--seconds N] [--rounds N]`; no CASE means all.

import { parseArgs } from 'node:util';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { getLoad, headLoad, measure, pushLoad, type Load, type Measured } from './support-registry-load.ts';
import {
  benchRepository,
  filesBelow,
  largeBytes,
  makeContent,
  removeNewFiles,
  smallBytes,
  startServers,
  type Content,
  type Served,
} from './support-registry-servers.ts';
import { peakRssMiB } from './support-process.ts';
import { median, printResult, printTable, rounded, type Row } from './support-report.ts';
import { withScope } from './support-scope.ts';

type Case = {
  readonly name: string;
  readonly unit: 'req/s' | 'MB/s';
  readonly clients: readonly number[];
  readonly load: () => Load;
  /** nginx has no answer to pushes. */
  readonly pulls: boolean;
};

type Options = { readonly cases: readonly string[]; readonly seconds: number; readonly rounds: number };

export function run(argv: readonly string[] = []): Promise<void> {
  const options = parseOptions(argv);
  return withScope(async (scope) => {
    const content = await makeContent(scope);
    const servers = await startServers(scope, content);
    const cases = casesOf(content, await temporaryFolder(scope, 'bench-lua'));
    const rows: Row[] = [];
    for (const one of cases.filter(({ name }) => options.cases.length === 0 || options.cases.includes(name))) {
      for (const clients of one.clients) rows.push(await rowOf(one, clients, servers, options));
    }
    printTable(rows);
    for (const { name, pid } of servers) console.log(`peak memory of ${name}: ${peakRssMiB(pid).toFixed(0)} MiB`);
    const brief = rows.map(({ case: name, clients, ours, peer, ratio }) => ({
      case: name,
      clients,
      ours,
      peer,
      ratio,
    }));
    printResult('registry', { rows: brief, worstRatio: Math.min(...rows.map(({ ratio }) => Number(ratio))) });
  });
}

function parseOptions(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { seconds: { type: 'string', default: '2' }, rounds: { type: 'string', default: '5' } },
    allowPositionals: true,
  });
  return { cases: positionals, seconds: Number(values.seconds), rounds: Number(values.rounds) };
}

function casesOf({ manifest, small, large }: Content, folder: string): Case[] {
  const root = `/v2/${benchRepository}`;
  const manifestPath = `${root}/manifests/${manifest.descriptor.digest}`;
  const smallPaths = small.map(([{ digest }]) => `${root}/blobs/${digest}`);
  const largePath = `${root}/blobs/${large.digest}`;
  const all = [1, 8, 64];
  const get = (name: string, paths: readonly string[]): Case => {
    return { name, unit: 'req/s', clients: all, load: () => getLoad(folder, paths, 'requests'), pulls: true };
  };
  return [
    get('manifest-get', [manifestPath]),
    { name: 'manifest-head', unit: 'req/s', clients: all, load: () => headLoad(manifestPath), pulls: true },
    get('blob-16k-get', smallPaths),
    { name: 'blob-256m-get', unit: 'MB/s', clients: all, load: () => getLoad(folder, [largePath], 'MB'), pulls: true },
    { name: 'push-16k', unit: 'req/s', clients: all, load: () => pushLoad(smallBytes, 'requests'), pulls: false },
    { name: 'push-256m', unit: 'MB/s', clients: [1, 4], load: () => pushLoad(largeBytes, 'MB'), pulls: false },
  ];
}

async function rowOf(
  { name, unit, load, pulls }: Case,
  clients: number,
  servers: readonly Served[],
  { seconds, rounds }: Options,
): Promise<Row> {
  const loader = load();
  const able = servers.filter((server) => pulls || server.name !== 'limit');
  const known = new Map<Served, ReadonlySet<string>>();
  for (const server of able) known.set(server, await filesBelow(server.folder));
  const measured = new Map<Served['name'], Measured[]>(able.map((server) => [server.name, []]));
  for (let round = 0; round < rounds; round++) {
    // Whoever goes second finds a warmer machine.
    const order = round % 2 === 0 ? able : able.toReversed();
    for (const server of order) {
      measured.get(server.name)?.push(await measure(loader, server, clients, seconds));
      if (!pulls) await removeNewFiles(server, largeBytes, known.get(server) ?? new Set());
    }
  }
  const of = (server: Served['name'], figure: keyof Measured): number =>
    median((measured.get(server) ?? []).map((one) => one[figure]));
  const [ours, peer] = [of('ours', 'rate'), of('peer', 'rate')];
  const ratios = (measured.get('ours') ?? []).map(
    ({ rate }, round) => rate / (measured.get('peer')?.[round]?.rate ?? Number.NaN),
  );
  const row = {
    case: name,
    clients,
    unit,
    ours: rounded(ours, 1),
    peer: rounded(peer, 1),
    ratio: rounded(median(ratios), 2),
  };
  console.error(JSON.stringify(row));
  return {
    ...row,
    ...(servers.length > able.length || able.length > 2 ? { limit: rounded(of('limit', 'rate'), 1) } : {}),
    oursP99Ms: rounded(of('ours', 'p99Ms'), 2),
    peerP99Ms: rounded(of('peer', 'p99Ms'), 2),
    oursCores: rounded(of('ours', 'cores'), 2),
    peerCores: rounded(of('peer', 'cores'), 2),
  };
}
