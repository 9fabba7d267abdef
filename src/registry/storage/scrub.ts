// The scrub: reads everything that is stored, hashes it anew, and takes aside what does not have the digest of its name.
// What was taken aside is gone for clients (404) until somebody pushes it again; the links to it stay, so that the sweep
// keeps what belongs to it. Safe beside pushes, reads, sweeps and other processes.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import { digestAlgorithm, Digester, isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { compareUtf8 } from '../../core/order.ts';
import type { RegistryStorage, StoredRepository } from './storage.ts';

/** Sizes are bytes. */
export type ScrubProgress = {
  readonly blobs: number;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly found: number;
};

export type ScrubOptions = {
  readonly clock: Clock;
  /** Bytes read per second at most; as fast as it goes by default. */
  readonly bytesPerSecond?: number | undefined;
  readonly onProgress?: ((progress: ScrubProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Waits so many milliseconds; for tests. */
  readonly pause?: (ms: number, value?: undefined, options?: { signal?: AbortSignal }) => Promise<unknown>;
};

export type ScrubFinding = {
  readonly digest: Digest;
  /** `quarantined`: other bytes than the digest says, now taken aside. `missing`: linked, and not there. */
  readonly kind: 'quarantined' | 'missing';
  readonly reason: string;
  /** Repositories that lack it now, sorted. */
  readonly repositories: readonly string[];
};

export type ScrubReport = {
  readonly blobs: number;
  readonly bytes: number;
  /** Sorted by digest. */
  readonly findings: readonly ScrubFinding[];
};

/** Throws CANCELLED when `signal` aborts; what was found until then stays aside. */
export async function scrub(storage: RegistryStorage, options: ScrubOptions): Promise<ScrubReport> {
  const pass = new ScrubPass(storage, options);
  await pass.hashContent();
  await pass.checkLinks();
  const findings = [...pass.findings].map(([digest, { kind, reason, repositories }]) => ({
    digest,
    kind,
    reason,
    repositories: [...repositories].sort(compareUtf8),
  }));
  findings.sort((a, b) => compareUtf8(a.digest, b.digest));
  return { blobs: pass.blobs, bytes: pass.bytes, findings };
}

type Found = { readonly kind: ScrubFinding['kind']; readonly reason: string; readonly repositories: Set<string> };

class ScrubPass {
  readonly findings = new Map<Digest, Found>();
  blobs = 0;
  bytes = 0;
  readonly #storage: RegistryStorage;
  readonly #options: ScrubOptions;
  readonly #startMs: number;
  #totalBytes = 0;

  constructor(storage: RegistryStorage, options: ScrubOptions) {
    this.#storage = storage;
    this.#options = options;
    this.#startMs = options.clock.now().getTime();
  }

  async hashContent(): Promise<void> {
    for await (const { size } of this.#storage.content.list()) this.#totalBytes += size;
    for await (const { name } of this.#storage.content.list()) if (isDigest(name)) await this.#check(name);
  }

  /** Links whose content is not there: taken aside just now, or lost before. */
  async checkLinks(): Promise<void> {
    for (const name of await this.#storage.repositories()) {
      const repository = this.#storage.repository(name);
      for (const part of ['manifests', 'blobs'] as const) await this.#checkPart(repository, part);
    }
  }

  async #checkPart(repository: StoredRepository, part: 'manifests' | 'blobs'): Promise<void> {
    const { scrubbable } = this.#storage;
    for await (const { name } of repository.parts[part].list()) {
      this.#stopIfCancelled();
      if (!isDigest(name) || (await scrubbable.has(name))) continue;
      // A sweep removes links before content, so a link that is still there now is really one to nothing.
      if (!(await repository.parts[part].find(name)) || (await scrubbable.has(name))) continue;
      const reason = 'it is linked and not stored';
      const known: Found = this.findings.get(name) ?? { kind: 'missing', reason, repositories: new Set() };
      known.repositories.add(repository.name);
      this.findings.set(name, known);
    }
  }

  async #check(digest: Digest): Promise<void> {
    const fault = await this.#faultOf(digest);
    this.blobs += 1;
    if (fault !== undefined && (await this.#storage.scrubbable.quarantine(digest))) {
      this.findings.set(digest, { kind: 'quarantined', reason: fault, repositories: new Set() });
    }
    this.#tell();
  }

  /** What is wrong with it, undefined when it is right or gone. */
  async #faultOf(digest: Digest): Promise<string | undefined> {
    const digester = new Digester(digestAlgorithm(digest));
    try {
      const source = await this.#storage.scrubbable.open(digest);
      if (!source) return undefined;
      for await (const chunk of source) {
        digester.update(chunk);
        this.bytes += chunk.byteLength;
        await this.#keepPace();
      }
    } catch (thrown) {
      const reason = await this.#unreadable(digest, thrown);
      return reason;
    }
    const found = digester.digest();
    return found === digest ? undefined : `the stored bytes have the digest ${found}`;
  }

  /** A file that the disk cannot read is damaged; a storage that does not answer is not, and ends the scrub. */
  async #unreadable(digest: Digest, thrown: unknown): Promise<string | undefined> {
    if (thrown instanceof ExportError) throw thrown;
    if (!(await this.#storage.scrubbable.has(digest))) return undefined;
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== 'EIO') throw thrown;
    return `the stored bytes cannot be read: ${code}`;
  }

  async #keepPace(): Promise<void> {
    this.#tell();
    this.#stopIfCancelled();
    const { bytesPerSecond, clock, signal, pause = sleep } = this.#options;
    if (bytesPerSecond === undefined) return;
    const aheadMs = (this.bytes / bytesPerSecond) * 1_000 - (clock.now().getTime() - this.#startMs);
    if (aheadMs >= 1) await pause(aheadMs, undefined, signal ? { signal } : {}).catch(() => this.#stopIfCancelled());
  }

  #tell(): void {
    const { blobs, bytes } = this;
    const totalBytes = Math.max(this.#totalBytes, bytes);
    this.#options.onProgress?.({ blobs, bytes, totalBytes, found: this.findings.size });
  }

  #stopIfCancelled(): void {
    if (this.#options.signal?.aborted) throw new ExportError('CANCELLED', 'the scrub was cancelled');
  }
}
