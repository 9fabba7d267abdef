// `mirror materialize --as trivy-cache`: the database of a folder as Trivy's own cache has it, for clients that cannot be
// told of a registry.

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { formatSeconds } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import { downloadedMetadata } from '../profiles/database/metadata.ts';
import { productOf } from '../profiles/database/products.ts';
import { readTar } from '../profiles/database/read-tar.ts';
import { readBundle } from '../profiles/sharded/read.ts';
import { isSound } from './damaged-blobs.ts';
import { isShardedManifest } from './fetch-artifact.ts';
import { openSource, resolveSource } from './open-source.ts';
import { CachePlace } from './cache-place.ts';
import type { MaterializeResult, NetworkOptions } from './types.ts';

/**
 * Writes the database that the folder `dir` has into `cache`, which is made when it is not there. Errors: NOT_FOUND for a
 * folder without one, INPUT_INVALID for the mirror of something else, VERIFICATION_FAILED for a damaged layer.
 */
export async function materializeTrivyCache(
  dir: string,
  cache: string,
  { now, ...network }: NetworkOptions & { readonly now: Date },
): Promise<MaterializeResult> {
  const { product, rebuilds, file } = await findDatabase(dir, network);
  const inLayer: Buffer[] = [];
  for await (const piece of file('metadata.json')) inLayer.push(piece);
  const { text, times } = downloadedMetadata(Buffer.concat(inLayer).toString('utf8'), formatSeconds(now));
  const place = await CachePlace.open(cache, product.cacheFolder);
  try {
    await place.write(product.fileName, file(product.fileName));
    await place.write('metadata.json', [Buffer.from(text)]);
    await place.show();
  } finally {
    await place.clear();
  }
  return { digest: rebuilds.manifestDigest, path: join(cache, product.cacheFolder), ...times };
}

async function findDatabase(dir: string, network: NetworkOptions) {
  const source = await openSource(dir, network);
  const { layout } = source;
  if (!layout) throw new ExportError('USAGE', `${dir} is no folder`, { hint: 'pull the mirror into a folder first' });
  const { digest } = await resolveSource(source);
  const stored = await layout.manifest(digest);
  const bundle = stored && isShardedManifest(stored) ? await readBundle(layout, stored) : undefined;
  const { rebuilds } = bundle?.exportManifest ?? {};
  const product = rebuilds && productOf(rebuilds.kind);
  if (!rebuilds || !product) {
    throw new ExportError('INPUT_INVALID', `${dir} is not the mirror of a Trivy database`, {
      hint: 'pull …/trivy-db-mirror:latest or …/trivy-java-db-mirror:latest',
    });
  }
  if (!(await isSound(layout, rebuilds.layerDigest))) {
    throw new ExportError('VERIFICATION_FAILED', `the layer ${rebuilds.layerDigest} in ${dir} is missing or damaged`, {
      hint: `run \`export-center mirror doctor ${dir}\``,
    });
  }
  const file = (name: string) => fileOfLayer(layout.blobPath(rebuilds.layerDigest), name);
  return { product, rebuilds, file };
}

/** The bytes of one file of a layer. */
async function* fileOfLayer(path: string, name: string): AsyncGenerator<Buffer> {
  const plain = createReadStream(path).pipe(createGunzip({ chunkSize: 1 << 20 }));
  for await (const entry of readTar(plain as AsyncIterable<Buffer>)) {
    if (entry.name !== name) continue;
    yield* entry.content;
    return;
  }
  throw new ExportError('VERIFICATION_FAILED', `the layer has no ${name}`);
}
