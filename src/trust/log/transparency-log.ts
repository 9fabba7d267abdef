// The transparency log: what was signed, in a Merkle tree that only grows (RFC 6962). An entry is promised (signed entry
// timestamp) only after it was committed with the nodes it completes, so whoever holds a promise finds the entry in the
// tree, whatever was killed.

import type { Clock } from '../../core/clock.ts';
import type { SignedContent } from '../signing-policy.ts';
import type { Signer } from '../types.ts';
import { signCheckpoint, type TreeHead } from './checkpoint.ts';
import { entryBody } from './entry-body.ts';
import { promiseBytes, type LoggedEntry } from './logged-entry.ts';
import type { LastHead } from './last-head.ts';
import type { LogIdentity } from './log-identity.ts';
import type { FetchNodes, LogStorage, LogTree, StoredLogEntry } from './log-storage.ts';
import {
  consistencyPath,
  grownNodes,
  inclusionPath,
  leafHash,
  treeRoot,
  withNodes,
  type NodeReader,
} from './merkle.ts';
import { searchKeys } from './search-keys.ts';

export type TransparencyLogOptions = {
  readonly tree: LogTree;
  readonly identity: LogIdentity;
  readonly signer: Signer;
  readonly storage: LogStorage;
  readonly clock: Clock;
  readonly lastHead: LastHead;
};

/** A head with the log's signature over it. */
export type SignedTreeHead = TreeHead & { readonly checkpoint: string };

export class TransparencyLog {
  readonly identity: LogIdentity;
  readonly #tree: number;
  readonly #signer: Signer;
  readonly #storage: LogStorage;
  readonly #clock: Clock;
  readonly #lastHead: LastHead;

  constructor({ tree, identity, signer, storage, clock, lastHead }: TransparencyLogOptions) {
    this.identity = identity;
    this.#tree = tree.number;
    this.#signer = signer;
    this.#storage = storage;
    this.#clock = clock;
    this.#lastHead = lastHead;
  }

  /** Takes a signature, or finds it; the proof is to the tree that ends with it. */
  async append(content: SignedContent): Promise<LoggedEntry> {
    const body = entryBody(content);
    const leaf = leafHash(body);
    const stored = await this.#storage.append(
      this.#tree,
      {
        leaf: leaf.toString('hex'),
        body: body.toString('utf8'),
        time: Math.floor(this.#clock.now().getTime() / 1000),
        keys: searchKeys(content),
      },
      async (index, fetch) => {
        const grown = await withNodes(decoded(fetch), (read) => grownNodes(index, leaf, read));
        return new Map(grown.map(([node, hash]) => [node, hash.toString('hex')]));
      },
    );
    const entry = await this.#logged(stored, stored.index + 1);
    await this.#lastHead.keep(entry.proof.size, entry.proof.checkpoint);
    return entry;
  }

  /** The entry at an index with a proof to the newest tree; undefined when there is none. */
  async entryAt(index: number): Promise<LoggedEntry | undefined> {
    return this.#toNewest(await this.#storage.entryAt(this.#tree, index));
  }

  /** The entry with this leaf hash, in hex. */
  async entryOf(leaf: string): Promise<LoggedEntry | undefined> {
    return this.#toNewest(await this.#storage.entryOf(this.#tree, leaf));
  }

  /** Leaf hashes in hex of the entries that have one of `searchKeys`, the oldest first. */
  leavesOf(key: string, limit: number): Promise<string[]> {
    return this.#storage.leavesOf(this.#tree, key, limit);
  }

  async head(): Promise<SignedTreeHead> {
    const size = await this.#storage.size(this.#tree);
    return this.#signed({ size, root: await this.#compute((read) => treeRoot(size, read)) });
  }

  /** Proof that the tree of `size` entries begins with the tree of `from`, and the root of the larger. */
  async consistency(from: number, size: number): Promise<{ readonly root: Buffer; readonly path: Buffer[] }> {
    return this.#compute((read) => ({ root: treeRoot(size, read), path: consistencyPath(from, size, read) }));
  }

  async #toNewest(stored: StoredLogEntry | undefined): Promise<LoggedEntry | undefined> {
    // The size is read after the entry, so the entry is in that tree.
    return stored && this.#logged(stored, await this.#storage.size(this.#tree));
  }

  async #logged(stored: StoredLogEntry, size: number): Promise<LoggedEntry> {
    const { index, integratedTime } = stored;
    const { root, path } = await this.#compute((read) => ({
      root: treeRoot(size, read),
      path: inclusionPath(index, size, read),
    }));
    const { logId } = this.identity;
    const promise = { body: Buffer.from(stored.body, 'utf8'), index, integratedTime, logId };
    const [timestamp, { checkpoint }] = await Promise.all([
      this.#signer.sign(promiseBytes(promise)),
      this.#signed({ size, root }),
    ]);
    return { ...promise, timestamp, proof: { index, size, root, path, checkpoint } };
  }

  async #signed(head: TreeHead): Promise<SignedTreeHead> {
    return { ...head, checkpoint: await signCheckpoint(head, this.identity, (data) => this.#signer.sign(data)) };
  }

  #compute<Result>(compute: (read: NodeReader) => Result): Promise<Result> {
    return withNodes(
      decoded((numbers) => this.#storage.nodes(this.#tree, numbers)),
      compute,
    );
  }
}

function decoded(fetch: FetchNodes): (numbers: readonly number[]) => Promise<ReadonlyMap<number, Buffer>> {
  return async (numbers) => {
    const nodes = await fetch(numbers);
    return new Map([...nodes].map(([node, hash]) => [node, Buffer.from(hash, 'hex')]));
  };
}
