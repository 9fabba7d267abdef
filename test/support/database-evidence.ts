// Made-up advisories with ranges, which become rows of a database, and a look into what is published of them.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Digest } from '../../src/core/digest.ts';
import type { ImageManifest } from '../../src/oci/manifest.ts';
import type { RepositoryReader } from '../../src/oci/repository.ts';
import { readBlob } from '../../src/profiles/sharded/read.ts';
import { provenancePredicateType } from '../../src/trust/predicate-types.ts';
import { tenant, type EvidenceLine, type TestCenter } from './center.ts';
import { mustRun } from './run-program.ts';
import { temporaryFolder, type Scope } from './temporary-folder.ts';

export type AdvisoryFields = { readonly fixed?: string; readonly modified?: string; readonly ecosystem?: string };

/** One advisory with one CVE about one package of its own. */
export function ranged(id: string, fields: AdvisoryFields = {}): EvidenceLine {
  const { fixed = '1.2.0', modified = '2026-07-01T00:00:00Z', ecosystem = 'npm' } = fields;
  const ranges = [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }];
  const affected = [{ package: { ecosystem, name: `package-${id.toLowerCase()}` }, ranges }];
  const document = { id, aliases: [`CVE-${id.slice(5)}`], modified, summary: `Fault ${id}`, affected };
  return { op: 'put', source: ecosystem.toLowerCase(), path: `${id}.json`, text: JSON.stringify(document) };
}

/** `count` advisories of one ecosystem. */
export function rangedFeed(ecosystem: string, count: number): EvidenceLine[] {
  const prefix = ecosystem === 'npm' ? 'GHSA' : 'OSVX';
  return Array.from({ length: count }, (_, at) => ranged(`${prefix}-2026-${1_000 + at}`, { ecosystem }));
}

export async function repositoryOf({ center }: TestCenter, name: string) {
  return (await center.registryStorage()).repository(`${tenant}/${name}`);
}

export async function manifestOf(repository: RepositoryReader, reference: string): Promise<ImageManifest> {
  const stored = await repository.manifest(reference);
  if (!stored) throw new Error(`${repository.name}:${reference} is not there`);
  return JSON.parse(stored.bytes.toString()) as ImageManifest;
}

export type UnpackedLayer = { readonly listing: string; readonly file: (name: string) => Promise<Buffer> };

/** The files of a database's layer, unpacked by the system's tar. */
export async function unpackLayer(
  scope: Scope,
  repository: RepositoryReader,
  reference: string,
): Promise<UnpackedLayer> {
  const [layer] = (await manifestOf(repository, reference)).layers;
  if (!layer) throw new Error('the artifact has no layer');
  const folder = await temporaryFolder(scope, 'layer');
  const archive = join(folder, 'layer.tar');
  await writeFile(archive, gunzipSync(await readBlob(repository, layer)));
  const files = join(folder, 'files');
  await mkdir(files);
  await mustRun('tar', ['-xf', archive, '-C', files]);
  const env = { TZ: 'UTC' };
  const listing = await mustRun('tar', ['-tvf', archive, '--numeric-owner', '--full-time'], { env });
  return { listing, file: (name) => readFile(join(files, name)) };
}

export type Provenance = {
  readonly buildDefinition: {
    readonly externalParameters: Readonly<Record<string, unknown>>;
    readonly resolvedDependencies: readonly {
      readonly name?: string;
      readonly uri?: string;
      readonly digest?: object;
    }[];
  };
};

type Statement = { readonly predicateType: string; readonly predicate: Provenance };

/** The provenance that is attached to an artifact as a sigstore bundle. */
export async function provenanceOf(repository: RepositoryReader, subject: string): Promise<Provenance> {
  for (const { digest } of await repository.referrers(subject as Digest)) {
    const [layer] = (await manifestOf(repository, digest)).layers;
    if (!layer) continue;
    const bundle = JSON.parse((await readBlob(repository, layer)).toString()) as { dsseEnvelope?: { payload: string } };
    const payload = Buffer.from(bundle.dsseEnvelope?.payload ?? '', 'base64').toString();
    const { predicateType, predicate } = JSON.parse(payload === '' ? '{}' : payload) as Partial<Statement>;
    if (predicate && predicateType === provenancePredicateType) return predicate;
  }
  throw new Error(`${subject} has no provenance`);
}
