// `mirror pull`: brings an OCI layout folder to what a reference names. Patches first, blobs where patches do not help;
// everything is verified before a name moves, and a pull that was killed goes on where it stopped (formats.md §5, §6).

import type { Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { StoredManifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { readDeltaStep, type DeltaStep } from './delta-chain.ts';
import { pullDatabase } from './pull-database.ts';
import { hasSignature, carrySignatures, verifySignature } from './signatures.ts';
import { unlessFaulty } from './content-faults.ts';
import { MirrorFolder } from './mirror-folder.ts';
import { ObtainState, type Obtained } from './obtain-state.ts';
import { openSource, resolveSource, type OpenedSource } from './open-source.ts';
import { publishState } from './retire-states.ts';
import { isStateTag } from './state-tags.ts';
import type { PullOptions, PullResult } from './types.ts';

/**
 * Errors: VERIFICATION_FAILED or DIGEST_MISMATCH when anything is not what it should be (the folder's names stay where
 * they are), NOT_FOUND, UNREACHABLE, OFFLINE, CONFLICT while another process works in the folder.
 */
export async function mirrorPull(options: PullOptions): Promise<PullResult> {
  const source = await openSource(options.reference, options);
  try {
    const wanted = await findWanted(source);
    const folder = await MirrorFolder.open(options.dir, { create: true });
    try {
      return await pullInto(folder, source, wanted, options);
    } finally {
      await folder.close();
    }
  } catch (thrown) {
    if (options.signal?.aborted) throw new ExportError('CANCELLED', 'the pull was cancelled', { cause: thrown });
    throw thrown;
  } finally {
    await source.close();
  }
}

type Wanted = { readonly descriptor: Descriptor; readonly delta?: DeltaStep };

/** What the reference names; naming a delta means the state that it leads to. */
async function findWanted(source: OpenedSource): Promise<Wanted> {
  const descriptor = await resolveSource(source);
  if (descriptor.mediaType !== mediaTypes.ociManifest) return { descriptor };
  const stored = await source.reader.manifest(descriptor.digest);
  const delta = stored && (await readDeltaStep(source.reader, stored));
  if (!delta) return { descriptor };
  return { descriptor: { mediaType: mediaTypes.ociIndex, digest: delta.index, size: 0 }, delta };
}

async function pullInto(
  folder: MirrorFolder,
  source: OpenedSource,
  wanted: Wanted,
  options: PullOptions,
): Promise<PullResult> {
  const { descriptor, delta } = wanted;
  const tag = delta ? ((await folder.state())?.tag ?? 'latest') : movingTag(source.tag);
  // First, because it is cheap and nothing else is worth fetching when it fails.
  const signature = await vouch(folder, source, descriptor, options);
  const work = new ObtainState({
    source: source.reader,
    folder,
    target: descriptor.digest,
    tag,
    delta,
    mayGoBack: source.digest !== undefined,
    signal: options.signal,
    onProgress: options.onProgress,
  });
  let obtained: Obtained;
  try {
    obtained = await work.run();
  } finally {
    await work.close();
  }
  const { manifest } = obtained;
  if (signature.carry) {
    const { reader } = source;
    await carrySignatures(reader, folder.layout, manifest.descriptor, signature.verification, options);
  }
  const database = obtained.bundle && (await pullDatabase(obtained.bundle, folder, { source, tag, options }));
  await publishState(folder, { manifest, tag, reference: source.text });
  const verified = [...obtained.verified, ...signature.verified, ...(database?.verified ?? [])];
  return { ...result(manifest, obtained, source, verified), ...(database ? { database: database.facts } : {}) };
}

type Vouched = {
  readonly verification?: Awaited<ReturnType<typeof verifySignature>>;
  readonly verified: readonly string[];
  /** Whether the source is to be asked for signatures to keep. */
  readonly carry: boolean;
};

/** Verifies the signature where a key is given: in the folder when it is there, else at the source. */
async function vouch(
  { layout }: MirrorFolder,
  { reader }: OpenedSource,
  subject: Descriptor,
  options: PullOptions,
): Promise<Vouched> {
  const { key, signatureOnly } = options;
  if (key === undefined)
    return { verified: [], carry: !(signatureOnly === true && (await hasSignature(layout, subject))) };
  const local = await unlessFaulty(() => verifySignature(layout, subject, options));
  const verification = local?.ok === true ? local : await verifySignature(reader, subject, options);
  const verified = (verification?.checks ?? []).filter(({ ok }) => ok).map(({ name }) => name);
  return { verification, verified, carry: !(local?.ok === true && signatureOnly === true) };
}

/** A state's own tag never moves, so it is none that the folder follows. */
function movingTag(tag: string | undefined): string | undefined {
  return tag !== undefined && isStateTag(tag) ? undefined : tag;
}

function result(
  { descriptor }: StoredManifest,
  { bundle, bytes, shardsDerived }: Obtained,
  source: OpenedSource,
  verified: readonly string[],
): PullResult {
  const state = bundle?.exportManifest.state;
  const digest: Digest = descriptor.digest;
  return {
    digest,
    setRoot: state?.setRoot ?? null,
    records: state?.records ?? null,
    bytesTotal: bytes,
    bytesFetched: source.bytesFetched(),
    blobsFetched: source.blobsFetched(),
    shardsDerived,
    verified,
  };
}
