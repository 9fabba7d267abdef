// Makes the golden OCI layouts of registry-fixtures/layouts out of the sample evidence, without signatures, which are
// random by nature. `node scripts/golden-layouts.ts` writes them anew, which only a new format version may ask for
// (docs/formats.md "Versions"); the test rebuilds them elsewhere and compares.

import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyGraph } from '../src/registry/copy.ts';
import { openLayout } from '../src/registry/layout/layout-repository.ts';
import { openCenter } from '../src/runs/open-center.ts';
import type { RunResult } from '../src/runs/center.ts';
import { sampleEvidence } from './sample-evidence.ts';

export type GoldenLayouts = { readonly [layout: string]: GoldenLayout };

export type GoldenLayout = {
  /** What each tag resolves to. */
  readonly tags: { readonly [tag: string]: string };
  readonly blobs: number;
  readonly bytes: number;
};

type Center = Awaited<ReturnType<typeof openCenter>>;

const tenant = 'default';
const goldenFolder = fileURLToPath(new URL('../registry-fixtures/layouts', import.meta.url));

/** Writes the layouts `json-raw` (day 1) and `mirror` (both days, delta) below `out`; works in `scratch`. */
export async function makeGoldenLayouts(out: string, scratch: string): Promise<GoldenLayouts> {
  const clock = { now: () => new Date('2026-07-18T00:00:00Z') };
  const center = await openCenter({ data: scratch, clock, env: {} });
  try {
    await ingest(center, sampleEvidence.day1);
    await copyOut(center, await run(center, 'json:raw'), join(out, 'json-raw'));
    await copyOut(center, await run(center, 'mirror:full'), join(out, 'mirror'));
    await ingest(center, sampleEvidence.day2);
    await copyOut(center, await run(center, 'mirror:full'), join(out, 'mirror'));
    await copyOut(center, await run(center, 'mirror:delta'), join(out, 'mirror'));
  } finally {
    await center.close();
  }
  return { 'json-raw': await describeLayout(join(out, 'json-raw')), mirror: await describeLayout(join(out, 'mirror')) };
}

async function ingest(center: Center, from: string): Promise<void> {
  const { source, licence, attribution } = sampleEvidence;
  const { rejected } = await center.ingest(tenant, { source, from, licence, attribution });
  if (rejected.length > 0) throw new Error(`${from}: ${rejected.length} documents were refused`);
}

async function run(center: Center, profile: string): Promise<RunResult> {
  const { run: id } = await center.startRun(tenant, { profile });
  for await (const _ of center.runEvents(tenant, id));
  const { result, failure } = await center.run(tenant, id);
  if (result) return result;
  throw new Error(`${profile} failed: ${failure?.message}`);
}

/** Copies what a run published, with all of its tags and without signatures. */
async function copyOut(center: Center, { digest, reference }: RunResult, folder: string): Promise<void> {
  const name = reference.slice(reference.indexOf('/') + 1, reference.lastIndexOf(':'));
  const repository = (await center.registryStorage()).repository(name);
  const tags: string[] = [];
  for (const tag of await repository.tags()) if ((await repository.resolve(tag))?.digest === digest) tags.push(tag);
  const root = await repository.resolve(digest);
  if (!root) throw new Error(`${name} has no ${digest}`);
  const { mediaType, size } = root;
  await copyGraph(
    repository,
    await openLayout(folder, { create: true }),
    { mediaType, size, digest: root.digest },
    { tags },
  );
}

/** Tags, number of blobs and their bytes, as expected.json has them. */
export async function describeLayout(folder: string): Promise<GoldenLayout> {
  const layout = await openLayout(folder);
  const tags: Record<string, string> = {};
  for (const tag of await layout.tags()) tags[tag] = (await layout.resolve(tag))?.digest ?? '';
  const blobs = await readdir(join(folder, 'blobs', 'sha256'));
  let bytes = 0;
  for (const blob of blobs) bytes += (await stat(join(folder, 'blobs', 'sha256', blob))).size;
  return { tags, blobs: blobs.length, bytes };
}

if (import.meta.main) {
  const scratch = await mkdtemp(join(tmpdir(), 'golden-layouts-'));
  try {
    for (const name of ['json-raw', 'mirror']) await rm(join(goldenFolder, name), { recursive: true, force: true });
    await mkdir(goldenFolder, { recursive: true });
    const layouts = await makeGoldenLayouts(goldenFolder, scratch);
    for (const name of Object.keys(layouts))
      await rm(join(goldenFolder, name, 'ingest'), { recursive: true, force: true });
    await writeFile(join(goldenFolder, 'expected.json'), `${JSON.stringify(layouts, undefined, 2)}\n`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
