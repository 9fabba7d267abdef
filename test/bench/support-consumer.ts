// Our own consumer beside its publisher: pulls, counts, and compares everything it rebuilt with what was published.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mirrorPull } from '../../src/consumer/pull.ts';
import type { PullResult } from '../../src/consumer/types.ts';
import { digestHex } from '../../src/core/digest.ts';
import { contentLayersOf, manifestsOf, smallBlobsOf, type ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import type { Publisher } from './support-publisher.ts';

export type Pulled = PullResult & {
  /** Everything in the folder has the publisher's digests and bytes. */
  readonly equal: boolean;
  /** Shards, journals and configs of the bundle that were asked for instead of rebuilt. */
  readonly contentFetched: number;
};

/** Pulls with the publisher's key and one signature, as somebody who only wants to use the mirror. */
export async function pull(publisher: Publisher, dir: string): Promise<Pulled> {
  publisher.requests();
  const { mirror, key } = publisher;
  const result = await mirrorPull({ reference: `${mirror}:latest`, dir, key, signatureOnly: true });
  const asked = publisher.requests();
  const bundle = await publisher.bundle();
  const content = contentOf(bundle);
  const contentFetched = asked.filter((request) => content.some((digest) => request.endsWith(`/blobs/${digest}`)));
  const equal = result.digest === bundle.index.descriptor.digest && (await holdsAll(dir, bundle));
  return { ...result, equal, contentFetched: contentFetched.length };
}

function contentOf(bundle: ShardedBundle): string[] {
  const small = smallBlobsOf(bundle).map(({ descriptor }) => descriptor);
  return [...contentLayersOf(bundle), ...small].map(({ digest }) => digest);
}

async function holdsAll(dir: string, bundle: ShardedBundle): Promise<boolean> {
  const digests = [...contentOf(bundle), ...manifestsOf(bundle).map(({ descriptor }) => descriptor.digest)];
  for (const digest of digests) {
    const hex = digestHex(digest as Parameters<typeof digestHex>[0]);
    const bytes = await readFile(join(dir, 'blobs', 'sha256', hex)).catch(() => Buffer.alloc(0));
    if (createHash('sha256').update(bytes).digest('hex') !== hex) return false;
  }
  return true;
}

/** Which of `digests` are content of the bundle: neither manifests nor signatures. */
export function contentAmong(bundle: ShardedBundle, digests: readonly string[]): number {
  const content = new Set(contentOf(bundle));
  return digests.filter((digest) => content.has(digest)).length;
}

/** Whether the base of a bundle moved on since `before`. */
export function isCompacted(before: ShardedBundle, now: ShardedBundle): boolean {
  const bases = ({ bases }: ShardedBundle): string => bases.map(({ manifest }) => manifest.descriptor.digest).join();
  return bases(before) !== bases(now);
}

/** Share of the records that the newest journal touches. */
export function touchedShare({ journals, exportManifest }: ShardedBundle): number {
  const row = journals.at(-1)?.row;
  return row === undefined ? 0 : (row.puts + row.dels) / Math.max(1, exportManifest.state.records);
}
