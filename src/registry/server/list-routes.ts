// Lists: end-8 (tags) and end-12 (referrers) of distribution-spec, in pages with a Link to the next one.

import { isDigest } from '../../core/digest.ts';
import { compareUtf8 } from '../../core/order.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { reply, replyJson, type RepositoryExchange } from './exchange.ts';
import { refuse } from './oci-error.ts';

const maxPageEntries = 1_000;

/** Clients read a page of referrers up to 4 MiB. */
const maxPageBytes = 3_500_000;

export async function handleTags(x: RepositoryExchange): Promise<void> {
  const asked = x.query.get('n');
  if (asked !== null && !/^\d{1,9}$/.test(asked))
    return refuse(x, 400, 'UNSUPPORTED', { message: 'n is not a number' });
  if (!(await x.repository.exists())) return refuse(x, 404, 'NAME_UNKNOWN', { message: 'there is no such repository' });
  const count = Math.min(Number(asked ?? maxPageEntries), maxPageEntries);
  const last = x.query.get('last');
  const rest = (await x.repository.tags()).filter((tag) => last === null || compareUtf8(tag, last) > 0);
  const tags = rest.slice(0, count);
  const more =
    count > 0 && rest.length > count ? { Link: nextLink(x, { n: String(count), last: tags.at(-1) ?? '' }) } : {};
  return replyJson(x, { name: x.repository.name, tags }, more);
}

export async function handleReferrers(x: RepositoryExchange): Promise<void> {
  const subject = x.reference;
  if (!isDigest(subject)) return refuse(x, 400, 'DIGEST_INVALID', { message: 'not a digest' });
  const artifactType = x.query.get('artifactType');
  const last = x.query.get('last') ?? '';
  const all = await x.repository.referrers(subject, artifactType ?? undefined);
  const rest = all.filter(({ digest }) => compareUtf8(digest, last) > 0);
  const manifests = firstPage(rest);
  const filter = artifactType === null ? {} : { artifactType };
  const more =
    manifests.length < rest.length ? { Link: nextLink(x, { ...filter, last: manifests.at(-1)?.digest ?? '' }) } : {};
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  // With a charset behind it cosign and oras take this type for something else and fall back to tags.
  const headers = { 'Content-Type': mediaTypes.ociIndex, 'Cache-Control': 'no-cache, no-transform', ...more };
  return reply(x, 200, artifactType === null ? headers : { ...headers, 'OCI-Filters-Applied': 'artifactType' }, body);
}

function firstPage(referrers: readonly Descriptor[]): Descriptor[] {
  const page: Descriptor[] = [];
  let bytes = 0;
  for (const referrer of referrers) {
    bytes += JSON.stringify(referrer).length;
    if (page.length > 0 && (bytes > maxPageBytes || page.length === maxPageEntries)) break;
    page.push(referrer);
  }
  return page;
}

function nextLink({ incoming }: RepositoryExchange, query: Record<string, string>): string {
  const path = (incoming.url ?? '').split('?')[0] ?? '';
  return `<${path}?${new URLSearchParams(query).toString()}>; rel="next"`;
}
