// Where an upload goes on (distribution-spec v1.1.1 §pushing blobs): the Location that each answer gives.

import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { HttpResponse } from './http-response.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

/** A registry may verify a whole blob before it answers the last request. */
export const commitTimeoutMs = 300_000;

/** The PUT address that ends an upload; what the registry put into the query stays. */
export function withDigest(location: URL, descriptor: Descriptor): URL {
  const url = new URL(location);
  url.searchParams.set('digest', descriptor.digest);
  return url;
}

/** Where the upload goes on; relative locations are allowed. */
export function locationOf(endpoint: RegistryEndpoint, response: HttpResponse): URL {
  const url = URL.parse(response.headers['location'] ?? '', response.url.href);
  if (url && response.headers['location'] !== undefined) return sameTls(endpoint, response.url, url);
  throw new ExportError('REGISTRY_REFUSED', `${endpoint.host} begins an upload without saying where`);
}

/** A registry behind a TLS proxy often names itself without TLS; nothing is sent there. */
function sameTls(endpoint: RegistryEndpoint, from: URL, url: URL): URL {
  if (from.protocol !== 'https:' || url.protocol === 'https:') return url;
  if (url.hostname === from.hostname) return new URL(`${url.pathname}${url.search}`, from);
  throw new ExportError('REGISTRY_REFUSED', `${endpoint.host} wants the upload sent without TLS`);
}

export function blobRefusal(
  endpoint: RegistryEndpoint,
  descriptor: Descriptor,
  response: HttpResponse,
): Promise<ExportError> {
  return endpoint.refusal(`take blob ${descriptor.digest} into ${endpoint.repository}`, response);
}
