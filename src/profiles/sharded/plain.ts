// The plain encoding (docs/formats.md §13): the same bundle in the types of a container image, for registries that allow
// listed types only. Pure, and without loss: what is plain leads back to the very bytes of the default encoding, so that
// journals, deltas and everything that names a bundle by its digest work on both sides alike.

import { canonicalBytes } from '../../core/canonical-json.ts';
import { isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { bare, describe, type Annotations, type Descriptor } from '../../oci/descriptor.ts';
import {
  emptyDescriptor,
  imageIndex,
  imageManifest,
  isIndex,
  parseManifest,
  type ImageManifest,
  type Manifest,
  type StoredManifest,
} from '../../oci/manifest.ts';
import { annotationNames, artifactTypes, mediaTypes } from '../../oci/media-types.ts';

/** A blob that the plain encoding adds: an image config. */
export type PlainConfig = { readonly descriptor: Descriptor; readonly bytes: Buffer };

/** What a plain bundle has in place of the manifests of the default encoding. */
export type PlainForm = {
  readonly index: StoredManifest;
  /** Children, in order: bases, then the head. */
  readonly manifests: readonly StoredManifest[];
  readonly configs: readonly PlainConfig[];
};

const encodingName = 'plain.v1';
const { encoding, plainType, plainOf, plainTarget } = annotationNames;

/** The artifact type that a plain manifest or index stands for; undefined when it is not plain. */
export function plainTypeOf({ artifactType, annotations = {} }: Manifest): string | undefined {
  return artifactType === undefined && annotations[encoding] === encodingName ? annotations[plainType] : undefined;
}

/** The digest of the default encoding that a plain index says it stands for; undefined when it is not plain. */
export function plainOfDigest({ bytes, descriptor }: StoredManifest): Digest | undefined {
  const parsed = parseManifest(bytes, descriptor.mediaType);
  const digest = plainTypeOf(parsed) === undefined ? undefined : parsed.annotations?.[plainOf];
  return digest !== undefined && isDigest(digest) ? digest : undefined;
}

/** The plain form of a bundle's index and its children, which are all image manifests. */
export function toPlain(index: StoredManifest, children: readonly StoredManifest[]): PlainForm {
  const wrapped = children.map((child) => wrap(imageOf(child)));
  const { artifactType = '', annotations } = parseManifest(index.bytes, index.descriptor.mediaType);
  const { digest } = index.descriptor;
  return {
    index: imageIndex({
      manifests: wrapped.map(({ manifest }) => bare(manifest.descriptor)),
      annotations: { ...annotations, [encoding]: encodingName, [plainType]: artifactType, [plainOf]: digest },
    }),
    manifests: wrapped.map(({ manifest }) => manifest),
    configs: wrapped.map(({ config }) => config),
  };
}

/** The default encoding that a plain index and its children stand for. Throws VERIFICATION_FAILED unless they do. */
export function fromPlain(
  index: StoredManifest,
  children: readonly StoredManifest[],
): { readonly index: StoredManifest; readonly manifests: readonly StoredManifest[] } {
  const parsed = parseManifest(index.bytes, index.descriptor.mediaType);
  const manifests = children.map((child, at) => unwrap(imageOf(child), at === children.length - 1 ? head : base));
  const { [encoding]: _encoding, [plainType]: artifactType = '', [plainOf]: digest, ...own } = parsed.annotations ?? {};
  const restored = imageIndex({
    artifactType,
    manifests: manifests.map(({ descriptor }) => bare(descriptor)),
    annotations: own,
  });
  // Whatever was not written as the format says does not come back to where it started.
  const again = toPlain(restored, manifests);
  if (restored.descriptor.digest !== digest || again.index.descriptor.digest !== index.descriptor.digest) {
    throw refused(`it is not the plain form of ${digest}`);
  }
  return { index: restored, manifests };
}

/** The plain form of a delta; `target` is the plain index that it leads to. */
export function toPlainDelta(delta: StoredManifest, target: Digest): Omit<PlainForm, 'manifests'> {
  const { manifest, config } = wrap(imageOf(delta), {
    [encoding]: encodingName,
    [plainType]: artifactTypes.mirrorDelta,
    [plainOf]: delta.descriptor.digest,
    [plainTarget]: target,
  });
  return { index: manifest, configs: [config] };
}

/** Config and layers of a plain delta with the plain index that it leads to; undefined for anything else. */
export function fromPlainDelta(
  stored: StoredManifest,
): { readonly delta: ImageManifest; readonly target: Digest } | undefined {
  const parsed = parseManifest(stored.bytes, stored.descriptor.mediaType);
  if (isIndex(parsed) || plainTypeOf(parsed) !== artifactTypes.mirrorDelta) return undefined;
  const target = parsed.annotations?.[plainTarget] ?? '';
  const { bytes, descriptor } = unwrap(parsed, delta);
  if (!isDigest(target) || descriptor.digest !== parsed.annotations?.[plainOf]) {
    throw refused('its parts do not make the delta that it names');
  }
  return { delta: parseManifest(bytes, descriptor.mediaType) as ImageManifest, target };
}

type Wrapped = { readonly manifest: StoredManifest; readonly config: PlainConfig };

/** The config becomes the first layer, and an image config takes its place. */
function wrap({ config: document, layers }: ImageManifest, annotations?: Annotations): Wrapped {
  const plainLayers = [document, ...layers].map((layer) => ({ ...layer, mediaType: plainMediaType(layer) }));
  const bytes = canonicalBytes({
    architecture: 'unknown',
    config: {},
    os: 'unknown',
    rootfs: { type: 'layers', diff_ids: plainLayers.map(({ digest }) => digest) },
  });
  const config = { descriptor: describe(mediaTypes.ociConfig, bytes), bytes };
  const fields = { config: config.descriptor, layers: plainLayers };
  return { manifest: imageManifest(annotations ? { ...fields, annotations } : fields), config };
}

const zstdTypes: readonly string[] = [mediaTypes.shard, mediaTypes.journal];

function plainMediaType({ mediaType }: Descriptor): string {
  return zstdTypes.includes(mediaType) ? mediaTypes.ociLayerTarZstd : mediaTypes.ociLayerTar;
}

/** Types that the plain encoding leaves out, because the place says what something is. */
type Kind = {
  readonly artifactType: string;
  readonly config: string;
  readonly layer: (layer: Descriptor, at: number) => string;
};

const base: Kind = {
  artifactType: artifactTypes.mirrorBase,
  config: mediaTypes.baseConfig,
  layer: () => mediaTypes.shard,
};

const head: Kind = {
  artifactType: artifactTypes.mirrorHead,
  config: mediaTypes.exportManifest,
  layer: (_layer, at) => (at === 0 ? mediaTypes.markdown : mediaTypes.journal),
};

const delta: Kind = {
  artifactType: artifactTypes.mirrorDelta,
  config: mediaTypes.deltaConfig,
  layer: ({ digest }) => (digest === emptyDescriptor.digest ? mediaTypes.ociEmpty : mediaTypes.patch),
};

function unwrap({ layers: [document, ...layers] }: ImageManifest, kind: Kind): StoredManifest {
  if (document === undefined) throw refused('a manifest has no layers');
  return imageManifest({
    artifactType: kind.artifactType,
    config: { ...document, mediaType: kind.config },
    layers: layers.map((layer, at) => ({ ...layer, mediaType: kind.layer(layer, at) })),
  });
}

function imageOf({ bytes, descriptor }: StoredManifest): ImageManifest {
  const manifest = parseManifest(bytes, descriptor.mediaType);
  if (isIndex(manifest)) throw refused('a child is an index');
  return manifest;
}

function refused(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `plain bundle refused: ${what}`);
}
