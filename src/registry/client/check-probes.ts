// The manifests with which a registry is tried before a run (see check-registry.ts): each differs from one that every
// registry takes in a single trait of the encodings that exports are written in.

import { describe, type Annotations, type Descriptor } from '../../oci/descriptor.ts';
import { emptyDescriptor, imageIndex, imageManifest, type StoredManifest } from '../../oci/manifest.ts';
import { annotationNames, artifactTypes, mediaTypes } from '../../oci/media-types.ts';

/** What an export is written in: the default encoding, or the plain one (docs/formats.md §13). */
export type Encoding = 'default' | 'plain';

export type Probe = {
  readonly name: string;
  /** Encodings that cannot do without. */
  readonly neededFor: readonly Encoding[];
  readonly manifest: StoredManifest;
  readonly evidence: string;
};

/** Blobs that the probes refer to; their bytes are this check's alone, so that removing them harms nobody. */
export type ProbeBlobs = {
  /** A small JSON object that may be taken for an image config. */
  readonly config: Descriptor;
  readonly layer: Descriptor;
};

const both: readonly Encoding[] = ['default', 'plain'];

/** Layers of the largest manifest that exports have: 400 shards, and in plain encoding their table. */
const mostLayers = 401;

/** A container image as every registry takes it. */
export function imageProbe({ config, layer }: ProbeBlobs, note: string): StoredManifest {
  return imageManifest({
    config: typed(config, mediaTypes.ociConfig),
    layers: [typed(layer, mediaTypes.ociLayerTarZstd)],
    annotations: noted(note),
  });
}

/** Traits that are tried one by one; `image` is in the repository already. */
export function probesOf(blobs: ProbeBlobs, image: StoredManifest, note: string): Probe[] {
  const config = typed(blobs.config, mediaTypes.ociConfig);
  const layer = typed(blobs.layer, mediaTypes.ociLayerTarZstd);
  const { mediaType, digest, size } = image.descriptor;
  const child = { mediaType, digest, size };
  const annotations = noted(note);
  const plainIndex = imageIndex({ manifests: [child], annotations });
  return [
    {
      name: 'config type',
      neededFor: ['default'],
      manifest: imageManifest({ config: typed(config, mediaTypes.exportManifest), layers: [layer], annotations }),
      evidence: mediaTypes.exportManifest,
    },
    {
      name: 'layer types',
      neededFor: ['default'],
      manifest: imageManifest({ config, layers: ownTypes.map((type) => typed(layer, type)), annotations }),
      evidence: ownTypes.join(', '),
    },
    {
      name: 'artifact type',
      neededFor: ['default'],
      manifest: imageManifest({ artifactType: artifactTypes.mirrorHead, config, layers: [layer], annotations }),
      evidence: artifactTypes.mirrorHead,
    },
    { name: 'index', neededFor: both, manifest: plainIndex, evidence: 'an index of manifests without platform' },
    {
      name: 'artifact type of an index',
      neededFor: ['default'],
      manifest: imageIndex({ artifactType: artifactTypes.mirrorFull, manifests: [child], annotations }),
      evidence: artifactTypes.mirrorFull,
    },
    {
      name: 'nested index',
      neededFor: [],
      manifest: imageIndex({ manifests: [plainIndex.descriptor], annotations }),
      evidence: 'an index in an index; exports have none',
    },
    {
      name: 'layers',
      neededFor: both,
      manifest: imageManifest({ config, layers: manyLayers(layer), annotations }),
      evidence: `${mostLayers} in one manifest`,
    },
    {
      name: 'signature tags',
      neededFor: both,
      manifest: imageManifest({ config, layers: signatureTypes.map((type) => typed(layer, type)), annotations }),
      evidence: signatureTypes.join(', '),
    },
  ];
}

const ownTypes: readonly string[] = [mediaTypes.markdown, mediaTypes.shard, mediaTypes.journal];
const signatureTypes: readonly string[] = [mediaTypes.simpleSigning, mediaTypes.dsseEnvelope];

/** A signature as a referrer of `subject`. */
export function referrerProbe({ layer }: ProbeBlobs, subject: StoredManifest, note: string): StoredManifest {
  const { mediaType, digest, size } = subject.descriptor;
  return imageManifest({
    artifactType: mediaTypes.sigstoreBundle,
    config: emptyDescriptor,
    layers: [typed(layer, mediaTypes.sigstoreBundle)],
    subject: { mediaType, digest, size },
    annotations: noted(note),
  });
}

/** An image whose manifest has about `bytes` bytes, and not more. */
export function largeProbe({ config, layer }: ProbeBlobs, note: string, bytes: number): StoredManifest {
  const annotations: Record<string, string> = { ...noted(note) };
  const valueBytes = 10_000;
  for (let at = 0; (at + 1) * (valueBytes + 20) < bytes - 2_000; at++)
    annotations[`padding.${at}`] = 'x'.repeat(valueBytes);
  return imageManifest({
    config: typed(config, mediaTypes.ociConfig),
    layers: [typed(layer, mediaTypes.ociLayerTarZstd)],
    annotations,
  });
}

export function probeBlobs(id: string): {
  readonly blobs: ProbeBlobs;
  readonly bytes: readonly (readonly [Descriptor, Buffer])[];
} {
  const layerBytes = Buffer.from(`export-center tries this registry: ${id}\n`);
  const layer = describe('application/octet-stream', layerBytes);
  const rootfs = { type: 'layers', diff_ids: [layer.digest] };
  const author = `export-center check ${id}`;
  const configBytes = Buffer.from(
    JSON.stringify({ architecture: 'unknown', author, config: {}, os: 'unknown', rootfs }),
  );
  const config = describe(mediaTypes.ociConfig, configBytes);
  return {
    blobs: { config, layer },
    bytes: [
      [layer, layerBytes],
      [config, configBytes],
    ],
  };
}

function typed({ digest, size }: Descriptor, mediaType: string): Descriptor {
  return { mediaType, digest, size };
}

function manyLayers(layer: Descriptor): Descriptor[] {
  return Array.from({ length: mostLayers }, (_, at) => {
    const title = `osv/check/${String(at).padStart(16, '0')}.jsonl.zst`;
    return { ...layer, annotations: { [annotationNames.title]: title } };
  });
}

/** Makes a probe's digest that of this check alone. */
function noted(note: string): Annotations {
  return { 'org.opencontainers.image.description': `export-center check ${note}` };
}
