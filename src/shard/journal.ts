// Journals (formats.md §1, §5): the puts and tombstones between two states, sorted, cut at record ends into parts.

import { ExportError } from '../core/errors.ts';
import { compareKeys, type RecordKey } from '../core/order.ts';
import { decode } from './encode.ts';
import { journalLine, linesOf, parseJournalLine, type ChangeRecord } from './line.ts';

/** Raw bytes of one part of a journal, and old and new values of one group of a patch. */
export const partBytes = 16 * 1024 * 1024;

/** Raw bytes that one frame may hold: a part, or a single record larger than that. */
export const frameLimit = 64 * 1024 * 1024;

/** Cuts sorted changes greedily into parts of at most 16 MiB; a larger single record stands alone. */
export async function* journalParts(changes: AsyncIterable<readonly ChangeRecord[]>): AsyncGenerator<Buffer> {
  const part = new JournalPart();
  for await (const page of changes) {
    for (const change of page) {
      const closed = part.push(change);
      if (closed) yield closed;
    }
  }
  const last = part.finish();
  if (last) yield last;
}

/** The open part of a journal. */
export class JournalPart {
  #lines: Buffer[] = [];
  #size = 0;

  /** Adds a change; returns the part that it closes, if any. */
  push(change: ChangeRecord): Buffer | undefined {
    const line = journalLine(change);
    const closed = this.#size > 0 && this.#size + line.length > partBytes ? this.finish() : undefined;
    this.#lines.push(line);
    this.#size += line.length;
    return closed;
  }

  finish(): Buffer | undefined {
    if (this.#size === 0) return undefined;
    const raw = Buffer.concat(this.#lines, this.#size);
    this.#lines = [];
    this.#size = 0;
    return raw;
  }
}

/** Reads a journal's parts in order as sorted changes, one page a part. Refuses keys that do not rise. */
export async function* readJournal(frames: AsyncIterable<Buffer>): AsyncGenerator<ChangeRecord[]> {
  const order = new RisingKeys('a journal');
  for await (const frame of frames) {
    const page: ChangeRecord[] = [];
    for (const line of linesOf(decode(frame, frameLimit))) {
      const change = parseJournalLine(line);
      order.next(change);
      page.push(change);
    }
    yield page;
  }
}

/** Guards that keys rise strictly, which everything that merges relies on. */
export class RisingKeys {
  readonly #what: string;
  #last: RecordKey | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  next({ c, k }: RecordKey): void {
    if (this.#last !== undefined && compareKeys(this.#last, { c, k }) >= 0) {
      throw new ExportError('VERIFICATION_FAILED', `${this.#what} has unsorted or repeated keys at ${c} ${k}`);
    }
    this.#last = { c, k };
  }
}
