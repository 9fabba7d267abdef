// What an ingest has done so far, kept small: lists are cut, counts are exact.

import type { Clock } from '../core/clock.ts';
import type { IngestResult, Refusal } from './types.ts';

const maxListed = 10_000;

export class IngestReport {
  added = 0;
  changed = 0;
  removed = 0;
  unchanged = 0;
  /** Documents may be missing from the input, so that nothing may be removed. */
  incomplete = false;
  readonly #rejected: Refusal[] = [];
  readonly #warnings: { readonly path: string; readonly message: string }[] = [];
  #unlisted = 0;

  refuse(refusal: Refusal): void {
    if (this.#rejected.length < maxListed) this.#rejected.push(refusal);
    else this.#unlisted++;
  }

  warn(path: string, message: string): void {
    if (this.#warnings.length < maxListed) this.#warnings.push({ path, message });
    else this.#unlisted++;
  }

  result(source: string, sequence: number): IngestResult {
    return {
      source,
      sequence,
      added: this.added,
      changed: this.changed,
      removed: this.removed,
      unchanged: this.unchanged,
      rejected: this.#rejected,
      warnings: this.#warnings,
      ...(this.#unlisted === 0 ? {} : { unlisted: this.#unlisted }),
    };
  }
}

/** The latest instant that a document may declare and count (formats.md §5): a day after its ingest. */
export function latestStamp(clock: Clock): string {
  const dayLater = new Date(clock.now().getTime() + 24 * 60 * 60_000);
  return `${dayLater.toISOString().slice(0, 19)}Z`;
}
