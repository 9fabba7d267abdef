// What the log needs from a database. Trees are numbered; one is written, former ones stay trusted for what they took.

export type LogTree = {
  readonly number: number;
  /** SPKI PEM. */
  readonly publicKey: string;
  /** RFC 3339. */
  readonly validFrom: string;
  /** RFC 3339; null for the one that is written. */
  readonly retiredAt: string | null;
};

export type NewLogEntry = {
  /** Hex of the leaf hash, which names the entry. */
  readonly leaf: string;
  /** Canonical JSON. */
  readonly body: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** What the entry can be found by. */
  readonly keys: readonly string[];
};

export type StoredLogEntry = {
  readonly index: number;
  readonly leaf: string;
  readonly body: string;
  readonly integratedTime: number;
};

/** Hashes of nodes in hex, by their numbers. */
export type StoredNodes = ReadonlyMap<number, string>;

export type FetchNodes = (numbers: readonly number[]) => Promise<StoredNodes>;

export interface LogStorage {
  /** By number. */
  trees(): Promise<LogTree[]>;
  /** Adds trees; false, with nothing added, when another process added one of the same number. */
  addTrees(trees: readonly LogTree[]): Promise<boolean>;
  /** Ends a tree: it takes no entries any more. */
  retire(tree: number, at: string): Promise<void>;
  /**
   * Takes an entry at the next index, with the nodes that `grow` names; all of it is committed when this resolves. An
   * entry that is there already is given back as it is. Its time is never before that of the entry before it.
   */
  append(
    tree: number,
    entry: NewLogEntry,
    grow: (index: number, fetch: FetchNodes) => Promise<StoredNodes>,
  ): Promise<StoredLogEntry>;
  size(tree: number): Promise<number>;
  nodes(tree: number, numbers: readonly number[]): Promise<StoredNodes>;
  entryAt(tree: number, index: number): Promise<StoredLogEntry | undefined>;
  entryOf(tree: number, leaf: string): Promise<StoredLogEntry | undefined>;
  /** Leaves of the entries that have a key, the oldest first, at most `limit`. */
  leavesOf(tree: number, key: string, limit: number): Promise<string[]>;
}
