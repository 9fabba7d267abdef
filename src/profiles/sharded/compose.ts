// Puts a sharded bundle together out of its parts (formats.md §5): base manifests, head manifest, index. Pure, and the
// same for publisher and consumer, so that a consumer composes the very bytes that were signed.

import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { digestHex, sha256, type Digest } from '../../core/digest.ts';
import { limits } from '../../core/limits.ts';
import { keyBytes, type RecordKey } from '../../core/order.ts';
import { bare, describe, type Descriptor } from '../../oci/descriptor.ts';
import { imageIndex, imageManifest, type StoredManifest } from '../../oci/manifest.ts';
import { annotationNames, artifactTypes, mediaTypes } from '../../oci/media-types.ts';
import {
  chunkerFacts,
  encoderFacts,
  type BaseConfig,
  type ExportManifest,
  type HeadFields,
  type JournalRow,
  type ShardRow,
} from './documents.ts';
import { toPlain, type PlainForm } from './plain.ts';

/** A blob small enough to be held: a config or the README. */
export type SmallBlob = { readonly descriptor: Descriptor; readonly bytes: Buffer };

export type StoredShard = { readonly row: ShardRow; readonly layer: Descriptor };

export type Base = {
  readonly manifest: StoredManifest;
  readonly config: SmallBlob;
  readonly shards: readonly StoredShard[];
};

export type Journal = { readonly row: JournalRow; readonly layers: readonly Descriptor[] };

export type ShardedBundle = {
  readonly index: StoredManifest;
  readonly bases: readonly Base[];
  readonly head: StoredManifest;
  readonly exportManifest: ExportManifest;
  readonly config: SmallBlob;
  readonly readme: SmallBlob;
  readonly journals: readonly Journal[];
  /** Set where the bundle is stored in the plain encoding; everything above is the default encoding all the same. */
  readonly plain?: PlainForm;
};

export type BundleParts = {
  readonly artifactType: string;
  readonly readme: string;
  readonly bases: readonly Base[];
  readonly journals: readonly Journal[];
  readonly head: HeadFields;
  readonly previous: Digest | null;
};

export function shardTitle({ c, k }: RecordKey): string {
  return `${c}/${sha256(keyBytes(c, k)).toString('hex').slice(0, 16)}.jsonl.zst`;
}

/** Journal number `position` since the base (from 1), part `part` (from 1) of `parts`. */
export function journalTitle(position: number, to: Digest, part: number, parts: number): string {
  const suffix = parts > 1 ? `-${String(part).padStart(2, '0')}` : '';
  return `journals/${String(position).padStart(4, '0')}-${digestHex(to).slice(0, 16)}${suffix}.jsonl.zst`;
}

function titled(descriptor: Descriptor, title: string): Descriptor {
  return { ...bare(descriptor), annotations: { [annotationNames.title]: title } };
}

function smallBlob(mediaType: string, bytes: Buffer): SmallBlob {
  return { descriptor: describe(mediaType, bytes), bytes };
}

/** Base manifests over shards in order, cut greedily at 400 layers each. An empty state has none. */
export function composeBases(shards: readonly StoredShard[]): Base[] {
  const bases: Base[] = [];
  for (let at = 0; at < shards.length; at += limits.manifestLayers) {
    bases.push(composeBase(shards.slice(at, at + limits.manifestLayers)));
  }
  return bases;
}

function composeBase(shards: readonly StoredShard[]): Base {
  const facts: BaseConfig = {
    schema: 1,
    chunker: chunkerFacts,
    encoder: encoderFacts,
    shards: shards.map(({ row: { c, k, records, raw, size } }) => ({ c, k, records, raw, size })),
  };
  const config = smallBlob(mediaTypes.baseConfig, canonicalBytes(facts as unknown as Json));
  const layers = shards.map(({ row, layer }) => titled(layer, shardTitle(row)));
  const manifest = imageManifest({ artifactType: artifactTypes.mirrorBase, config: config.descriptor, layers });
  return { manifest, config, shards };
}

export function composeBundle({ artifactType, readme, bases, journals, head, previous }: BundleParts): ShardedBundle {
  const exportManifest: ExportManifest = {
    schema: 1,
    ...head,
    bases: bases.map(({ manifest }) => manifest.descriptor.digest),
    journals: journals.map(({ row }) => row),
    previous,
    encoder: encoderFacts,
    chunker: chunkerFacts,
  };
  const readmeBlob = smallBlob(mediaTypes.markdown, Buffer.from(readme));
  const config = smallBlob(mediaTypes.exportManifest, canonicalBytes(exportManifest as unknown as Json));
  const headManifest = imageManifest({
    artifactType: artifactTypes.mirrorHead,
    config: titled(config.descriptor, 'manifest.json'),
    layers: [titled(readmeBlob.descriptor, 'README.md'), ...journals.flatMap(journalLayers)],
  });
  const index = imageIndex({
    artifactType,
    manifests: [...bases.map(({ manifest }) => bare(manifest.descriptor)), bare(headManifest.descriptor)],
    annotations: {
      [annotationNames.created]: head.state.created,
      [annotationNames.profile]: head.profile.name,
      [annotationNames.setRoot]: head.state.setRoot,
      [annotationNames.records]: String(head.state.records),
    },
  });
  return { index, bases, head: headManifest, exportManifest, config, readme: readmeBlob, journals };
}

function journalLayers({ row, layers }: Journal, position: number): Descriptor[] {
  return layers.map((layer, part) => titled(layer, journalTitle(position + 1, row.to, part + 1, row.parts)));
}

/** Bytes of the base's shards, and of the journals over it: what compaction is judged on. */
export function layerBytes(bundle: Pick<ShardedBundle, 'bases' | 'journals'>): { base: number; journals: number } {
  const sum = (layers: readonly Descriptor[]): number => layers.reduce((total, { size }) => total + size, 0);
  return {
    base: bundle.bases.reduce((total, { shards }) => total + sum(shards.map(({ layer }) => layer)), 0),
    journals: bundle.journals.reduce((total, { layers }) => total + sum(layers), 0),
  };
}

/** The index as it is stored, which is what tags name and signatures are about. */
export function rootOf({ index, plain }: ShardedBundle): StoredManifest {
  return plain?.index ?? index;
}

/** The bundle in the plain encoding. */
export function plainBundle(bundle: ShardedBundle): ShardedBundle & { readonly plain: PlainForm } {
  const children = [...bundle.bases.map(({ manifest }) => manifest), bundle.head];
  return { ...bundle, plain: toPlain(bundle.index, children) };
}

/** The manifests of a bundle as they are stored, children before parents. */
export function manifestsOf(bundle: ShardedBundle): StoredManifest[] {
  if (bundle.plain) return [...bundle.plain.manifests, bundle.plain.index];
  return [...bundle.bases.map(({ manifest }) => manifest), bundle.head, bundle.index];
}

/** The blobs that are composed, not stored: configs and the README. */
export function smallBlobsOf(bundle: ShardedBundle): SmallBlob[] {
  const configs = bundle.plain?.configs ?? [];
  return [...bundle.bases.map(({ config }) => config), bundle.config, bundle.readme, ...configs];
}

/** The layers that hold evidence: shards and journals. */
export function contentLayersOf(bundle: Pick<ShardedBundle, 'bases' | 'journals'>): Descriptor[] {
  return [
    ...bundle.bases.flatMap(({ shards }) => shards.map(({ layer }) => layer)),
    ...bundle.journals.flatMap(({ layers }) => layers),
  ];
}

/** Every byte of a bundle: manifests, configs, layers. */
export function bundleBytes(bundle: ShardedBundle): number {
  const parts = [
    ...manifestsOf(bundle).map(({ descriptor }) => descriptor),
    ...smallBlobsOf(bundle).map(({ descriptor }) => descriptor),
    ...contentLayersOf(bundle),
  ];
  const sizes = new Map(parts.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((total, size) => total + size, 0);
}
