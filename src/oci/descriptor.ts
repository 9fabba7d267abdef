// Descriptors (OCI image-spec v1.1.1, descriptor.md).

import { ExportError } from '../core/errors.ts';
import { digestOf, isDigest, type Digest } from '../core/digest.ts';

export type Annotations = { readonly [name: string]: string };

export type Descriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Annotations;
  /** The content itself in base64, where a manifest carries it; never read back. */
  readonly data?: string;
};

/** The descriptor of bytes that are in memory. */
export function describe(mediaType: string, bytes: Uint8Array, annotations?: Annotations): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength, ...(annotations ? { annotations } : {}) };
}

/** Only mediaType, digest and size: what a child of an index or a subject may carry (formats.md §5). */
export function bare({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

/** Reads a descriptor out of parsed JSON; `place` names it in the error (INPUT_INVALID). */
export function parseDescriptor(value: unknown, place: string): Descriptor {
  if (typeof value !== 'object' || value === null) throw invalid(place, 'is not an object');
  const { mediaType, digest, size, artifactType, annotations } = value as Record<string, unknown>;
  if (typeof mediaType !== 'string' || mediaType === '') throw invalid(place, 'has no mediaType');
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid(place, 'has no valid digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(place, 'has no valid size');
  return {
    mediaType,
    digest,
    size,
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(annotations === undefined || annotations === null ? {} : { annotations: parseAnnotations(annotations, place) }),
  };
}

function parseAnnotations(value: unknown, place: string): Annotations {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(place, 'has odd annotations');
  for (const text of Object.values(value)) {
    if (typeof text !== 'string') throw invalid(place, 'has an annotation that is not a string');
  }
  return value as Annotations;
}

function invalid(place: string, what: string): ExportError {
  return new ExportError('INPUT_INVALID', `${place} ${what}`);
}
