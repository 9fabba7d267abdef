// A repository of a remote registry as the product's `Repository` (distribution-spec v1.1.1).

import { systemClock, type Clock } from '../../core/clock.ts';
import { Digester, digestAlgorithm, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { StoredManifest } from '../../oci/manifest.ts';
import type { BlobSource, Repository } from '../../oci/repository.ts';
import { examineManifest } from '../storage/manifest-rules.ts';
import { anonymous, type Credentials } from './credentials.ts';
import type { Http } from './http.ts';
import { openRemoteBlob } from './open-remote-blob.ts';
import { pushRemoteBlob, statRemoteBlob } from './push-remote-blob.ts';
import { readManifest, readTags, resolveManifest } from './read-manifest.ts';
import { referrersByApi, referrersByTag } from './read-referrers.ts';
import { RegistryEndpoint } from './registry-endpoint.ts';
import { addToFallback } from './write-fallback.ts';

export type RemoteOptions = {
  readonly http: Http;
  /** Default: none. */
  readonly credentials?: Credentials | undefined;
  /** Plain HTTP; default: for localhost, *.localhost, 127.0.0.1 and [::1] only. */
  readonly plainHttp?: boolean | undefined;
  /** A repository of the same registry whose blobs may be mounted instead of sent. */
  readonly mountFrom?: string | undefined;
  readonly clock?: Clock;
};

/** `reference.registry` is host[:port]; nothing is sent before a method is called. */
export function remoteRepository(
  reference: { readonly registry: string; readonly repository: string },
  options: RemoteOptions,
): Repository {
  return new RemoteRepository(reference.registry, reference.repository, options);
}

class RemoteRepository implements Repository {
  readonly name: string;
  readonly #endpoint: RegistryEndpoint;
  readonly #mountFrom: string | undefined;
  /** Changes of one subject's fallback tag follow each other. */
  readonly #fallbackTurns = new Map<Digest, Promise<void>>();
  #hasReferrersApi: Promise<boolean> | undefined;

  constructor(registry: string, repository: string, options: RemoteOptions) {
    this.name = `${registry}/${repository}`;
    this.#mountFrom = options.mountFrom;
    this.#endpoint = new RegistryEndpoint(registry, repository, {
      http: options.http,
      credentials: options.credentials ?? anonymous,
      clock: options.clock ?? systemClock,
      plainHttp: options.plainHttp,
    });
  }

  resolve(reference: string): Promise<Descriptor | undefined> {
    return resolveManifest(this.#endpoint, reference);
  }

  async manifest(reference: string): Promise<StoredManifest | undefined> {
    const read = await readManifest(this.#endpoint, reference);
    return read && { descriptor: read.descriptor, bytes: read.bytes };
  }

  statBlob(digest: Digest): Promise<number | undefined> {
    return statRemoteBlob(this.#endpoint, digest, this.#endpoint.pull);
  }

  openBlob(descriptor: Descriptor, from = 0): AsyncIterable<Buffer> {
    return openRemoteBlob(this.#endpoint, descriptor, from);
  }

  async referrers(subject: Digest, artifactType?: string): Promise<Descriptor[]> {
    const listed =
      (await referrersByApi(this.#endpoint, subject, artifactType)) ?? (await referrersByTag(this.#endpoint, subject));
    // A registry may leave the filter to its clients.
    return artifactType === undefined ? listed : listed.filter((entry) => entry.artifactType === artifactType);
  }

  tags(): Promise<string[]> {
    return readTags(this.#endpoint);
  }

  pushBlob(descriptor: Descriptor, source: BlobSource): Promise<'present' | 'written'> {
    return pushRemoteBlob(this.#endpoint, descriptor, source, this.#mountFrom);
  }

  async pushManifest(stored: StoredManifest, tags: readonly string[] = []): Promise<'present' | 'written'> {
    checkManifest(stored);
    const { digest } = stored.descriptor;
    const { referrer } = examineManifest(stored);
    const present = (await this.resolve(digest)) !== undefined;
    if (!present) await this.#putManifest(stored, digest);
    if (referrer) await this.#announce(referrer.subject, referrer.descriptor);
    for (const tag of tags) {
      if (present && (await this.resolve(tag))?.digest === digest) continue;
      await this.#putManifest(stored, tag);
    }
    return present ? 'present' : 'written';
  }

  async deleteTag(tag: string): Promise<void> {
    const response = await this.#endpoint.send({
      method: 'DELETE',
      target: `manifests/${tag}`,
      scopes: [`repository:${this.#endpoint.repository}:delete,pull,push`],
    });
    if (response.status >= 300 && response.status !== 404) {
      throw await this.#endpoint.refusal(`delete the tag ${tag} of ${this.#endpoint.repository}`, response);
    }
    await response.discard();
  }

  async #putManifest(stored: StoredManifest, reference: string): Promise<void> {
    const response = await this.#endpoint.send({
      method: 'PUT',
      target: `manifests/${reference}`,
      scopes: this.#endpoint.push,
      body: stored.bytes,
      headers: { 'content-type': stored.descriptor.mediaType, 'content-length': String(stored.bytes.length) },
      retry: true,
    });
    if (response.status !== 201 && response.status !== 200) {
      throw await this.#endpoint.refusal(`take manifest ${reference} into ${this.#endpoint.repository}`, response);
    }
    await response.discard();
  }

  /**
   * Makes a referrer findable. The OCI-Subject header alone is no proof of the referrers API (Amazon ECR sends it
   * without having the API), so the API itself is asked, once.
   */
  async #announce(subject: Digest, referrer: Descriptor): Promise<void> {
    this.#hasReferrersApi ??= referrersByApi(this.#endpoint, subject).then((listed) => listed !== undefined);
    let hasApi: boolean;
    try {
      hasApi = await this.#hasReferrersApi;
    } catch (thrown) {
      this.#hasReferrersApi = undefined;
      throw thrown;
    }
    if (hasApi) return;
    const turn = (this.#fallbackTurns.get(subject) ?? Promise.resolve())
      .catch(() => {})
      .then(() => addToFallback(this.#endpoint, subject, referrer));
    this.#fallbackTurns.set(subject, turn);
    await turn;
  }
}

function checkManifest({ descriptor, bytes }: StoredManifest): void {
  if (bytes.length > limits.manifestBytes) {
    throw new ExportError(
      'INPUT_TOO_LARGE',
      `manifest ${descriptor.digest} has more than ${limits.manifestBytes} bytes`,
    );
  }
  const digester = new Digester(digestAlgorithm(descriptor.digest));
  digester.update(bytes);
  if (bytes.length === descriptor.size && digester.digest() === descriptor.digest) return;
  throw new ExportError('DIGEST_MISMATCH', `the manifest to push as ${descriptor.digest} has other bytes`);
}
