// Referrers of a manifest (distribution-spec v1.1.1 §listing referrers): the API where the registry has it, else the
// tag that clients keep in its place.

import type { Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isIndex, parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { examineManifest } from '../storage/manifest-rules.ts';
import { fallbackTag } from './fallback-tag.ts';
import { nextPage } from './next-page.ts';
import { readManifest, type ReadManifest } from './read-manifest.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

/** Answers that mean "there is no such API", besides another content type than that of an index. */
const absent = new Set([400, 404, 405, 406, 501]);

/** By the API alone; undefined when the registry has none. */
export async function referrersByApi(
  endpoint: RegistryEndpoint,
  subject: Digest,
  artifactType?: string,
): Promise<Descriptor[] | undefined> {
  const filter = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const found = new Map<string, Descriptor>();
  let page: string | URL | undefined = `referrers/${subject}${filter}`;
  for (let first = true; page; first = false) {
    const response = await endpoint.send({
      method: 'GET',
      target: page,
      scopes: endpoint.pull,
      headers: { accept: mediaTypes.ociIndex },
    });
    const type = response.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (first && (absent.has(response.status) || (response.status === 200 && type !== mediaTypes.ociIndex))) {
      await response.discard();
      return undefined;
    }
    if (response.status !== 200) throw await endpoint.refusal(`list the referrers of ${subject}`, response);
    const before = found.size;
    const manifest = parseManifest(await response.bytes(limits.manifestBytes), mediaTypes.ociIndex);
    for (const entry of isIndex(manifest) ? manifest.manifests : []) found.set(entry.digest, entry);
    page = found.size > before ? nextPage(response) : undefined;
  }
  return [...found.values()];
}

/** The entries of the fallback tag with what is needed to write it back. */
export type FallbackIndex = { readonly stored: ReadManifest; readonly manifests: readonly Descriptor[] };

export async function readFallback(endpoint: RegistryEndpoint, subject: Digest): Promise<FallbackIndex | undefined> {
  const stored = await readManifest(endpoint, fallbackTag(subject));
  if (!stored) return undefined;
  const manifest = parseManifest(stored.bytes, stored.descriptor.mediaType);
  if (isIndex(manifest)) return { stored, manifests: manifest.manifests };
  throw new ExportError('REGISTRY_REFUSED', `the tag ${fallbackTag(subject)} of ${endpoint.repository} is no index`);
}

/** Entries of the fallback tag as they should be. */
export async function referrersByTag(endpoint: RegistryEndpoint, subject: Digest): Promise<Descriptor[]> {
  const index = await readFallback(endpoint, subject);
  return completeEntries(endpoint, index?.manifests ?? []);
}

/**
 * Cosign up to 3.0 writes entries without their real artifact type and annotations; those are taken from the manifests
 * themselves, so that a filter finds them.
 */
export async function completeEntries(
  endpoint: RegistryEndpoint,
  entries: readonly Descriptor[],
): Promise<Descriptor[]> {
  const complete: Descriptor[] = [];
  for (const entry of entries) {
    const { artifactType, annotations } = entry;
    const said = artifactType !== undefined && artifactType !== mediaTypes.ociEmpty && annotations !== undefined;
    const stored = said ? undefined : await readManifest(endpoint, entry.digest);
    complete.push((stored && examineManifest(stored).referrer?.descriptor) ?? entry);
  }
  return complete;
}
