// Finds the deltas that lead from a held bundle to a wanted one (formats.md §6): from the target back by `from`, until
// something is reached that is held, nothing is found, or it would cost more than the ordinary way.

import type { Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { emptyDescriptor, isIndex, parseManifest, type StoredManifest } from '../oci/manifest.ts';
import { artifactTypes, mediaTypes } from '../oci/media-types.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { parseDeltaConfig, type DeltaConfig } from '../profiles/sharded/documents.ts';
import { fromPlainDelta } from '../profiles/sharded/plain.ts';
import { readBlob } from '../profiles/sharded/read.ts';
import { deltaTagOf } from '../profiles/mirror/delta.ts';
import { unlessFaulty } from './content-faults.ts';

export type DeltaStep = {
  readonly config: DeltaConfig;
  /** One for each new state, oldest first; none when only the profile's revision moved. */
  readonly patches: readonly Descriptor[];
  /** Digest under which the target is stored where the delta came from: another one than its own in plain encoding. */
  readonly index: Digest;
};

export type DeltaChain = { readonly from: Digest; readonly steps: readonly DeltaStep[] };

export type ChainSearch = {
  readonly source: RepositoryReader;
  readonly target: Digest;
  readonly isHeld: (index: Digest) => boolean;
  /** Whether patches of that many bytes are still the cheaper way. */
  readonly isWorth: (patchBytes: number) => Promise<boolean>;
  /** The last step, when it is at hand already. */
  readonly last?: DeltaStep | undefined;
};

const maxSteps = 40;
const configLimit = 1 << 20;

/** Steps oldest first; undefined when there is no way, or none that is worth it. */
export async function findDeltaChain(search: ChainSearch): Promise<DeltaChain | undefined> {
  const { source, target, isHeld, isWorth } = search;
  const steps: DeltaStep[] = [];
  let wanted = target;
  let bytes = 0;
  while (steps.length < maxSteps) {
    const known = steps.length === 0 ? search.last : undefined;
    const step = known ?? (await unlessFaulty(() => readDelta(source, deltaTagOf(wanted))));
    if (step === undefined || step.config.target !== wanted || step.config.from === null) return undefined;
    steps.unshift(step);
    bytes += step.patches.reduce((sum, { size }) => sum + size, 0);
    if (!(await isWorth(bytes))) return undefined;
    wanted = step.config.from;
    if (isHeld(wanted)) return { from: wanted, steps };
  }
  return undefined;
}

async function readDelta(source: RepositoryReader, reference: string): Promise<DeltaStep | undefined> {
  const stored = await source.manifest(reference);
  return stored && readDeltaStep(source, stored);
}

/** Reads a mirror:delta; undefined for any other artifact. Throws VERIFICATION_FAILED for a damaged one. */
export async function readDeltaStep(source: RepositoryReader, stored: StoredManifest): Promise<DeltaStep | undefined> {
  const plain = fromPlainDelta(stored);
  const manifest = plain?.delta ?? parseManifest(stored.bytes, stored.descriptor.mediaType);
  if (isIndex(manifest) || manifest.artifactType !== artifactTypes.mirrorDelta) return undefined;
  const config = parseDeltaConfig(await readBlob(source, manifest.config, configLimit));
  const patches = manifest.layers.filter(({ digest }) => digest !== emptyDescriptor.digest);
  if (patches.length !== config.patches.length || patches.some(({ mediaType }) => mediaType !== mediaTypes.patch)) {
    throw new ExportError('VERIFICATION_FAILED', 'delta refused: it has other layers than patches');
  }
  return { config, patches, index: plain?.target ?? config.target };
}
