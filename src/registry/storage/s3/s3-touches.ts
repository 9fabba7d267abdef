// How the sweep and those who rely on an object keep out of each other's way in a bucket, where nothing can be renamed and
// a write time cannot be moved. Both sides first write what they are about to do, then look for the other:
//
//   touched/<key>/<time>   somebody relied on the object at that time; written once, never changed
//   sweeping/<key>         a sweep is about to remove the object
//
// Who relies on an object, or writes it, does that and then looks for the second: if it is there they wait until the sweep
// has decided. Then they look at the object once more, because a whole removal may lie between their two steps. The sweep
// writes the second and then looks for the first (and at the object) again. The service answers reads after writes, so
// at least one of the two sees the other. A sweep that died leaves a claim, which counts for a minute; a
// living one removes nothing later than 20 seconds after its claim.

import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../../core/clock.ts';
import { ExportError } from '../../../core/errors.ts';
import type { S3Bucket } from './s3-bucket.ts';

/** What was touched less than this ago is not touched again; the sweep's grace is far longer. */
const touchIntervalMs = 10 * 60_000;
const claimHoldsMs = 60_000;
const claimUseMs = 20_000;
const lookAgainMs = 100;
const maxRounds = 5;
const noBytes = Buffer.alloc(0);

/** Touches of this process that are remembered, so that they need no request. */
const maxRemembered = 50_000;

export class S3Touches {
  readonly #bucket: S3Bucket;
  readonly #clock: Clock;
  readonly #recent = new Map<string, number>();

  constructor(bucket: S3Bucket, clock: Clock) {
    this.#bucket = bucket;
    this.#clock = clock;
  }

  /** Keeps the sweep away from an object for a while; false when it is not there. */
  async touch(key: string): Promise<boolean> {
    const object = await this.#bucket.head(key);
    if (!object) return false;
    const nowMs = this.#clock.now().getTime();
    const lastMs = Math.max(object.modifiedAtMs, this.#recent.get(key) ?? 0);
    if (nowMs - lastMs < touchIntervalMs) return true;
    await this.#bucket.put(markKey(key, nowMs), noBytes);
    if (!(await this.settled(key))) return false;
    this.#remember(key, nowMs);
    return true;
  }

  /** To be called after touching or writing an object: waits for a sweep that is at it. False when the object is gone. */
  async settled(key: string): Promise<boolean> {
    for (let rounds = 0; rounds * lookAgainMs <= claimHoldsMs; rounds++) {
      const claim = await this.#bucket.head(claimKey(key));
      if (!claim || claim.ageMs > claimHoldsMs) break;
      await pause(lookAgainMs);
    }
    return (await this.#bucket.head(key)) !== undefined;
  }

  /** Writes an object, again when a sweep that was at the old one has removed it. */
  async store(key: string, write: () => Promise<unknown>): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      await write();
      if (await this.settled(key)) return;
    }
    throw new ExportError('STORAGE_FAILED', 'storing an object: it is removed again and again', { retryable: true });
  }

  /** Time of the newest touch of an object, 0 when there is none. */
  async newest(key: string): Promise<number> {
    return (await this.newestBelow(key)).get(key) ?? 0;
  }

  /** Times of the newest touches of everything below a folder, and of the object of that name, by key. */
  async newestBelow(folder: string): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for await (const { key } of this.#bucket.list(`${marks}${folder}/`)) {
      const mark = parseMark(key);
      if (mark) found.set(mark.key, Math.max(mark.atMs, found.get(mark.key) ?? 0));
    }
    return found;
  }

  /** Removes an object unless it was touched at or after `beforeMs`, also in the last moment; true when it is gone. */
  async discard(key: string, beforeMs: number): Promise<boolean> {
    if (!(await this.#isOld(key, beforeMs))) return (await this.#bucket.head(key)) === undefined;
    if (!(await this.#claim(key))) return false;
    const claimedAtMs = performance.now();
    const old = await this.#isOld(key, beforeMs);
    if (performance.now() - claimedAtMs > claimUseMs) {
      throw new ExportError('STORAGE_FAILED', 'the object storage answers too slowly to remove anything safely', {
        retryable: true,
      });
    }
    // Should this fail, the claim stays until it has run out: nobody knows whether the object is gone.
    if (old) await this.#bucket.delete(key, { once: true });
    await this.#bucket.delete(claimKey(key));
    if (old) await this.#dropMarks(key, beforeMs);
    return old || (await this.#bucket.head(key)) === undefined;
  }

  /** Marks and claims, as leftovers: what is old says nothing any more. */
  async *leftovers(): AsyncGenerator<{ key: string; size: number; touchedAtMs: number }> {
    for (const prefix of [marks, claims]) {
      for await (const { key, size, modifiedAtMs } of this.#bucket.list(prefix)) {
        yield { key, size, touchedAtMs: Math.max(parseMark(key)?.atMs ?? 0, modifiedAtMs) };
      }
    }
  }

  async #isOld(key: string, beforeMs: number): Promise<boolean> {
    const object = await this.#bucket.head(key);
    if (!object || object.modifiedAtMs >= beforeMs) return false;
    return (await this.newest(key)) < beforeMs;
  }

  /** False when another sweep is at it. */
  async #claim(key: string): Promise<boolean> {
    if (await this.#bucket.put(claimKey(key), noBytes, { onlyNew: true })) return true;
    const claim = await this.#bucket.head(claimKey(key));
    if (claim && claim.ageMs <= claimHoldsMs) return false;
    await this.#bucket.delete(claimKey(key));
    return this.#bucket.put(claimKey(key), noBytes, { onlyNew: true });
  }

  async #dropMarks(key: string, beforeMs: number): Promise<void> {
    for await (const listed of this.#bucket.list(`${marks}${key}/`)) {
      if ((parseMark(listed.key)?.atMs ?? beforeMs) < beforeMs) await this.#bucket.delete(listed.key);
    }
  }

  #remember(key: string, atMs: number): void {
    this.#recent.delete(key);
    this.#recent.set(key, atMs);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= maxRemembered) break;
      this.#recent.delete(oldest);
    }
  }
}

const marks = 'touched/';
const claims = 'sweeping/';

function markKey(key: string, atMs: number): string {
  return `${marks}${key}/${String(atMs).padStart(15, '0')}`;
}

function claimKey(key: string): string {
  return `${claims}${key}`;
}

function parseMark(text: string): { key: string; atMs: number } | undefined {
  const [, key = '', time = ''] = /^touched\/(.+)\/(\d{15})$/.exec(text) ?? [];
  return key === '' ? undefined : { key, atMs: Number(time) };
}
