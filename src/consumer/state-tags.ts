// Names of states in a repository or folder (formats.md §10), and the tags that belong to other manifests.

import { digestHex, parseDigest, type Digest } from '../core/digest.ts';
import { epoch } from '../core/clock.ts';

const statePattern = /^s-\d{8}T\d{6}Z-[0-9a-f]{12}$/;
const signaturePattern = /^(sha256|sha512)-([0-9a-f]{64}|[0-9a-f]{128})\.(?:sig|att|sbom)$/;

/** `s-<created as YYYYMMDDThhmmssZ>-<first 12 hex of the digest>`; `created` is RFC 3339 in UTC. */
export function stateTag(digest: Digest, created: string = epoch): string {
  const written = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(created) ? created : epoch;
  return `s-${written.replace(/[-:]/g, '')}-${digestHex(digest).slice(0, 12)}`;
}

export function isStateTag(tag: string): boolean {
  return statePattern.test(tag);
}

/** Tags in which cosign keeps signatures, attestations and SBOMs of another manifest. */
export function isSignatureTag(tag: string): boolean {
  return signaturePattern.test(tag);
}

/** The manifest that a signature tag is about. */
export function subjectOfTag(tag: string): Digest | undefined {
  const found = signaturePattern.exec(tag);
  return found ? parseDigest(`${found[1]}:${found[2]}`) : undefined;
}
