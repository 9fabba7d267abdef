// The leaves of one bucket in the order of their keys. Checks what the pages say of each other: a child's keys are between
// its own key in the parent and the next one.

import type { Branch } from './branch.ts';
import { damaged } from './damage.ts';
import { Leaf } from './leaf.ts';
import type { BucketRoot, PageSource } from './page-source.ts';
import { treeHeight, type WalkGuard } from './walk-guard.ts';

/** A branch page on the way down, with what its keys must be between: from `low` on, below `high`. */
type Frame = {
  readonly branch: Branch;
  readonly low: Buffer | undefined;
  readonly high: Buffer | undefined;
  next: number;
};

export class LeafCursor {
  readonly #pages: PageSource;
  readonly #guard: WalkGuard;
  readonly #frames: Frame[] = [];
  #root: BucketRoot | undefined;
  #leaf: Leaf | undefined;

  constructor(pages: PageSource, guard: WalkGuard, root: BucketRoot) {
    this.#pages = pages;
    this.#guard = guard;
    this.#root = root;
  }

  /** The next leaf, undefined after the last. The one before is given up. Throws VERIFICATION_FAILED. */
  async next(): Promise<Leaf | undefined> {
    if (this.#leaf) this.#guard.release(this.#leaf.heldBytes);
    this.#leaf = undefined;
    const root = this.#root;
    this.#root = undefined;
    if (root instanceof Leaf) return this.#arrive(root);
    if (root !== undefined) return this.#descend(root, undefined, undefined);
    for (let frame = this.#frames.at(-1); frame; frame = this.#frames.at(-1)) {
      const { branch, next } = frame;
      if (next < branch.count) {
        frame.next++;
        return this.#descend(branch.child(next), branch.key(next), branch.key(next + 1) ?? frame.high);
      }
      this.#frames.pop();
      this.#guard.release(branch.heldBytes);
    }
    return undefined;
  }

  async #descend(page: number, low: Buffer | undefined, high: Buffer | undefined): Promise<Leaf> {
    for (let [id, from, to] = [page, low, high]; ;) {
      const { node, pages } = await this.#pages.load(id);
      this.#guard.enter(id, pages);
      checkBounds(node, from, to, id);
      if (node instanceof Leaf) return this.#arrive(node);
      if (this.#frames.length === treeHeight) throw damaged(`page ${id} is more than ${treeHeight} levels down`);
      this.#guard.hold(node.heldBytes);
      this.#frames.push({ branch: node, low: from, high: to, next: 1 });
      [id, from, to] = [node.child(0), node.key(0), node.key(1) ?? to];
    }
  }

  #arrive(leaf: Leaf): Leaf {
    this.#guard.hold(leaf.heldBytes);
    this.#leaf = leaf;
    return leaf;
  }
}

function checkBounds(node: Branch | Leaf, low: Buffer | undefined, high: Buffer | undefined, id: number): void {
  if (node.count === 0) return;
  const first = node.key(0);
  const last = node.key(node.count - 1);
  if (low && first && first.compare(low) < 0) throw damaged(`page ${id} has keys below its key in its parent`);
  if (high && last && last.compare(high) >= 0) throw damaged(`page ${id} has keys of the page after it`);
}
