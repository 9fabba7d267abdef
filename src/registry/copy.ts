// Copying an artifact with everything that belongs to it from one repository to another: blobs before the manifests that
// name them, children before parents, referrers and legacy signature tags after their subject, its own tags last. A
// copy that is cut off leaves nothing half-visible, and the next one takes up what is there.

import { ExportError, toExportError } from '../core/errors.ts';
import { digestAlgorithm, digestHex, type Digest } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { childrenOf, parseManifest, type StoredManifest } from '../oci/manifest.ts';
import { manifestMediaTypes } from '../oci/media-types.ts';
import type { Repository, RepositoryReader } from '../oci/repository.ts';
import { addToSignatureTag, lacking, readSignatureTag } from '../oci/signature-tag.ts';
import { examineManifest } from './storage/manifest-rules.ts';
import { boundedRunner, type Run } from './bounded-runner.ts';

export type CopyProgress = { readonly blobs: number; readonly bytes: number; readonly manifests: number };

export type CopyOptions = {
  /** Tags that the root gets at the destination. */
  readonly tags?: readonly string[];
  /** Referrers come along, and theirs. */
  readonly referrers?: boolean;
  /** cosign's tags `sha256-<hex>.sig`, `.att` and `.sbom` come along. */
  readonly legacySignatures?: boolean;
  /** Blobs on their way at a time; default 4. */
  readonly concurrency?: number;
  /** Told the totals so far whenever one of them grows. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** What had to be written; bytes are those of blobs and manifests. */
export type CopyResult = CopyProgress;

const legacySuffixes = ['sig', 'att', 'sbom'] as const;

/** Copies `root` and what `options` asks for. Errors keep their code and say which side failed. */
export async function copyGraph(
  from: RepositoryReader,
  to: Repository,
  root: Descriptor,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const copy = new GraphCopy(from, to, options);
  await copy.artifact(root, options.tags ?? []);
  return copy.totals;
}

class GraphCopy {
  totals: CopyProgress = { blobs: 0, bytes: 0, manifests: 0 };
  readonly #from: RepositoryReader;
  readonly #to: Repository;
  readonly #options: CopyOptions;
  readonly #run: Run;
  readonly #manifests = new Set<Digest>();
  readonly #blobs = new Map<Digest, Promise<void>>();
  readonly #artifacts = new Set<Digest>();

  constructor(from: RepositoryReader, to: Repository, options: CopyOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#run = boundedRunner(options.concurrency ?? 4);
  }

  /** A manifest with its content, then what refers to it, then its tags. */
  async artifact(root: Descriptor, tags: readonly string[]): Promise<void> {
    const pushed = await this.#manifest(root);
    if (!this.#artifacts.has(root.digest)) {
      const isRoot = this.#artifacts.size === 0;
      this.#artifacts.add(root.digest);
      if (this.#options.referrers) await this.#referrers(root.digest);
      // Signatures are not signed again, so nobody is asked for theirs.
      if (this.#options.legacySignatures && isRoot) await this.#legacyTags(root.digest);
    }
    const missing = pushed ? tags : await this.#missingTags(root.digest, tags);
    if (missing.length === 0) return;
    // Only a manifest that had to be written is in memory.
    const stored = pushed ?? (await this.#read(root));
    await this.#writing(`tag ${missing.join(', ')}`, () => this.#to.pushManifest(stored, missing));
  }

  async #missingTags(digest: Digest, tags: readonly string[]): Promise<string[]> {
    const missing: string[] = [];
    for (const tag of tags) {
      const found = await this.#writing(`tag ${tag}`, () => this.#to.resolve(tag));
      if (found?.digest !== digest) missing.push(tag);
    }
    return missing;
  }

  async #referrers(subject: Digest): Promise<void> {
    const list = await this.#reading(`the referrers of ${subject}`, () => this.#from.referrers(subject));
    for (const referrer of list) await this.artifact(referrer, []);
  }

  async #legacyTags(subject: Digest): Promise<void> {
    for (const suffix of legacySuffixes) {
      const tag = `${digestAlgorithm(subject)}-${digestHex(subject)}.${suffix}`;
      const found = await this.#reading(`tag ${tag}`, () => this.#from.resolve(tag));
      if (found && !(await this.#mergedSignatures(found, tag))) await this.artifact(found, [tag]);
    }
  }

  /** Adds signatures to those of others that a tag has at the destination; false when it has none. */
  async #mergedSignatures(found: Descriptor, tag: string): Promise<boolean> {
    const there = await this.#writing(`tag ${tag}`, () => this.#to.resolve(tag));
    if (!there || there.digest === found.digest || tag.endsWith('.sbom')) return false;
    const kept = await this.#writing(`tag ${tag}`, () => unlessDamaged(readSignatureTag(this.#to, tag)));
    const source = kept && (await this.#reading(`tag ${tag}`, () => readSignatureTag(this.#from, tag)));
    if (!source) return false;
    const added = lacking(kept.layers, source.layers);
    await allSettledOrThrow(added.map((layer) => this.#blob(layer)));
    await this.#writing(`tag ${tag}`, () =>
      addToSignatureTag(this.#to, tag, added, async ({ config, manifest }) => {
        await this.#to.pushBlob(config.descriptor, config.bytes);
        await this.#to.pushManifest(manifest, [tag]);
        this.#count({ manifests: 1, bytes: manifest.bytes.length });
      }),
    );
    return true;
  }

  /** The manifest when it had to be written now, undefined when it was there. */
  async #manifest(descriptor: Descriptor): Promise<StoredManifest | undefined> {
    if (this.#manifests.has(descriptor.digest)) return undefined;
    const pushed = await this.#copyManifest(descriptor);
    this.#manifests.add(descriptor.digest);
    return pushed;
  }

  async #copyManifest(descriptor: Descriptor): Promise<StoredManifest | undefined> {
    this.#stopIfCancelled();
    const { digest } = descriptor;
    // A destination that has a manifest has its content: that is the order in which everybody writes.
    if (await this.#writing(`manifest ${digest}`, () => this.#to.resolve(digest))) return undefined;
    const stored = await this.#read(descriptor);
    const children = neededBy(stored);
    // One manifest at a time is in memory; the blobs of each are on their way together.
    for (const child of children) if (isManifest(child)) await this.#manifest(child);
    await allSettledOrThrow(children.filter((child) => !isManifest(child)).map((child) => this.#blob(child)));
    await this.#writing(`manifest ${digest}`, () => this.#to.pushManifest(stored));
    this.#count({ manifests: 1, bytes: stored.bytes.length });
    return stored;
  }

  #blob(descriptor: Descriptor): Promise<void> {
    const known = this.#blobs.get(descriptor.digest);
    if (known) return known;
    const copied = this.#run(() => this.#copyBlob(descriptor));
    this.#blobs.set(descriptor.digest, copied);
    return copied;
  }

  async #copyBlob(descriptor: Descriptor): Promise<void> {
    this.#stopIfCancelled();
    const { digest, size } = descriptor;
    const what = `blob ${digest}`;
    let sourceFailure: ExportError | undefined;
    const source = async function* (this: GraphCopy): AsyncGenerator<Buffer> {
      try {
        for await (const chunk of this.#from.openBlob(descriptor)) {
          this.#stopIfCancelled();
          yield chunk;
        }
      } catch (thrown) {
        sourceFailure = sided('reading', this.#from.name, what, thrown);
        throw sourceFailure;
      }
    }.bind(this);
    try {
      if ((await this.#to.pushBlob(descriptor, source)) === 'present') return;
    } catch (thrown) {
      throw sourceFailure ?? sided('writing', this.#to.name, what, thrown);
    }
    this.#count({ blobs: 1, bytes: size });
  }

  async #read({ digest }: Descriptor): Promise<StoredManifest> {
    const stored = await this.#reading(`manifest ${digest}`, () => this.#from.manifest(digest));
    if (stored) return stored;
    throw new ExportError('NOT_FOUND', `manifest ${digest} is not in ${this.#from.name}`, {
      hint: 'the source is not whole: copy it again from where it came',
    });
  }

  async #reading<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.#stopIfCancelled();
    return work().catch((thrown: unknown) => {
      throw sided('reading', this.#from.name, what, thrown);
    });
  }

  async #writing<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.#stopIfCancelled();
    return work().catch((thrown: unknown) => {
      throw sided('writing', this.#to.name, what, thrown);
    });
  }

  #count(added: Partial<CopyProgress>): void {
    const { blobs, bytes, manifests } = this.totals;
    this.totals = {
      blobs: blobs + (added.blobs ?? 0),
      bytes: bytes + (added.bytes ?? 0),
      manifests: manifests + (added.manifests ?? 0),
    };
    this.#options.onProgress?.(this.totals);
  }

  #stopIfCancelled(): void {
    if (this.#options.signal?.aborted) throw new ExportError('CANCELLED', 'the copy was cancelled');
  }
}

/** A tag with damaged content holds nothing that could be kept. */
async function unlessDamaged<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (toExportError(thrown).code === 'DIGEST_MISMATCH') return undefined;
    throw thrown;
  }
}

function isManifest({ mediaType }: Descriptor): boolean {
  return manifestMediaTypes.includes(mediaType);
}

/** Children, without the layers that their manifest says to fetch from elsewhere. */
function neededBy(stored: StoredManifest): Descriptor[] {
  const needed = new Set(examineManifest(stored).needs.map(({ digest }) => digest));
  const children = childrenOf(parseManifest(stored.bytes, stored.descriptor.mediaType));
  return children.filter(({ digest }) => needed.has(digest));
}

/** Waits for all, so that nothing goes on in the background after an error, then throws the first. */
async function allSettledOrThrow(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

function sided(verb: 'reading' | 'writing', name: string, what: string, thrown: unknown): ExportError {
  const error = toExportError(thrown);
  if (error.code === 'CANCELLED') return error;
  const side = verb === 'reading' ? `reading ${what} from ${name}` : `writing ${what} to ${name}`;
  return new ExportError(error.code, `${side}: ${error.message}`, {
    cause: error,
    retryable: error.retryable,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
