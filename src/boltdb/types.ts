// What goes into and comes out of a bolt file: facts, and the functions by which bytes travel. The room itself does no I/O.

/** A string stands for its UTF-8 bytes. */
export type BoltBytes = Uint8Array | string;

/**
 * One key with its value in the bucket at `path` (names from the root down), or, with `value` null, the bare existence of
 * the bucket `key` there. Facts are sorted by the bytes of [...path, key], name by name (`compareFacts`): a bucket stands
 * where its name stands among the keys beside it. A bucket with something in it needs no fact of its own.
 */
export type BoltFact<Bytes extends BoltBytes = BoltBytes> = {
  readonly path: readonly Bytes[];
  readonly key: Bytes;
  readonly value: Bytes | null;
};

/** A fact as it was read. Its buffers are views of file pages: copy what is kept for long. */
export type StoredFact = BoltFact<Buffer>;

/**
 * Takes bytes of the file under construction. Positions rise, with two exceptions: the first three pages come last, and a
 * branch page may be written over once (branch-levels.ts). Every byte up to the end is written. `bytes` is used again
 * once the call, or the promise it returns, is done.
 */
export type BoltSink = (position: number, bytes: Buffer) => void | Promise<void>;

/** Reads up to `length` bytes at `position`; fewer only at the end of the file. The buffer must not change afterwards. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

export type BoltSummary = {
  /** Size of the file in bytes: `pages` times 4,096. */
  readonly bytes: number;
  readonly pages: number;
  /** Buckets of all depths, inline ones too, without the root. */
  readonly buckets: number;
  /** Keys with a value. */
  readonly keys: number;
};
