// Patches (formats.md §6): a journal compressed against the old versions of the records it changes. A patch is a
// sequence of groups; a group is two frame lengths (u32 big endian) and two frames: operations with keys, new values.

import { ExportError } from '../core/errors.ts';
import type { RecordKey } from '../core/order.ts';
import { decode, encode, encoder } from './encode.ts';
import { frameLimit, partBytes, RisingKeys } from './journal.ts';
import type { ChangeRecord, Operation } from './line.ts';

/** A change with the value that held before it, if the key existed. */
export type ChangeWithOld = ChangeRecord & { readonly old?: Buffer };

const lf = Buffer.from('\n');
const windowLog = 27;

/** What one group is compressed from. */
export type PatchGroup = { readonly keys: Buffer; readonly values: Buffer; readonly dictionary: Buffer };

/** Cuts changes greedily into groups whose old and new values (with LFs) are together at most 16 MiB. */
export class PatchGroups {
  #open: ChangeWithOld[] = [];
  #size = 0;

  /** Adds a change; returns the group that it closes, if any. */
  push(change: ChangeWithOld): PatchGroup | undefined {
    const size = (change.op === 'put' ? change.v.length + 1 : 0) + (change.old ? change.old.length + 1 : 0);
    const closed = this.#open.length > 0 && this.#size + size > partBytes ? this.finish() : undefined;
    this.#open.push(change);
    this.#size += size;
    return closed;
  }

  finish(): PatchGroup | undefined {
    if (this.#open.length === 0) return undefined;
    const changes = this.#open;
    this.#open = [];
    this.#size = 0;
    return {
      keys: Buffer.from(changes.map(({ op, c, k }) => `${op}\t${c}\t${k}\n`).join('')),
      values: joinValues(changes.map((change) => (change.op === 'put' ? change.v : undefined))),
      dictionary: joinValues(changes.map(({ old }) => old)),
    };
  }
}

function joinValues(values: readonly (Buffer | undefined)[]): Buffer {
  return Buffer.concat(values.flatMap((value) => (value === undefined ? [] : [value, lf])));
}

type Encode = (raw: Buffer, options: { level: number; dictionary?: Buffer; windowLog?: number }) => Promise<Buffer>;

/** The bytes of one group. `encodeFrame` is the encoder pool's function, or a synchronous one in tests. */
export async function encodeGroup(group: PatchGroup, encodeFrame: Encode = inline): Promise<Buffer> {
  const level = encoder.journalLevel;
  const dictionary = group.dictionary.length > 0 ? { dictionary: group.dictionary } : {};
  const [keys, values] = await Promise.all([
    encodeFrame(group.keys, { level }),
    encodeFrame(group.values, { level, windowLog, ...dictionary }),
  ]);
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(keys.length, 0);
  lengths.writeUInt32BE(values.length, 4);
  return Buffer.concat([lengths, keys, values]);
}

function inline(raw: Buffer, options: { level: number }): Promise<Buffer> {
  return Promise.resolve(encode(raw, options));
}

export type PatchedKey = RecordKey & { readonly op: Operation };

/** A group as a consumer reads it: the keys first, then, with the old values at hand, the changes. */
export type ReceivedGroup = { readonly keys: readonly PatchedKey[]; readonly valuesFrame: Buffer };

/** Splits a patch into its groups. Refuses left-over bytes and keys that do not rise. */
export function* readPatch(patch: Buffer): Generator<ReceivedGroup> {
  const order = new RisingKeys('a patch');
  for (let at = 0; at < patch.length;) {
    if (at + 8 > patch.length) throw damaged('a group is cut off');
    const keysEnd = at + 8 + patch.readUInt32BE(at);
    const valuesEnd = keysEnd + patch.readUInt32BE(at + 4);
    if (valuesEnd > patch.length) throw damaged('a group is longer than the patch');
    const keys = parseKeys(decode(patch.subarray(at + 8, keysEnd), frameLimit), order);
    yield { keys, valuesFrame: patch.subarray(keysEnd, valuesEnd) };
    at = valuesEnd;
  }
}

function parseKeys(raw: Buffer, order: RisingKeys): PatchedKey[] {
  const lines = raw.toString('utf8').split('\n');
  if (lines.pop() !== '' || lines.length === 0) throw damaged('a group has no whole key lines');
  return lines.map((line) => {
    const [op, c, k, ...more] = line.split('\t');
    if ((op !== 'put' && op !== 'del') || c === undefined || k === undefined || more.length > 0) {
      throw damaged('a key line is not operation, collection and key');
    }
    order.next({ c, k });
    return { op, c, k };
  });
}

/** The changes of a group, given the old values of its keys that exist (in key order, deleted ones too). */
export function applyGroup({ keys, valuesFrame }: ReceivedGroup, old: readonly Buffer[]): ChangeRecord[] {
  const raw = decode(valuesFrame, frameLimit, joinValues(old));
  let at = 0;
  const changes = keys.map(({ op, c, k }): ChangeRecord => {
    if (op === 'del') return { op, c, k };
    const end = raw.indexOf(lf, at);
    if (end < 0) throw damaged('a group has fewer values than puts');
    const v = raw.subarray(at, end);
    at = end + 1;
    return { op, c, k, v };
  });
  if (at !== raw.length) throw damaged('a group has left-over values');
  return changes;
}

function damaged(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `patch refused: ${what}`);
}
