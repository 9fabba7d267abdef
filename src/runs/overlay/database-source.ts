// FROM of an ingest of a database: an artifact in a registry or a layout folder, its layer or its file on this machine or
// behind a web address. Artifacts are pinned: what a tag means is looked up once, and the digest is what counts.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { DatabaseOrigin } from '../../evidence/database-pointer.ts';
import { withoutSecrets, type HttpGet } from '../../evidence/sources/http.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isIndex, parseManifest } from '../../oci/manifest.ts';
import { formatReference, parseReference, type Reference } from '../../oci/reference.ts';
import type { RepositoryReader } from '../../oci/repository.ts';
import { kindOfLayer, type DatabaseKind } from '../../profiles/database/kinds.ts';
import { isLayout, parseLayoutReference } from '../../registry/layout/layout-reference.ts';
import { openLayout } from '../../registry/layout/layout-repository.ts';
import { readMetadataBeside } from './spool-database.ts';

export type DatabaseSource = {
  readonly origin: DatabaseOrigin;
  /** Of the bytes, where it is known before they are read. */
  readonly digest?: Digest;
  /** Bytes in all, where known. */
  readonly size?: number;
  readonly bytes: () => AsyncIterable<Buffer>;
  /** What lies beside the database when it is no archive. */
  readonly metadataBeside?: () => Promise<Buffer | undefined>;
};

export type SourceAccess = {
  readonly repository: (reference: Pick<Reference, 'registry' | 'repository'>) => RepositoryReader;
  readonly httpGet: HttpGet;
};

/** Opens what `from` names. Errors: USAGE, NOT_FOUND, UNREACHABLE, INPUT_INVALID for artifacts of another kind. */
export async function openDatabaseSource(
  from: string,
  kind: DatabaseKind,
  access: SourceAccess,
): Promise<DatabaseSource> {
  if (/^https?:\/\//i.test(from)) return webSource(from, access.httpGet);
  if (!/^oci:/i.test(from)) return localDatabaseSource(from, kind);
  const reference = parseReference(from);
  const repository = access.repository(reference);
  const asked = reference.digest ?? reference.tag ?? String(kind.product.version);
  const { descriptor, layer } = await layerOf(repository, asked, kind);
  const tagged = reference.digest === undefined ? { ...reference, tag: asked } : reference;
  const origin = { kind: 'registry', reference: formatReference(tagged), manifestDigest: descriptor.digest } as const;
  return artifactSource(repository, layer, origin);
}

/** A database on this machine. Throws NOT_FOUND, INPUT_INVALID. */
export async function localDatabaseSource(from: string, kind: DatabaseKind): Promise<DatabaseSource> {
  const { dir, tag, digest } = await parseLayoutReference(from);
  if (!(await isLayout(dir))) return fileSource(from, kind);
  const layout = await openLayout(dir);
  const { descriptor, layer } = await layerOf(layout, digest ?? tag ?? (await onlyTag(layout)), kind);
  return artifactSource(layout, layer, { kind: 'layout', manifestDigest: descriptor.digest });
}

function artifactSource(repository: RepositoryReader, layer: Descriptor, origin: DatabaseOrigin): DatabaseSource {
  return { origin, digest: layer.digest, size: layer.size, bytes: () => repository.openBlob(layer) };
}

/** The only layer of the artifact, which must be of this kind. */
async function layerOf(
  repository: RepositoryReader,
  reference: string,
  kind: DatabaseKind,
): Promise<{ readonly descriptor: Descriptor; readonly layer: Descriptor }> {
  const stored = await repository.manifest(reference);
  if (!stored) {
    throw new ExportError('NOT_FOUND', `${repository.name} has no ${reference}`, {
      hint: 'check the name and the tag; a private repository may need a login',
    });
  }
  const manifest = parseManifest(stored.bytes, stored.descriptor.mediaType);
  const what = `${repository.name}@${stored.descriptor.digest}`;
  const [layer, ...others] = isIndex(manifest) ? [] : manifest.layers;
  if (layer === undefined || others.length > 0) {
    throw new ExportError('INPUT_INVALID', `${what} is no artifact of one layer, which a ${kind.format} is`);
  }
  if (layer.mediaType !== kind.product.layerType) {
    const other = kindOfLayer(layer.mediaType);
    const message = `${what} is no ${kind.format}: its layer is a ${layer.mediaType}`;
    throw new ExportError('INPUT_INVALID', message, other ? { hint: `use --format ${other.format}` } : {});
  }
  return { descriptor: stored.descriptor, layer };
}

async function onlyTag(layout: RepositoryReader): Promise<string> {
  const tags = await layout.tags();
  const [only] = tags;
  if (only !== undefined && tags.length === 1) return only;
  if (tags.includes('latest')) return 'latest';
  throw new ExportError('NOT_FOUND', `${layout.name} does not say which of its tags is meant`, {
    hint: tags.length === 0 ? 'the layout has no tags' : `give DIR:TAG with one of ${tags.slice(0, 10).join(', ')}`,
  });
}

async function fileSource(from: string, kind: DatabaseKind): Promise<DatabaseSource> {
  const found = await stat(from).catch((cause: unknown) => {
    throw new ExportError('NOT_FOUND', `${from} is not there`, {
      hint: `give a file, an OCI layout, a URL or oci:HOST/REPOSITORY`,
      cause,
    });
  });
  const file = found.isDirectory() ? join(from, kind.product.fileName) : from;
  const { size } = found.isDirectory() ? await statFile(file) : found;
  return {
    origin: { kind: 'file' },
    size,
    bytes: () => createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>,
    metadataBeside: () => readMetadataBeside(join(dirname(file), 'metadata.json')),
  };
}

async function statFile(file: string): Promise<{ readonly size: number }> {
  return stat(file).catch((cause: unknown) => {
    throw new ExportError('NOT_FOUND', `${file} is not there`, {
      hint: 'give an OCI layout or the file itself',
      cause,
    });
  });
}

function webSource(url: string, get: HttpGet): DatabaseSource {
  const shown = withoutSecrets(url);
  const bytes = async function* (): AsyncGenerator<Buffer> {
    const { status, body } = await get(url, {});
    if (status !== 200) {
      for await (const _ of body);
      const code = status === 404 || status === 410 ? 'NOT_FOUND' : 'UNREACHABLE';
      throw new ExportError(code, `${shown} could not be fetched (status ${status})`, { hint: 'check the address' });
    }
    let count = 0;
    for await (const piece of body) {
      count += piece.length;
      if (count > limits.databaseBytes) throw new ExportError('INPUT_TOO_LARGE', `${shown} is too large`);
      yield piece;
    }
  };
  return { origin: { kind: 'url', url: shown }, bytes };
}
