// The last phases of a run: signature and provenance, tags, the copy to another registry, and reading it all back.

import { formatSeconds } from '../core/clock.ts';
import type { Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import { copyGraph } from '../registry/copy.ts';
import type { Repository } from '../oci/repository.ts';
import { attest, type AttestOptions } from '../trust/attest.ts';
import { predicateName, provenancePredicateType } from '../trust/predicate-types.ts';
import { provenance } from '../trust/provenance.ts';
import { parsePublicKey } from '../trust/public-key.ts';
import { findReferrerBundles } from '../trust/referrer-bundles.ts';
import { keyOnlyPolicy } from '../trust/signing-policy.ts';
import { verifySubject } from '../trust/verify-subject.ts';
import type { Predicate } from '../trust/types.ts';
import type { Artifact } from './artifact.ts';
import { viewOf } from './plan-export.ts';
import type { Profile } from './profile-document.ts';
import type { RunContext, RunTask, Tally } from './run-context.ts';
import { sourceStates } from './source-states.ts';

/** Signs what is not signed yet; the provenance names the run that first made the digest (formats.md §8). */
export async function attestArtifact(artifact: Artifact, profile: Profile, task: RunTask, context: RunContext) {
  await task.report({ state: 'attesting', message: `signing ${artifact.root.digest}` });
  const options = await attestOptions(artifact, profile, task, context);
  await attest(artifact.repository, artifact.root, options);
  await context.keyless?.attest(artifact.repository, artifact.root, {
    provenance: () => signedProvenance(artifact, options),
    reference: options.reference,
    created: options.created,
    queue: options.queue,
  });
}

/** The statement that the first key signed. */
async function signedProvenance({ repository, root }: Artifact, { signers }: AttestOptions): Promise<Buffer> {
  const [signer] = signers;
  const key = signer && parsePublicKey(signer.publicKeyPem);
  const search = { repository, subject: root.digest, predicateTypes: [provenancePredicateType], policy: keyOnlyPolicy };
  const found = key && (await findReferrerBundles({ ...search, key })).found.get(provenancePredicateType);
  if (!found) throw new ExportError('INTERNAL', `${root.digest} has no provenance that a key signed`);
  return found.content.payload;
}

/** How an artifact of this run is signed, wherever it lies. */
export async function attestOptions(
  artifact: Artifact,
  profile: Profile,
  task: RunTask,
  context: RunContext,
): Promise<AttestOptions> {
  return {
    signers: await context.signers(),
    provenance: {
      predicateType: provenancePredicateType,
      make: () => provenanceOf(artifact, profile, task, context),
    },
    reference: `${context.registryHost()}/${artifact.repository.name}`,
    created: artifact.head.state.created,
    policy: context.signingPolicy,
    queue: context.subjects,
  };
}

async function provenanceOf(
  artifact: Artifact,
  profile: Profile,
  task: RunTask,
  context: RunContext,
): Promise<Predicate> {
  const { base, acceptShrink } = task.request;
  const { head, previous, config, evidence, overlays } = artifact;
  return provenance({
    profile: { name: profile.name, revision: profile.revision },
    scope: head.scope,
    ...(base === undefined ? {} : { base }),
    ...(acceptShrink === true ? { acceptShrink } : {}),
    setRoot: evidence ?? head.state.setRoot,
    ...(overlays ? { overlays } : {}),
    sources: await sourceStates(context, viewOf(profile), artifact),
    policyVersion: head.policyVersion,
    previous,
    builder: { id: context.builderId(), version: context.version },
    invocationId: task.id,
    startedOn: formatSeconds(task.startedAt),
    finishedOn: formatSeconds(context.clock.now()),
    exportManifest: config,
  });
}

/** Moves the tags, the moving ones last; what is named already is not written again. */
export async function tagArtifact({ repository, root, tags }: Artifact, task: RunTask): Promise<void> {
  await task.report({ state: 'publishing', message: `tagging ${root.digest}` });
  const missing: string[] = [];
  for (const tag of tags) if ((await repository.resolve(tag))?.digest !== root.digest) missing.push(tag);
  if (missing.length === 0) return;
  const manifest = await repository.manifest(root.digest);
  if (!manifest) throw new ExportError('INTERNAL', `${repository.name} lost ${root.digest} while it was published`);
  task.signal.throwIfAborted();
  await repository.pushManifest(manifest, missing);
}

/** What a destination has after a copy. */
export type Copied = {
  readonly repository: Repository;
  readonly tag: string;
  /** Digest of the last artifact as it is stored there. */
  readonly digest: Digest;
};

/** Copies artifacts with their signatures to a destination; the last one is what the result names. */
export async function copyToDestination(
  artifacts: readonly Artifact[],
  to: string,
  task: RunTask,
  context: RunContext,
): Promise<Copied> {
  const { repository, tag } = await context.destination(to);
  for (const artifact of artifacts) {
    await copyGraph(artifact.repository, repository, artifact.root, {
      tags: tagsAt(artifacts, artifact, tag),
      referrers: true,
      legacySignatures: true,
      signal: task.signal,
      onProgress: ({ bytes }) => void task.report({ state: 'publishing', message: `copying to ${to}`, done: bytes }),
    });
  }
  const last = artifacts.at(-1) as Artifact;
  return { repository, tag: namedTag(artifacts, tag), digest: last.root.digest };
}

/** A tag that was asked for names the last artifact, in place of the moving tag. */
export function tagsAt(artifacts: readonly Artifact[], artifact: Artifact, tag: string | undefined): readonly string[] {
  const isLast = artifact === artifacts.at(-1);
  return isLast && tag !== undefined ? [...artifact.tags.slice(0, -1), tag] : artifact.tags;
}

/** The tag under which the last artifact is found at a destination. */
export function namedTag(artifacts: readonly Artifact[], tag: string | undefined): string {
  return tag ?? artifacts.at(-1)?.tags.at(-1) ?? 'latest';
}

/** Reads the artifact back as a consumer would: tag, signature, and every byte that this run wrote. */
export async function verifyArtifact(
  { repository, root, tags }: Artifact,
  tally: Tally,
  task: RunTask,
  context: RunContext,
): Promise<void> {
  await task.report({ state: 'verifying', message: `reading ${root.digest} back` });
  for (const tag of tags) {
    const found = await repository.resolve(tag);
    if (found?.digest !== root.digest) throw notAsPublished(`${repository.name}:${tag} names ${found?.digest}`);
  }
  for (const { publicKeyPem } of await context.signers()) {
    const { ok, checks } = await verifySubject(repository, root, publicKeyPem, { policy: context.signingPolicy });
    const failed = checks.find((check) => !check.ok);
    if (!ok) throw notAsPublished(failed?.ok === false ? `${failed.name}: ${failed.reason}` : 'no signature was found');
  }
  const missing = (await context.keyless?.missing(repository, root)) ?? [];
  const names = missing.map(({ layout, predicateType }) => `${predicateName(predicateType)} (${layout})`);
  if (names.length > 0) throw notAsPublished(`nothing good by a certificate for ${names.join(', ')}`);
  for (const descriptor of tally.written) await readBack(repository, descriptor);
}

async function readBack(repository: Repository, descriptor: Tally['written'][number]): Promise<void> {
  if ((await repository.statBlob(descriptor.digest)) === undefined) {
    if (!(await repository.manifest(descriptor.digest))) throw notAsPublished(`${descriptor.digest} is missing`);
    return;
  }
  for await (const _ of repository.openBlob(descriptor));
}

function notAsPublished(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `what was published does not read back: ${what}`);
}
