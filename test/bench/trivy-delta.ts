// What a day of a database costs behind the gap: an upstream database is taken in each day, published by its profile, and
// pulled by our consumer, who rebuilds the artifact. Bytes that the consumer fetches as share of the layer that everybody
// else downloads again.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { metadataJson } from '../../src/profiles/database/metadata.ts';
import type { DatabaseProduct } from '../../src/profiles/database/product.ts';
import type { DatabaseRow } from '../../src/profiles/database/row.ts';
import { trivyDb } from '../../src/profiles/trivy-db/product.ts';
import { trivyJavaDb } from '../../src/profiles/trivy-java-db/product.ts';
import { startRegistry, type StartedRegistry } from '../registry/start-registry.ts';
import { openTestCenter, tenant, type TestCenter } from '../support/center.ts';
import { manifestOf, repositoryOf } from '../support/database-evidence.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { javaRows, trivyRows } from './support-database-days.ts';
import { takeProductFlags } from './support-flags.ts';
import { printResult, printTable, rounded, type Row } from './support-report.ts';
import { withScope } from './support-scope.ts';

type Rows = (count: number, day: number) => AsyncIterable<readonly DatabaseRow[]>;

type Day = Row & { readonly share: number; readonly equal: boolean };

/** Arguments: rows of the first day (1,000,000), days after it (3). */
export function run([rows = '1000000', days = '3']: readonly string[]): Promise<void> {
  takeProductFlags();
  return withScope(async (scope) => {
    const test = await openTestCenter(scope);
    const { publicKey: key } = await test.center.generateKey();
    const registry = await startRegistry(scope, { storage: await test.center.registryStorage() });
    const world = { test, registry, key, folder: await temporaryFolder(scope, 'trivy-delta'), scope };
    const database = await measure(world, trivyDb, trivyRows, Number(rows), Number(days));
    const java = await measure(world, trivyJavaDb, javaRows, Number(rows), Number(days));
    printTable([...database, ...java]);
    const worst = (all: readonly Day[]): number => rounded(Math.max(...all.slice(1).map(({ share }) => share)), 6);
    printResult('trivy-delta', {
      worstShareDb: worst(database),
      worstShareJava: worst(java),
      digestEqual: [...database, ...java].every(({ equal }) => equal),
    });
  });
}

type World = {
  readonly test: TestCenter;
  readonly registry: StartedRegistry;
  readonly key: string;
  readonly folder: string;
  readonly scope: Scope;
};

async function measure(
  world: World,
  product: DatabaseProduct,
  rowsOf: Rows,
  rows: number,
  days: number,
): Promise<Day[]> {
  const { test, registry, key, folder } = world;
  const name = product.kind.replace(':', '-');
  const measured: Day[] = [];
  for (let day = 0; day <= days; day++) {
    await takeIn(world, product, rowsOf(rows, day), day);
    const start = performance.now();
    const { digest, records, bytes } = await test.succeed(product.kind);
    const published = performance.now();
    const reference = `${registry.host}/${tenant}/${name}-mirror:latest`;
    const pulled = await mirrorPull({ reference, dir: join(folder, name), key, signatureOnly: true });
    const [layer] = (await manifestOf(await repositoryOf(test, name), digest)).layers;
    measured.push({
      database: name,
      day,
      rows: records,
      layer: layer?.size ?? bytes,
      fetched: pulled.bytesFetched,
      share: pulled.bytesFetched / (layer?.size ?? bytes),
      publishSeconds: (published - start) / 1_000,
      pullSeconds: (performance.now() - published) / 1_000,
      equal: pulled.database?.how === 'rebuilt' && pulled.database.layerDigest === layer?.digest,
    });
    console.error(JSON.stringify(measured.at(-1)));
  }
  return measured;
}

/** The day's database as an upstream file, taken in as evidence. */
async function takeIn(
  { test, folder }: World,
  product: DatabaseProduct,
  rows: AsyncIterable<readonly DatabaseRow[]>,
  day: number,
): Promise<void> {
  const place = join(folder, 'upstream');
  await mkdir(place);
  const file = join(place, product.fileName);
  await product.writeFile(rows, file);
  const times = { updatedAt: `2026-07-0${1 + day}T00:00:00Z`, nextUpdate: `2026-07-0${2 + day}T00:00:00Z` };
  await writeFile(join(place, 'metadata.json'), metadataJson(product.version, times));
  await test.center.ingest(tenant, { source: 'upstream', from: file, format: product.kind.replace(':', '-') });
  await rm(place, { recursive: true });
}
