// Stores shards and journal parts as blobs. What is stored already is found by the digest of the raw bytes and never
// compressed again to compare.

import { digestOf, type Digest } from '../../core/digest.ts';
import { describe, type Descriptor } from '../../oci/descriptor.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { RepositoryWriter, RepositoryReader } from '../../oci/repository.ts';
import type { RawShard } from '../../shard/chunker.ts';
import { encoder } from '../../shard/encode.ts';
import { mapAhead, type EncoderPool } from '../../shard/encoder-pool.ts';
import type { StoredShard } from './compose.ts';

/** Where a raw digest is stored: digest and size of its compressed blob, for each compression level. */
export interface BlobIndex {
  find(raw: Digest, level: number): Promise<{ readonly digest: Digest; readonly size: number } | undefined>;
  remember(raw: Digest, level: number, stored: { readonly digest: Digest; readonly size: number }): Promise<void>;
}

/** Knows nothing: for a consumer, which finds kept shards by their place. */
export const noBlobIndex: BlobIndex = { find: () => Promise.resolve(undefined), remember: () => Promise.resolve() };

export type StoreContext = {
  readonly repository: Pick<RepositoryReader, 'statBlob'> & Pick<RepositoryWriter, 'pushBlob'>;
  readonly blobs: BlobIndex;
  readonly encoders: EncoderPool;
  /** Told of every blob once it is there; `written` is false for those that were there before. */
  readonly onBlob?: (blob: {
    readonly descriptor: Descriptor;
    readonly written: boolean;
    readonly raw: number;
  }) => void;
  readonly signal?: AbortSignal;
};

export type FrameKind = {
  readonly mediaType: string;
  readonly level: number;
  /** Digest of the raw bytes, where it is known already. */
  readonly rawDigest?: Digest;
};

/** Compresses and stores raw bytes as one frame. */
export async function storeFrame(
  context: StoreContext,
  raw: Buffer,
  { mediaType, level, rawDigest = digestOf(raw) }: FrameKind,
): Promise<Descriptor> {
  context.signal?.throwIfAborted();
  const size = raw.length;
  const known = await context.blobs.find(rawDigest, level);
  if (known && (await context.repository.statBlob(known.digest)) === known.size) {
    const descriptor = { mediaType, ...known };
    context.onBlob?.({ descriptor, written: false, raw: size });
    return descriptor;
  }
  const frame = await context.encoders.encode(raw, { level });
  const descriptor = describe(mediaType, frame);
  const written = (await context.repository.pushBlob(descriptor, frame)) === 'written';
  await context.blobs.remember(rawDigest, level, { digest: descriptor.digest, size: descriptor.size });
  context.onBlob?.({ descriptor, written, raw: size });
  return descriptor;
}

export async function storeShard(context: StoreContext, shard: RawShard): Promise<StoredShard> {
  const { c, k, records, raw } = shard;
  const row = { c, k, records, raw: digestOf(raw), size: raw.length };
  const kind = { mediaType: mediaTypes.shard, level: encoder.shardLevel, rawDigest: row.raw };
  return { row, layer: await storeFrame(context, raw, kind) };
}

/** Shards that wait for the disk while the threads work on others. */
export const writesAhead = 4;

/** Stores shards as they come, a few in flight; results in their order. */
export async function storeShards(context: StoreContext, shards: AsyncIterable<RawShard>): Promise<StoredShard[]> {
  const stored: StoredShard[] = [];
  const inOrder = mapAhead(shards, context.encoders.size + writesAhead, (shard) => storeShard(context, shard));
  for await (const shard of inOrder) stored.push(shard);
  return stored;
}

/** Stores the parts of a journal; results in their order. */
export async function storeJournal(context: StoreContext, parts: AsyncIterable<Buffer>): Promise<Descriptor[]> {
  const layers: Descriptor[] = [];
  const inOrder = mapAhead(parts, context.encoders.size, (raw) =>
    storeFrame(context, raw, { mediaType: mediaTypes.journal, level: encoder.journalLevel }),
  );
  for await (const layer of inOrder) layers.push(layer);
  return layers;
}
