// The Merkle tree against RFC 6962's reference values, and every proof of small trees against golang.org/x/mod.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  consistencyPath,
  grownNodes,
  inclusionPath,
  leafHash,
  rootOfPath,
  treeRoot,
  type NodeReader,
} from '../../../src/trust/log/merkle.ts';
import { judgeOf } from '../../support/go-judge.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { buildLogJudge, type Claim } from './log-judge.ts';

/** The eight leaves, and the roots of the trees that they grow, of the reference implementation's own tests. */
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** Grows a tree leaf by leaf; each node may be written once. */
function grow(bodies: readonly Buffer[]): { read: NodeReader; written: Map<number, Buffer> } {
  const written = new Map<number, Buffer>();
  const read: NodeReader = (node) => {
    const hash = written.get(node);
    assert.ok(hash, `node ${node} is read before it is written`);
    return hash;
  };
  for (const [index, body] of bodies.entries()) {
    for (const [node, hash] of grownNodes(index, leafHash(body), read)) {
      assert.ok(!written.has(node), `node ${node} is written twice`);
      written.set(node, hash);
    }
  }
  return { read, written };
}

describe('the Merkle tree', () => {
  it('has the roots of the reference implementation', () => {
    const { read } = grow(leaves.map((hex) => Buffer.from(hex, 'hex')));
    assert.equal(treeRoot(0, read).toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    assert.deepEqual(
      roots.map((_, index) => treeRoot(index + 1, read).toString('hex')),
      roots,
    );
  });

  it('writes two nodes for each leaf in the mean, and proofs read few of them', () => {
    const bodies = Array.from({ length: 5_000 }, (_, index) => Buffer.from(`leaf ${index}`));
    const { read, written } = grow(bodies);
    assert.ok(written.size < 10_000);
    let reads = 0;
    const counting: NodeReader = (node) => {
      reads += 1;
      return read(node);
    };
    inclusionPath(4_095, 5_000, counting);
    consistencyPath(4_097, 5_000, counting);
    // Twice the height of the tree for each, at most.
    assert.ok(reads <= 4 * 13, `${reads} nodes were read`);
  });

  it('gives proofs that another implementation accepts, for every entry and every pair of sizes', async (t) => {
    const judge = judgeOf(t, await buildLogJudge(await temporaryFolder(t)));
    const bodies = Array.from({ length: 40 }, (_, index) => Buffer.from(`leaf ${index}`));
    const { read } = grow(bodies);
    const claims: Claim[] = [];
    for (let size = 1; size <= bodies.length; size++) {
      const Root = treeRoot(size, read);
      for (const [Index, Body] of bodies.slice(0, size).entries()) {
        const Path = inclusionPath(Index, size, read);
        claims.push({ Kind: 'inclusion', Body, Index, Size: size, Root, Path });
        assert.deepEqual(rootOfPath(leafHash(Body), Index, size, Path), Root);
        assert.notDeepEqual(rootOfPath(leafHash(Body), Index ^ 1, size, Path), Root);
        assert.equal(rootOfPath(leafHash(Body), Index, size, [...Path, Root]), undefined);
      }
      for (let From = 1; From <= size; From++) {
        const Path = consistencyPath(From, size, read);
        claims.push({ Kind: 'consistency', From, FromRoot: treeRoot(From, read), Size: size, Root, Path });
      }
    }
    await judge?.check(claims);
    t.diagnostic(`${claims.length} proofs`);
  });
});
