// The repository in which a registry is tried: remembers everything that it writes, and takes it away again.

import type { Digest } from '../../core/digest.ts';
import { ExportError, toExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { StoredManifest } from '../../oci/manifest.ts';
import { openCheckedSource } from './checked-source.ts';
import { fallbackTag } from './fallback-tag.ts';
import { pushInChunks } from './push-in-chunks.ts';
import { openUpload, pushRemoteBlob } from './push-remote-blob.ts';
import { readManifest, resolveManifest } from './read-manifest.ts';
import { referrersByApi, referrersByTag } from './read-referrers.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';
import { addToFallback } from './write-fallback.ts';

export class ProbeRepository {
  readonly #endpoint: RegistryEndpoint;
  readonly #tags = new Set<string>();
  readonly #manifests = new Set<Digest>();
  readonly #blobs = new Set<Digest>();

  constructor(endpoint: RegistryEndpoint) {
    this.#endpoint = endpoint;
  }

  /** With `keep` the blob stays, because others may use the same. */
  async pushBlob(descriptor: Descriptor, bytes: Buffer, { keep = false } = {}): Promise<void> {
    const result = await pushRemoteBlob(this.#endpoint, descriptor, bytes, undefined);
    if (result === 'written' && !keep) this.#blobs.add(descriptor.digest);
  }

  async pushInChunks(descriptor: Descriptor, bytes: Buffer): Promise<void> {
    const start = await openUpload(this.#endpoint, descriptor);
    const half = Math.ceil(bytes.length / 2);
    await pushInChunks(this.#endpoint, descriptor, openCheckedSource(descriptor, bytes), start, half);
    this.#blobs.add(descriptor.digest);
  }

  async putManifest({ descriptor, bytes }: StoredManifest, tag?: string): Promise<void> {
    const { host, repository, push } = this.#endpoint;
    const response = await this.#endpoint.send({
      method: 'PUT',
      target: `manifests/${tag ?? descriptor.digest}`,
      scopes: push,
      body: bytes,
      headers: { 'content-type': descriptor.mediaType, 'content-length': String(bytes.length) },
      retry: true,
    });
    if (response.status !== 201 && response.status !== 200) {
      throw await this.#endpoint.refusal(`take a manifest into ${repository}`, response);
    }
    await response.discard();
    this.#manifests.add(descriptor.digest);
    if (tag !== undefined) this.#tags.add(tag);
    const said = response.headers['docker-content-digest'];
    if (said === undefined || said === descriptor.digest) return;
    throw new ExportError('REGISTRY_REFUSED', `${host} stores the manifest as ${said}, not as ${descriptor.digest}`);
  }

  read(reference: string): Promise<StoredManifest | undefined> {
    return readManifest(this.#endpoint, reference);
  }

  /** Makes a referrer, which was pushed, findable, and finds it. */
  async announce(subject: Digest, referrer: Descriptor): Promise<'api' | 'tag'> {
    const byApi = await referrersByApi(this.#endpoint, subject);
    if (byApi) {
      if (byApi.some(({ digest }) => digest === referrer.digest)) return 'api';
      throw new ExportError('REGISTRY_REFUSED', 'the referrers API does not list what was pushed');
    }
    await addToFallback(this.#endpoint, subject, referrer);
    const tag = fallbackTag(subject);
    this.#tags.add(tag);
    const index = await resolveManifest(this.#endpoint, tag);
    if (index) this.#manifests.add(index.digest);
    if ((await referrersByTag(this.#endpoint, subject)).some(({ digest }) => digest === referrer.digest)) return 'tag';
    throw new ExportError('REGISTRY_REFUSED', `the tag ${tag} does not list what was pushed`);
  }

  /** Removes what was written, names first; says what stayed, and why. */
  async clean(): Promise<{ readonly leftovers: string[]; readonly refusal: string | undefined }> {
    let refusal: string | undefined;
    const remove = async (target: string): Promise<void> => {
      try {
        await this.#delete(target);
      } catch (thrown) {
        refusal ??= toExportError(thrown).message;
      }
    };
    for (const tag of this.#tags) await remove(`manifests/${tag}`);
    // Indexes were written after what they list.
    for (const digest of [...this.#manifests].toReversed()) await remove(`manifests/${digest}`);
    for (const digest of this.#blobs) await remove(`blobs/${digest}`);
    const leftovers: string[] = [];
    for (const tag of this.#tags) if (await this.#isThere(tag)) leftovers.push(tag);
    return { leftovers, refusal };
  }

  async #delete(target: string): Promise<void> {
    const { repository } = this.#endpoint;
    const scopes = [`repository:${repository}:delete,pull,push`];
    const response = await this.#endpoint.send({ method: 'DELETE', target, scopes });
    if (response.status >= 300 && response.status !== 404) {
      throw await this.#endpoint.refusal(`delete ${target} of ${repository}`, response);
    }
    await response.discard();
  }

  async #isThere(tag: string): Promise<boolean> {
    try {
      return (await resolveManifest(this.#endpoint, tag)) !== undefined;
    } catch {
      return true;
    }
  }
}
