// What a run hands on from phase to phase: the artifact that was stored, and the tags that will name it.

import { digestHex, type Digest } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Repository } from '../oci/repository.ts';
import type { HeadFields } from '../profiles/sharded/documents.ts';

export type Artifact = {
  readonly repository: Repository;
  /** What the tags will resolve to. */
  readonly root: Descriptor;
  readonly head: HeadFields;
  /** The committed sequence of the evidence that it shows. */
  readonly sequence: number;
  /** Set root of the evidence that it was made of, where that is not the state's own. */
  readonly evidence?: Digest;
  readonly overlays?: readonly { readonly source: string; readonly sha256: string }[];
  /** Digest of the artifact's config: the export manifest, or a delta's config. */
  readonly config: Digest;
  readonly previous: Digest | null;
  /** Bytes of the whole artifact, and its number of layers. */
  readonly bytes: number;
  readonly layers: number;
  /** Immutable names first, moving ones last. */
  readonly tags: readonly string[];
};

/** `s-<created>-<first 12 hex of the digest>` for bundles, `d-…` for deltas (formats.md §10). */
export function stateTag(prefix: 's' | 'd', created: string, digest: Digest): string {
  return `${prefix}-${created.replace(/[-:]/g, '')}-${digestHex(digest).slice(0, 12)}`;
}
