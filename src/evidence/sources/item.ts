// What every kind of input yields, one item for each document that it speaks of.

import { basename } from 'node:path';
import type { Refused } from '../refused.ts';

export type InputItem =
  | {
      readonly op: 'put';
      /** The line's own source; checked by the ingest. */
      readonly subSource?: string | undefined;
      readonly path: string;
      readonly content: Buffer | string;
    }
  | { readonly op: 'del'; readonly subSource?: string | undefined; readonly path: string }
  | {
      readonly op: 'refuse';
      readonly subSource?: string | undefined;
      /** The document's path, or what else names the place when no path is known. */
      readonly path: string;
      readonly reason: Refused;
      /** Documents may be missing because of it, so that nothing may be removed. */
      readonly incomplete: boolean;
    };

/** An input that is open for one pass. */
export type Input = {
  readonly items: AsyncIterable<InputItem>;
  /** Bytes of the input that were read so far. */
  readonly bytesRead: () => number;
  readonly totalBytes: number | undefined;
};

/** A refusal that concerns a whole file. */
export function refuseFile(file: string, reason: Refused): InputItem {
  return { op: 'refuse', path: basename(file), reason, incomplete: true };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
