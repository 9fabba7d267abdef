// Builds a database and stores it without a name: rows through a file, the database file, its layer, the manifest that
// upstream's artifact has.

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { emptyDescriptor, emptyJson, type StoredManifest } from '../../oci/manifest.ts';
import { databaseManifest, layerDescriptor } from '../../profiles/database/artifact.ts';
import { metadataJson } from '../../profiles/database/metadata.ts';
import { packLayer, type PackedLayer } from '../../profiles/database/pack-layer.ts';
import type { LeaveOut } from '../../profiles/database/row.ts';
import type { RunContext, RunTask, Tally } from '../run-context.ts';
import type { DatabasePlan } from './plan-database.ts';
import type { SpooledRows } from './spool-rows.ts';

export type BuiltDatabase = { readonly manifest: StoredManifest; readonly layer: PackedLayer };

export async function buildDatabase(
  plan: DatabasePlan,
  rows: SpooledRows,
  tempDir: string,
  work: {
    readonly task: RunTask;
    readonly context: RunContext;
    readonly tally: Tally;
    readonly leaveOut: LeaveOut;
  },
): Promise<BuiltDatabase> {
  const { builder, state, nextUpdate, repository } = plan;
  const { product } = builder;
  const { task, context, tally, leaveOut } = work;
  const path = join(tempDir, product.fileName);
  await task.report({ state: 'building', message: `writing ${product.fileName} with ${rows.records} rows` });
  await product.writeFile(rows.lines(), path, leaveOut);
  const metadata = metadataJson(product.version, { updatedAt: state.created, nextUpdate });
  const packed = join(tempDir, product.layerTitle);
  const layer = await packLayer(
    { name: product.fileName, path, metadata },
    { to: packed, encoders: context.encoders, signal: task.signal },
  );
  const descriptor = layerDescriptor(product, layer);
  const source = (): AsyncIterable<Buffer> => createReadStream(packed) as AsyncIterable<Buffer>;
  if ((await repository.pushBlob(descriptor, source)) === 'written') {
    tally.add(descriptor);
    tally.layers++;
  }
  await repository.pushBlob(emptyDescriptor, emptyJson);
  const manifest = databaseManifest(product, layer, state.created);
  if ((await repository.pushManifest(manifest)) === 'written') tally.add(manifest.descriptor);
  return { manifest, layer };
}
