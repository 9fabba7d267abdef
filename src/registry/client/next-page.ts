// The next page of a list (distribution-spec v1.1.1: RFC 5988 Link with rel="next").

import type { HttpResponse } from './http-response.ts';

/** Undefined on the last page, and for a link to another server: lists never leave the registry. */
export function nextPage(response: HttpResponse): URL | undefined {
  for (const [, target = '', parameters = ''] of (response.headers['link'] ?? '').matchAll(/<([^>]*)>([^<]*)/g)) {
    if (!/;\s*rel\s*=\s*"?next"?/i.test(parameters)) continue;
    const url = URL.parse(target, response.url.href);
    return url?.origin === response.url.origin ? url : undefined;
  }
  return undefined;
}
