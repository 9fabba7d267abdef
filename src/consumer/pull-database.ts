// The part of a pull that is about the database a mirror makes: in the folder as the publisher's artifact, with the
// publisher's signatures, under names of its own. Before the mirror's names move: leaves first.

import { toExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { productOf } from '../profiles/database/products.ts';
import type { ShardedBundle } from '../profiles/sharded/compose.ts';
import { databaseTags } from './database-tags.ts';
import type { MirrorFolder } from './mirror-folder.ts';
import { obtainDatabase } from './obtain-database.ts';
import type { OpenedSource } from './open-source.ts';
import { carrySignatures, hasSignature, verifySignature } from './signatures.ts';
import type { PullOptions, PullResult } from './types.ts';

export type DatabasePull = {
  readonly source: OpenedSource;
  /** The moving tag of the mirror that goes to this state, if any. */
  readonly tag: string | undefined;
  readonly options: PullOptions;
};

export type PulledDatabase = {
  readonly facts: NonNullable<PullResult['database']>;
  readonly verified: readonly string[];
};

/** Undefined for a mirror of something else. */
export async function pullDatabase(
  bundle: ShardedBundle,
  folder: MirrorFolder,
  { source, tag, options }: DatabasePull,
): Promise<PulledDatabase | undefined> {
  const { rebuilds, state } = bundle.exportManifest;
  const { signal, onProgress } = options;
  const obtained = await obtainDatabase(bundle, { folder, beside: (name) => source.beside(name), signal, onProgress });
  if (obtained === undefined || rebuilds === undefined) return undefined;
  const { manifest, how } = obtained;
  const { digest, size } = manifest.descriptor;
  const subject = { mediaType: mediaTypes.ociManifest, digest, size };
  const signed = await carry(subject, source.beside(rebuilds.reference), folder, options);
  const product = productOf(rebuilds.kind);
  const names = product
    ? databaseTags(rebuilds.reference, product, { digest, created: state.created, moves: tag === 'latest' })
    : [];
  await folder.layout.pushManifest(manifest, names);
  const facts = { digest, layerDigest: rebuilds.layerDigest, how };
  return { facts, verified: ['database', ...(signed ? ['database-signature'] : [])] };
}

/** What a repository says that does not have the artifact, or not for us. */
const absent = new Set(['NOT_FOUND', 'DENIED', 'UNAUTHORIZED', 'VERIFICATION_FAILED']);

/**
 * Brings the artifact's own signatures along; true when the key's is among them, or, without a key, when there is one.
 * A mirror that was copied without its artifact has none, which is no failure: the mirror's signature names the digest.
 */
async function carry(
  subject: Descriptor,
  reader: RepositoryReader,
  { layout }: MirrorFolder,
  options: PullOptions,
): Promise<boolean> {
  try {
    const verification = await verifySignature(reader, subject, options);
    await carrySignatures(reader, layout, subject, verification, options);
    return verification?.ok ?? (await hasSignature(layout, subject));
  } catch (thrown) {
    if (!absent.has(toExportError(thrown).code)) throw thrown;
    return false;
  }
}
