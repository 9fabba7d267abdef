// The last phases of a run: signature and provenance, tags, the copy to another registry, and reading it all back.

import { formatSeconds } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import { copyGraph } from '../registry/copy.ts';
import type { Repository } from '../oci/repository.ts';
import { attest } from '../trust/attest.ts';
import { provenance } from '../trust/provenance.ts';
import { keyOnlyPolicy } from '../trust/signing-policy.ts';
import { verifySubject } from '../trust/verify-subject.ts';
import type { Artifact } from './artifact.ts';
import type { Profile } from './profile-document.ts';
import type { RunContext, RunTask, Tally } from './run-context.ts';

/** Signs what is not signed yet; the provenance names the run that first made the digest (formats.md §8). */
export async function attestArtifact(artifact: Artifact, profile: Profile, task: RunTask, context: RunContext) {
  await task.report({ state: 'attesting', message: `signing ${artifact.root.digest}` });
  const { head, previous } = artifact;
  await attest(artifact.repository, artifact.root, {
    signer: await context.signer(),
    provenance: provenance({
      profile: { name: profile.name, revision: profile.revision },
      scope: head.scope,
      ...(task.request.base === undefined ? {} : { base: task.request.base }),
      ...(task.request.acceptShrink === true ? { acceptShrink: true } : {}),
      setRoot: head.state.setRoot,
      sources: head.sources.map(({ source }) => ({ source })),
      policyVersion: head.policyVersion,
      previous,
      builder: { id: 'urn:export-center', version: context.version },
      invocationId: task.id,
      startedOn: formatSeconds(task.startedAt),
      finishedOn: formatSeconds(context.clock.now()),
      exportManifest: artifact.config,
    }),
    reference: `${context.registryHost()}/${artifact.repository.name}`,
    created: head.state.created,
    policy: keyOnlyPolicy,
    queue: context.subjects,
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

/** Copies artifacts with their signatures to a destination; returns the reference of the last one. */
export async function copyToDestination(
  artifacts: readonly Artifact[],
  to: string,
  task: RunTask,
  context: RunContext,
): Promise<{ readonly repository: Repository; readonly tag: string }> {
  const { repository, tag } = await context.destination(to);
  let named = tag;
  for (const [at, artifact] of artifacts.entries()) {
    // A tag that was asked for names the last artifact, in place of the moving tag.
    const isLast = at === artifacts.length - 1;
    const tags = isLast && tag !== undefined ? [...artifact.tags.slice(0, -1), tag] : artifact.tags;
    await copyGraph(artifact.repository, repository, artifact.root, {
      tags,
      referrers: true,
      legacySignatures: true,
      signal: task.signal,
      onProgress: ({ bytes }) => void task.report({ state: 'publishing', message: `copying to ${to}`, done: bytes }),
    });
    named ??= isLast ? tags.at(-1) : undefined;
  }
  return { repository, tag: named ?? 'latest' };
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
  const { publicKeyPem } = await context.signer();
  const { ok, checks } = await verifySubject(repository, root, publicKeyPem);
  const failed = checks.find((check) => !check.ok);
  if (!ok) throw notAsPublished(failed?.ok === false ? `${failed.name}: ${failed.reason}` : 'no signature was found');
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
