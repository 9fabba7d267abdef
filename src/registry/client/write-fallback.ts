// Keeping the referrers tag where a registry has no referrers API (distribution-spec v1.1.1 §pushing manifests with
// subject). It is read, changed and written by all clients, so the write is conditional where the registry allows it,
// and checked afterwards in any case: no entry that was seen is lost, and what other clients wrote without the artifact
// type or the annotations of a manifest (cosign up to 3.0) is put right.

import { canonicalJson } from '../../core/canonical-json.ts';
import type { Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { imageIndex } from '../../oci/manifest.ts';
import { fallbackTag } from './fallback-tag.ts';
import { completeEntries, readFallback } from './read-referrers.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

const maxRounds = 6;

/** Makes the tag list `referrer`. Throws CONFLICT when other writers win again and again. */
export async function addToFallback(endpoint: RegistryEndpoint, subject: Digest, referrer: Descriptor): Promise<void> {
  const [own = referrer] = await completeEntries(endpoint, [referrer]);
  const wanted = new Map<string, Descriptor>([[own.digest, own]]);
  for (let round = 0; round < maxRounds; round++) {
    const index = await readFallback(endpoint, subject);
    const complete = await completeEntries(endpoint, index?.manifests ?? []);
    const isRight = sameEntries(index?.manifests ?? [], complete);
    const listed = new Map(complete.map((entry) => [entry.digest as string, entry]));
    if (isRight && [...wanted].every(([digest, entry]) => sameEntry(listed.get(digest), entry))) return;
    // What is listed keeps its place, so that the same additions give the same bytes.
    const merged = new Map([...listed, ...wanted]);
    for (const [digest, entry] of listed) if (!wanted.has(digest)) wanted.set(digest, entry);
    if (!(await put(endpoint, subject, [...merged.values()], index?.stored.etag))) await endpoint.http.pause(round);
  }
  throw new ExportError('CONFLICT', `the tag ${fallbackTag(subject)} of ${endpoint.repository} keeps changing`, {
    hint: 'let one writer at a time sign an artifact in this registry',
    retryable: true,
  });
}

function sameEntry(a: Descriptor | undefined, b: Descriptor): boolean {
  return a !== undefined && canonicalJson(a) === canonicalJson(b);
}

function sameEntries(a: readonly Descriptor[], b: readonly Descriptor[]): boolean {
  return a.length === b.length && a.every((entry, at) => sameEntry(entry, b[at] as Descriptor));
}

/** False when somebody else wrote in between. */
async function put(
  endpoint: RegistryEndpoint,
  subject: Digest,
  manifests: readonly Descriptor[],
  etag: string | undefined,
): Promise<boolean> {
  const { descriptor, bytes } = imageIndex({ manifests });
  const response = await endpoint.send({
    method: 'PUT',
    target: `manifests/${fallbackTag(subject)}`,
    scopes: endpoint.push,
    body: bytes,
    headers: { 'content-type': descriptor.mediaType, 'content-length': String(bytes.length), 'if-match': etag },
    retry: true,
  });
  if (response.status === 412 || response.status === 409) {
    await response.discard();
    return false;
  }
  if (response.status !== 201 && response.status !== 200) {
    throw await endpoint.refusal(`write the tag ${fallbackTag(subject)} of ${endpoint.repository}`, response);
  }
  await response.discard();
  return true;
}
