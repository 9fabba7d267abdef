// The table of /v2 (distribution-spec §endpoints): which path means what, which methods it has, and what the caller must
// be allowed to do. Own regular expressions, because names of repositories have slashes in them.

import type { Action } from '../../access/roles.ts';
import { handleBlob } from './blob-routes.ts';
import type { RepositoryExchange } from './exchange.ts';
import { handleReferrers, handleTags } from './list-routes.ts';
import { handleManifest } from './manifest-routes.ts';
import type { ErrorMeaning } from './oci-error.ts';
import { handleUpload, handleUploadStart } from './upload-routes.ts';

export type Route = ErrorMeaning & {
  readonly pattern: RegExp;
  /** What each method asks for; other methods get 405. */
  readonly methods: { readonly [method: string]: Action };
  readonly handle: (x: RepositoryExchange) => Promise<void>;
};

export const routes: readonly Route[] = [
  {
    pattern: /^\/v2\/(.+)\/blobs\/uploads\/?$/,
    methods: { POST: 'push' },
    handle: handleUploadStart,
    missing: 'BLOB_UPLOAD_UNKNOWN',
    invalid: 'BLOB_UPLOAD_INVALID',
  },
  {
    pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: { GET: 'push', HEAD: 'push', PATCH: 'push', PUT: 'push', DELETE: 'push' },
    handle: handleUpload,
    missing: 'BLOB_UPLOAD_UNKNOWN',
    invalid: 'BLOB_UPLOAD_INVALID',
  },
  {
    pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/,
    methods: { GET: 'pull', HEAD: 'pull', DELETE: 'delete' },
    handle: handleBlob,
    missing: 'BLOB_UNKNOWN',
    invalid: 'DIGEST_INVALID',
  },
  {
    pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: { GET: 'pull', HEAD: 'pull', PUT: 'push', DELETE: 'delete' },
    handle: handleManifest,
    missing: 'MANIFEST_BLOB_UNKNOWN',
    invalid: 'MANIFEST_INVALID',
  },
  {
    pattern: /^\/v2\/(.+)\/tags\/list$/,
    methods: { GET: 'pull', HEAD: 'pull' },
    handle: handleTags,
    missing: 'NAME_UNKNOWN',
    invalid: 'NAME_INVALID',
  },
  {
    pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/,
    methods: { GET: 'pull', HEAD: 'pull' },
    handle: handleReferrers,
    missing: 'NAME_UNKNOWN',
    invalid: 'DIGEST_INVALID',
  },
];

export type RouteMatch = { readonly route: Route; readonly name: string; readonly reference: string };

/** Finds the route of a decoded path below /v2, undefined when there is none. */
export function matchRoute(path: string): RouteMatch | undefined {
  for (const route of routes) {
    const match = route.pattern.exec(path);
    if (match) return { route, name: match[1] ?? '', reference: match[2] ?? '' };
  }
  return undefined;
}
