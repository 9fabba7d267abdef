// `run PROFILE --compare REF`: the database that was published beside another one. The report is an artifact of its own in
// the repository `<repository>-parity`: parity.json, parity.md, and every difference as a line of differences.jsonl.gz.

import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { digestHex } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { DatabaseOrigin } from '../../evidence/database-pointer.ts';
import { describe, type Descriptor } from '../../oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest } from '../../oci/manifest.ts';
import { annotationNames, artifactTypes, mediaTypes } from '../../oci/media-types.ts';
import type { BlobSource, Repository } from '../../oci/repository.ts';
import { databaseKind, type DatabaseKind } from '../../profiles/database/kinds.ts';
import { LineFile } from '../../profiles/database/line-file.ts';
import { writeMembers } from '../../profiles/database/pack-layer.ts';
import { compareRows } from '../../profiles/database/parity.ts';
import {
  differenceLine,
  differsAnywhere,
  ParityCounter,
  reportTable,
  type ParityReport,
} from '../../profiles/database/parity-report.ts';
import { readBundle, stateLines } from '../../profiles/sharded/read.ts';
import type { RunComparison } from '../center.ts';
import { openDatabaseSource } from '../overlay/database-source.ts';
import { spoolDatabase } from '../overlay/spool-database.ts';
import { databaseMirrorOf, parityRepositoryOf, type Profile } from '../profile-document.ts';
import type { RunContext, RunTask } from '../run-context.ts';
import { builderOf } from './builder.ts';

/** Compares what `latest` of the mirror holds with `theirs`. Errors: those of the source and of its file. */
export async function compareDatabase(
  profile: Profile,
  theirs: string,
  task: RunTask,
  context: RunContext,
): Promise<RunComparison> {
  await task.report({ state: 'verifying', message: `comparing with ${theirs}` });
  await mkdir(context.tempDir, { recursive: true });
  const folder = await mkdtemp(join(context.tempDir, 'compare-'));
  try {
    const { report, lines } = await compare(profile, theirs, folder, context);
    const repository = context.repository(parityRepositoryOf(profile.repository));
    const digest = await storeReport(report, lines, folder, { repository, context });
    const { buckets, total, theirs: side } = report;
    const reference = `${context.registryHost()}/${repository.name}@${digest}`;
    return { theirs: side.name, report: reference, total, buckets: buckets.filter(differsAnywhere) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(profile: Profile, from: string, folder: string, context: RunContext) {
  const { product, overlayFormat } = builderOf(profile.kind);
  const kind = databaseKind(overlayFormat);
  const source = await openDatabaseSource(from, kind, context.sources);
  const spooled = await spoolDatabase({ bytes: source.bytes() }, kind, folder);
  const { rows, layerDigest } = await ownRows(profile, context);
  const counter = new ParityCounter(product.bucketOf);
  const lines = join(folder, 'differences.jsonl');
  const file = await LineFile.create(lines);
  try {
    for await (const page of compareRows(rows, theirRows(kind, spooled.file))) {
      for (const comparison of page) {
        counter.add(comparison);
        const line = differenceLine(comparison);
        if (line !== undefined && file.add(Buffer.from(line))) await file.drain();
      }
    }
  } finally {
    await file.close();
  }
  const ours = { name: profile.name, layerDigest };
  const theirs = { name: nameOf(source.origin), layerDigest: spooled.digest };
  return { report: counter.report(ours, theirs), lines };
}

function theirRows(kind: DatabaseKind, file: string) {
  return kind.rows(file, () => undefined);
}

async function ownRows({ repository: name }: Profile, context: RunContext) {
  const repository = context.repository(databaseMirrorOf(name));
  const index = await repository.manifest('latest');
  if (!index) throw new ExportError('INTERNAL', `${repository.name} has no latest`);
  const bundle = await readBundle(repository, index);
  const layerDigest = bundle.exportManifest.rebuilds?.layerDigest ?? index.descriptor.digest;
  return { rows: stateLines(repository, bundle), layerDigest };
}

/** How the report names the other side: never by a path of this machine. */
function nameOf(origin: DatabaseOrigin): string {
  if (origin.kind === 'registry') return origin.reference;
  return origin.kind === 'url' ? origin.url : `a ${origin.kind}`;
}

async function storeReport(
  report: ParityReport,
  lines: string,
  folder: string,
  { repository, context }: { readonly repository: Repository; readonly context: RunContext },
): Promise<string> {
  const packed = join(folder, 'differences.jsonl.gz');
  const bytes = createReadStream(lines) as AsyncIterable<Buffer>;
  const differences = await writeMembers(bytes, { to: packed, encoders: context.encoders });
  const json = canonicalBytes(report as unknown as Json);
  const table = Buffer.from(reportTable(report));
  const blobs: { readonly layer: Descriptor; readonly source: BlobSource }[] = [
    { layer: titled(describe(mediaTypes.json, json), 'parity.json'), source: json },
    { layer: titled(describe(mediaTypes.markdown, table), 'parity.md'), source: table },
  ];
  if (differences.size > 0) {
    const layer = titled({ mediaType: mediaTypes.jsonLinesGzip, ...differences }, 'differences.jsonl.gz');
    blobs.push({ layer, source: () => createReadStream(packed) as AsyncIterable<Buffer> });
  }
  await repository.pushBlob(emptyDescriptor, emptyJson);
  for (const { layer, source } of blobs) await repository.pushBlob(layer, source);
  const layers = blobs.map(({ layer }) => layer);
  const manifest = imageManifest({ artifactType: artifactTypes.parity, config: emptyDescriptor, layers });
  const { digest } = manifest.descriptor;
  const pair = [report.ours, report.theirs].map(({ layerDigest }) => layerDigest.slice(7, 19)).join('-');
  await repository.pushManifest(manifest, [`p-${pair}-${digestHex(digest).slice(0, 12)}`, 'latest']);
  return digest;
}

function titled(descriptor: Descriptor, title: string): Descriptor {
  return { ...descriptor, annotations: { [annotationNames.title]: title } };
}
