// Image manifests and indexes (OCI image-spec v1.1.1, manifest.md and image-index.md): parse strictly, write canonically.

import { canonicalBytes, type Json } from '../core/canonical-json.ts';
import { ExportError } from '../core/errors.ts';
import { describe, parseDescriptor, type Annotations, type Descriptor } from './descriptor.ts';
import { isIndexType, mediaTypes } from './media-types.ts';

export type ImageManifest = {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
};

export type ImageIndex = {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
};

export type Manifest = ImageManifest | ImageIndex;

/** A manifest with the exact bytes that its digest names. */
export type StoredManifest = { readonly descriptor: Descriptor; readonly bytes: Buffer };

/** The two bytes `{}` (image-spec manifest.md, guidance for an empty descriptor). */
export const emptyJson = Buffer.from('{}');
export const emptyDescriptor: Descriptor = describe(mediaTypes.ociEmpty, emptyJson);

export function isIndex(manifest: Manifest): manifest is ImageIndex {
  return 'manifests' in manifest;
}

export function imageManifest(fields: Omit<ImageManifest, 'schemaVersion' | 'mediaType'>): StoredManifest {
  return store({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, ...fields });
}

export function imageIndex(fields: Omit<ImageIndex, 'schemaVersion' | 'mediaType'>): StoredManifest {
  return store({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, ...fields });
}

function store(manifest: Manifest): StoredManifest {
  const bytes = canonicalBytes(manifest as unknown as Json);
  return { descriptor: describe(manifest.mediaType, bytes), bytes };
}

/** Parses manifest bytes; `mediaType` is what the registry said. Throws INPUT_INVALID with the place. */
export function parseManifest(bytes: Uint8Array, mediaType: string): Manifest {
  const value = parseJson(bytes);
  if (value['schemaVersion'] !== 2) throw invalid('schemaVersion is not 2');
  const declared = value['mediaType'];
  if (declared !== undefined && declared !== mediaType) {
    throw invalid(`mediaType is ${JSON.stringify(declared)}, the registry says ${JSON.stringify(mediaType)}`);
  }
  if ('layers' in value && 'manifests' in value) throw invalid('it has both layers and manifests');
  const common = {
    schemaVersion: 2 as const,
    mediaType,
    ...(typeof value['artifactType'] === 'string' ? { artifactType: value['artifactType'] } : {}),
    ...(value['subject'] ? { subject: parseDescriptor(value['subject'], 'subject') } : {}),
    ...(value['annotations'] ? { annotations: value['annotations'] as Annotations } : {}),
  };
  if (isIndexType(mediaType)) return { ...common, manifests: parseList(value['manifests'], 'manifests') };
  return {
    ...common,
    config: parseDescriptor(value['config'], 'config'),
    layers: parseList(value['layers'], 'layers'),
  };
}

function parseList(value: unknown, name: string): Descriptor[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalid(`${name} is not a list`);
  return value.map((item, position) => parseDescriptor(item, `${name}[${position}]`));
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw invalid('it is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is not an object');
  return value as Record<string, unknown>;
}

function invalid(what: string, cause?: unknown): ExportError {
  return new ExportError('INPUT_INVALID', `manifest refused: ${what}`, cause === undefined ? {} : { cause });
}

/** Everything a manifest needs to be whole: config and layers, or children; the subject is no part of it. */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  return isIndex(manifest) ? manifest.manifests : [manifest.config, ...manifest.layers];
}
