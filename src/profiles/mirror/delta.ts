// Builds a mirror:delta (formats.md §6): one manifest whose layers are patches and whose config carries what a consumer
// cannot compute. The full bundle that it leads to exists already.

import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import type { Digest } from '../../core/digest.ts';
import { bare, describe, type Descriptor } from '../../oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest, type StoredManifest } from '../../oci/manifest.ts';
import { artifactTypes, mediaTypes } from '../../oci/media-types.ts';
import { mapAhead, type EncoderPool } from '../../shard/encoder-pool.ts';
import { encodeGroup, PatchGroups, type ChangeWithOld, type PatchGroup } from '../../shard/patch.ts';
import type { SmallBlob } from '../sharded/compose.ts';
import { headFieldsOf, type DeltaConfig, type ExportManifest } from '../sharded/documents.ts';

export type DeltaInput = {
  /** Digest and export manifest of the index that the delta leads to. */
  readonly target: Digest;
  readonly manifest: ExportManifest;
  /** Index that it starts from; null on a first state. */
  readonly from: Digest | null;
  /** One for each new state since `from`, oldest first. */
  readonly steps: readonly DeltaStep[];
};

export type DeltaStep = {
  readonly from: Digest;
  readonly to: Digest;
  readonly changes: () => AsyncIterable<readonly ChangeWithOld[]>;
};

export type DeltaBundle = {
  readonly manifest: StoredManifest;
  readonly config: SmallBlob;
  /** Patches, or the empty JSON blob when there is none. */
  readonly layers: readonly SmallBlob[];
};

export async function buildDelta(input: DeltaInput, encoders: EncoderPool): Promise<DeltaBundle> {
  const layers: SmallBlob[] = [];
  for (const { changes } of input.steps) {
    const bytes = await encodePatch(changes(), encoders);
    layers.push({ descriptor: describe(mediaTypes.patch, bytes), bytes });
  }
  return composeDelta(input, layers);
}

function composeDelta({ target, manifest, from, steps }: DeltaInput, patches: readonly SmallBlob[]): DeltaBundle {
  const head = headFieldsOf(manifest);
  const facts: DeltaConfig = {
    schema: 1,
    target,
    from,
    head: manifest.previous === from || manifest.previous === null ? head : { ...head, previous: manifest.previous },
    patches: steps.map((step) => ({ from: step.from, to: step.to })),
  };
  const bytes = canonicalBytes(facts as unknown as Json);
  const config = { descriptor: describe(mediaTypes.deltaConfig, bytes), bytes };
  const layers = patches.length > 0 ? patches : [{ descriptor: emptyDescriptor, bytes: emptyJson }];
  const bareLayers = layers.map(({ descriptor }): Descriptor => bare(descriptor));
  return {
    manifest: imageManifest({
      artifactType: artifactTypes.mirrorDelta,
      config: config.descriptor,
      layers: bareLayers,
    }),
    config,
    layers,
  };
}

/** The bytes of one patch; groups are compressed in worker threads, a few ahead. */
export async function encodePatch(
  changes: AsyncIterable<readonly ChangeWithOld[]>,
  encoders: EncoderPool,
): Promise<Buffer> {
  const encoded: Buffer[] = [];
  const inOrder = mapAhead(groupsOf(changes), encoders.size, (group) =>
    encodeGroup(group, (raw, options) => encoders.encode(raw, options)),
  );
  for await (const group of inOrder) encoded.push(group);
  return Buffer.concat(encoded);
}

async function* groupsOf(changes: AsyncIterable<readonly ChangeWithOld[]>): AsyncGenerator<PatchGroup> {
  const groups = new PatchGroups();
  for await (const page of changes) {
    for (const change of page) {
      const closed = groups.push(change);
      if (closed) yield closed;
    }
  }
  const last = groups.finish();
  if (last) yield last;
}

/** Tag under which a consumer looks for the delta that leads to an index. */
export function deltaTagOf(target: Digest): string {
  return `${target.replace(':', '-')}.delta`;
}
