// Headers of content that is named by its digest: it never changes, so caches may keep it for ever, but nobody on the
// way may transform it (clients compare length and digest).

import type { OutgoingHttpHeaders } from 'node:http';
import { isDigest, type Digest } from '../../core/digest.ts';
import type { RepositoryExchange } from './exchange.ts';

/** `asked` is what the path named: content asked for by a tag must be asked for again next time. */
export function contentHeaders(x: RepositoryExchange, digest: Digest): OutgoingHttpHeaders {
  const whose = x.context.access.isPublic(x.repository.name) ? 'public' : 'private';
  const caching = isDigest(x.reference)
    ? `${whose}, max-age=31536000, immutable, no-transform`
    : 'no-cache, no-transform';
  return { 'Docker-Content-Digest': digest, ETag: `"${digest}"`, 'Cache-Control': caching };
}

/** If-None-Match (RFC 9110 §13.1.2) against the entity tag of `digest`. */
export function matchesEtag(header: string | undefined, digest: Digest): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(`"${digest}"`) || tags.includes('*');
}
