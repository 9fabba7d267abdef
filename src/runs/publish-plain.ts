// Copies what a run made to another registry in the plain encoding (docs/formats.md §13). Blobs are the same; manifests
// are not, so they are signed anew, at the destination and with cosign's tags alone: referrers have types of their own.

import type { Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { StoredManifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { Repository, RepositoryReader } from '../oci/repository.ts';
import { plainBundle } from '../profiles/sharded/compose.ts';
import { toPlainDelta, type PlainForm } from '../profiles/sharded/plain.ts';
import { copyGraph } from '../registry/copy.ts';
import { attest } from '../trust/attest.ts';
import { stateTag, type Artifact } from './artifact.ts';
import { bundleOf } from './build-export.ts';
import type { Profile } from './profile-document.ts';
import { attestOptions, namedTag, tagsAt, type Copied } from './publish.ts';
import type { RunContext, RunTask } from './run-context.ts';

type Stored = Pick<PlainForm, 'index' | 'configs'> & { readonly manifests?: readonly StoredManifest[] };

/** The full bundle first, then the delta that leads to it, if there is one; each with the profile that made it. */
export async function copyPlain(
  artifacts: readonly { readonly artifact: Artifact; readonly profile: Profile }[],
  to: string,
  task: RunTask,
  context: RunContext,
): Promise<Copied> {
  const { repository, tag } = await context.destination(to);
  let bundle: Digest | undefined;
  let digest: Digest | undefined;
  const all = artifacts.map(({ artifact }) => artifact);
  for (const { artifact, profile } of artifacts) {
    const form = await plainForm(artifact, bundle);
    const root = form.index.descriptor;
    bundle ??= root.digest;
    digest = root.digest;
    await copyGraph(new PlainSource(artifact.repository, form), repository, root, {
      signal: task.signal,
      onProgress: ({ bytes }) => void task.report({ state: 'publishing', message: `copying to ${to}`, done: bytes }),
    });
    const options = await attestOptions(artifact, profile, task, context);
    await attest(repository, root, { ...options, reference: repository.name, layouts: 'tags' });
    task.signal.throwIfAborted();
    await moveTags(repository, form.index, tagsAt(all, artifact, tag).map(renamedTo(artifact, root.digest)));
  }
  return { repository, tag: namedTag(all, tag), digest: digest as Digest };
}

async function plainForm({ repository, root }: Artifact, bundle: Digest | undefined): Promise<Stored> {
  if (root.mediaType === mediaTypes.ociIndex) return plainBundle(await bundleOf(repository, root.digest)).plain;
  const delta = await repository.manifest(root.digest);
  if (!delta || !bundle)
    throw new ExportError('INTERNAL', `${repository.name} lost ${root.digest} while it was copied`);
  return toPlainDelta(delta, bundle);
}

/** A state's own tag says its digest, which is another one here. */
function renamedTo({ head, root }: Artifact, digest: Digest): (tag: string) => string {
  const prefix = root.mediaType === mediaTypes.ociIndex ? 's' : 'd';
  const { created } = head.state;
  return (tag) => (tag === stateTag(prefix, created, root.digest) ? stateTag(prefix, created, digest) : tag);
}

async function moveTags(repository: Repository, index: StoredManifest, tags: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const tag of tags) if ((await repository.resolve(tag))?.digest !== index.descriptor.digest) missing.push(tag);
  if (missing.length > 0) await repository.pushManifest(index, missing);
}

/** A repository whose artifact is seen in its plain form; blobs are those of the repository. */
class PlainSource implements RepositoryReader {
  readonly name: string;
  readonly #inner: RepositoryReader;
  readonly #manifests: ReadonlyMap<string, StoredManifest>;
  readonly #configs: ReadonlyMap<string, Buffer>;

  constructor(inner: RepositoryReader, { index, configs, manifests = [] }: Stored) {
    this.name = inner.name;
    this.#inner = inner;
    this.#manifests = new Map([index, ...manifests].map((stored) => [stored.descriptor.digest, stored]));
    this.#configs = new Map(configs.map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
  }

  resolve(reference: string): Promise<Descriptor | undefined> {
    return Promise.resolve(this.#manifests.get(reference)?.descriptor);
  }

  manifest(reference: string): Promise<StoredManifest | undefined> {
    return Promise.resolve(this.#manifests.get(reference));
  }

  statBlob(digest: Digest): Promise<number | undefined> {
    const config = this.#configs.get(digest);
    return config ? Promise.resolve(config.length) : this.#inner.statBlob(digest);
  }

  async *openBlob(descriptor: Descriptor, from = 0): AsyncGenerator<Buffer> {
    const config = this.#configs.get(descriptor.digest);
    if (config) yield config.subarray(from);
    else yield* this.#inner.openBlob(descriptor, from);
  }

  referrers(): Promise<Descriptor[]> {
    return Promise.resolve([]);
  }

  tags(): Promise<string[]> {
    return Promise.resolve([]);
  }
}
