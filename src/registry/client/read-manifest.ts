// Reading manifests and tags from a registry (distribution-spec v1.1.1 §pulling manifests, §listing tags).

import { digestAlgorithm, digestOf, Digester, isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { compareUtf8 } from '../../core/order.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { StoredManifest } from '../../oci/manifest.ts';
import { manifestMediaTypes } from '../../oci/media-types.ts';
import type { HttpResponse } from './http-response.ts';
import { nextPage } from './next-page.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

const accept = manifestMediaTypes.join(', ');

/** A manifest with the ETag of the answer, if the registry gives one. */
export type ReadManifest = StoredManifest & { readonly etag?: string };

export async function readManifest(endpoint: RegistryEndpoint, reference: string): Promise<ReadManifest | undefined> {
  const response = await endpoint.send({
    method: 'GET',
    target: `manifests/${reference}`,
    scopes: endpoint.pull,
    headers: { accept },
  });
  if (response.status === 404) {
    await response.discard();
    return undefined;
  }
  if (response.status !== 200)
    throw await endpoint.refusal(`give manifest ${reference} of ${endpoint.repository}`, response);
  const bytes = await response.bytes(limits.manifestBytes);
  const digest = verifiedDigest(endpoint, reference, bytes, response);
  const mediaType = typeOf(response) ?? declaredType(bytes);
  if (mediaType === undefined)
    throw new ExportError('REGISTRY_REFUSED', `${endpoint.host} gives ${reference} without a type`);
  const etag = response.headers['etag'];
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes, ...(etag === undefined ? {} : { etag }) };
}

/** HEAD; registries that leave headers out cost a GET. */
export async function resolveManifest(endpoint: RegistryEndpoint, reference: string): Promise<Descriptor | undefined> {
  const response = await endpoint.send({
    method: 'HEAD',
    target: `manifests/${reference}`,
    scopes: endpoint.pull,
    headers: { accept },
  });
  await response.discard();
  if (response.status === 404) return undefined;
  if (response.status === 401 || response.status === 403) {
    throw await endpoint.refusal(`show manifest ${reference} of ${endpoint.repository}`, response);
  }
  const digest = response.headers['docker-content-digest'];
  const mediaType = typeOf(response);
  const size = Number(response.headers['content-length'] ?? Number.NaN);
  if (response.status === 200 && digest !== undefined && isDigest(digest) && mediaType && Number.isSafeInteger(size)) {
    if (isDigest(reference) && digest !== reference) throw otherBytes(endpoint, reference, digest);
    return { mediaType, digest, size };
  }
  return (await readManifest(endpoint, reference))?.descriptor;
}

/** All tags, sorted bytewise; none for a repository that does not exist. */
export async function readTags(endpoint: RegistryEndpoint): Promise<string[]> {
  const tags = new Set<string>();
  let page: string | URL | undefined = 'tags/list?n=1000';
  while (page) {
    const response = await endpoint.send({ method: 'GET', target: page, scopes: endpoint.pull });
    if (response.status === 404) {
      await response.discard();
      break;
    }
    if (response.status !== 200) throw await endpoint.refusal(`list the tags of ${endpoint.repository}`, response);
    const before = tags.size;
    for (const tag of tagsOf(await response.bytes(limits.manifestBytes), endpoint)) tags.add(tag);
    // A page that brings nothing new would be asked for again and again.
    page = tags.size > before ? nextPage(response) : undefined;
  }
  return [...tags].sort(compareUtf8);
}

function tagsOf(bytes: Buffer, endpoint: RegistryEndpoint): string[] {
  try {
    const { tags } = JSON.parse(bytes.toString('utf8')) as { tags?: unknown };
    if (tags === null || tags === undefined) return [];
    if (Array.isArray(tags)) return tags.filter((tag) => typeof tag === 'string');
  } catch {
    // Falls through to the refusal.
  }
  throw new ExportError(
    'REGISTRY_REFUSED',
    `${endpoint.host} lists the tags of ${endpoint.repository} in an unknown form`,
  );
}

function verifiedDigest(endpoint: RegistryEndpoint, reference: string, bytes: Buffer, response: HttpResponse): Digest {
  const named = response.headers['docker-content-digest'];
  const wanted = isDigest(reference) ? reference : named !== undefined && isDigest(named) ? named : digestOf(bytes);
  const digester = new Digester(digestAlgorithm(wanted));
  digester.update(bytes);
  const actual = digester.digest();
  if (actual !== wanted) throw otherBytes(endpoint, wanted, actual);
  return actual;
}

function otherBytes(endpoint: RegistryEndpoint, wanted: string, actual: string): ExportError {
  return new ExportError(
    'DIGEST_MISMATCH',
    `manifest ${wanted} from ${endpoint.host}/${endpoint.repository} has the digest ${actual}`,
    { hint: 'the registry, or something on the way, gives damaged content' },
  );
}

function typeOf(response: HttpResponse): string | undefined {
  const type = response.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return type !== undefined && manifestMediaTypes.includes(type) ? type : undefined;
}

/** What the manifest says of itself, for servers that send it as plain JSON. */
function declaredType(bytes: Buffer): string | undefined {
  try {
    const { mediaType } = JSON.parse(bytes.toString('utf8')) as { mediaType?: unknown };
    return typeof mediaType === 'string' && mediaType !== '' ? mediaType : undefined;
  } catch {
    return undefined;
  }
}
