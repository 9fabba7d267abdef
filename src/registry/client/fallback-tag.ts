// The tag that lists a manifest's referrers where a registry has no referrers API (distribution-spec v1.1.1 §referrers
// tag schema).

import { digestAlgorithm, digestHex, type Digest } from '../../core/digest.ts';

/** `sha256-<hex>`. */
export function fallbackTag(subject: Digest): string {
  return `${digestAlgorithm(subject).slice(0, 32)}-${digestHex(subject).slice(0, 64)}`;
}
