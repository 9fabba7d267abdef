// Tells before a run what a registry refuses: tries the traits of our artifacts one by one, by small probes under tags of
// its own in the repository that the run will use, and removes them again.

import { ExportError, toExportError, type ErrorCode } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { bare, describe } from '../../oci/descriptor.ts';
import { emptyDescriptor, emptyJson, type StoredManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { imageProbe, largeProbe, probeBlobs, probesOf, referrerProbe } from './check-probes.ts';
import type { Encoding, ProbeBlobs } from './check-probes.ts';
import { ProbeRepository } from './check-repository.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

export type RegistryCheck = {
  readonly name: string;
  readonly ok: boolean;
  readonly neededFor: readonly Encoding[];
  /** What was accepted, or the registry's words. */
  readonly detail: string;
};

export type RegistryReport = {
  readonly registry: string;
  readonly repository: string;
  readonly checks: readonly RegistryCheck[];
  /** Whether exports can be published in each encoding. */
  readonly encodings: { readonly [encoding in Encoding]: boolean };
  /** Tags that the registry did not let us remove. */
  readonly leftovers: readonly string[];
};

/** These say nothing about what the registry takes. */
const fatal: readonly ErrorCode[] = ['UNREACHABLE', 'OFFLINE', 'CANCELLED', 'UNAUTHORIZED', 'INTERNAL'];

const both: readonly Encoding[] = ['default', 'plain'];

/** Sizes of manifests to try, the largest first; exports need the last one. */
const manifestSizes = [limits.manifestBytes, 1 << 20, 256 << 10];

/**
 * `id` makes the probes this check's own: letters and digits. Throws UNAUTHORIZED or DENIED when nothing may be pushed
 * at all, UNREACHABLE, OFFLINE, CANCELLED; everything else is in the report.
 */
export async function checkRegistry(endpoint: RegistryEndpoint, id: string): Promise<RegistryReport> {
  const work = new RegistryTrial(endpoint, id);
  let leftovers: string[] = [];
  try {
    await work.run();
  } finally {
    leftovers = await work.clean();
  }
  const { checks } = work;
  const works = (encoding: Encoding): boolean =>
    checks.every(({ ok, neededFor }) => ok || !neededFor.includes(encoding));
  return {
    registry: endpoint.host,
    repository: endpoint.repository,
    checks,
    encodings: { default: works('default'), plain: works('plain') },
    leftovers,
  };
}

class RegistryTrial {
  readonly checks: RegistryCheck[] = [];
  readonly #repository: ProbeRepository;
  readonly #id: string;

  constructor(endpoint: RegistryEndpoint, id: string) {
    this.#repository = new ProbeRepository(endpoint);
    this.#id = id;
  }

  async run(): Promise<void> {
    const { blobs, bytes } = probeBlobs(this.#id);
    // Who may not push at all needs a login, not a table.
    for (const [descriptor, content] of bytes) await this.#repository.pushBlob(descriptor, content);
    await this.#repository.pushBlob(emptyDescriptor, emptyJson, { keep: true });
    this.#note('blobs', both, 'pushed in one piece');
    await this.#try('chunked upload', [], () => this.#chunks());
    const image = imageProbe(blobs, this.#id);
    const tag = `export-center-check-${this.#id}`;
    await this.#try('image', both, () => this.#image(image, tag));
    for (const { name, neededFor, manifest, evidence } of probesOf(blobs, image, this.#id)) {
      await this.#try(name, neededFor, () => this.#push(manifest, evidence));
    }
    await this.#try('manifest size', both, () => this.#sizes(blobs));
    await this.#try('moving tags', both, () => this.#push(imageProbe(blobs, `${this.#id} moved`), 'a tag moves', tag));
    await this.#referrers(blobs, image);
  }

  async clean(): Promise<string[]> {
    const { leftovers, refusal } = await this.#repository.clean();
    this.checks.push({
      name: 'delete',
      ok: refusal === undefined,
      neededFor: [],
      detail: refusal ?? 'the probes are gone again',
    });
    return leftovers;
  }

  async #image(image: StoredManifest, tag: string): Promise<string> {
    await this.#push(image, '', tag);
    const read = await this.#repository.read(tag);
    if (read?.bytes.equals(image.bytes) === true) return 'pushed by tag and read back, byte for byte';
    throw new ExportError('REGISTRY_REFUSED', 'the manifest comes back with other bytes');
  }

  async #push(manifest: StoredManifest, evidence: string, tag?: string): Promise<string> {
    await this.#repository.putManifest(manifest, tag);
    return evidence;
  }

  async #chunks(): Promise<string> {
    const bytes = Buffer.from(`export-center tries this registry in two chunks: ${this.#id}\n`);
    await this.#repository.pushInChunks(describe('application/octet-stream', bytes), bytes);
    return 'in two chunks; exports have no blob that needs it';
  }

  async #sizes(blobs: ProbeBlobs): Promise<string> {
    let refusal: unknown;
    for (const size of manifestSizes) {
      try {
        await this.#push(largeProbe(blobs, `${this.#id} ${size}`, size), '');
        return `${size >> 10} KiB${refusal === undefined ? '' : ', not more'}`;
      } catch (thrown) {
        if (isFatal(thrown)) throw thrown;
        refusal = thrown;
      }
    }
    throw refusal;
  }

  async #referrers(blobs: ProbeBlobs, image: StoredManifest): Promise<void> {
    const referrer = referrerProbe(blobs, image, this.#id);
    await this.#try('subject', ['default'], () => this.#push(referrer, 'a signature that names what it signs'));
    await this.#try('referrers', ['default'], async () => {
      if (!this.#took('subject')) throw new ExportError('REGISTRY_REFUSED', 'not tried: the subject was refused');
      const entry = { ...bare(referrer.descriptor), artifactType: mediaTypes.sigstoreBundle };
      const how = await this.#repository.announce(image.descriptor.digest, entry);
      return how === 'api' ? 'by the referrers API' : 'by the referrers tag: the registry has no referrers API';
    });
  }

  async #try(name: string, neededFor: readonly Encoding[], work: () => Promise<string>): Promise<void> {
    try {
      this.#note(name, neededFor, await work());
    } catch (thrown) {
      if (isFatal(thrown)) throw thrown;
      this.checks.push({ name, ok: false, neededFor, detail: toExportError(thrown).message });
    }
  }

  #took(name: string): boolean {
    return this.checks.some((check) => check.name === name && check.ok);
  }

  #note(name: string, neededFor: readonly Encoding[], detail: string): void {
    this.checks.push({ name, ok: true, neededFor, detail });
  }
}

function isFatal(thrown: unknown): boolean {
  return fatal.includes(toExportError(thrown).code);
}
