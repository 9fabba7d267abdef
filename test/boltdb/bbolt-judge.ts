// Builds and runs the judge of bbolt-judge/main.go: the real bbolt library that looks up every key of a file, and makes
// files for our reader. The facts that it is told, and the hash that it gives, use the framing described there.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { asBuffer } from '../../src/boltdb/fact-order.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { buildGoJudge } from '../support/go-judge.ts';
import { mustRun } from '../support/run-program.ts';

export type JudgedTree = { readonly keys: number; readonly buckets: number; readonly sha256: string };

export type BboltJudge = {
  /** What bbolt finds in a file, each key looked up again by its path. */
  tree(file: string): Promise<JudgedTree>;
  /** Makes a file by bbolt in several transactions, with free pages and pages that are half full. */
  fill(file: string, facts: Iterable<BoltFact>, pageSize: number, transactions: number): Promise<void>;
};

const source = join(import.meta.dirname, 'bbolt-judge');

/** Builds the judge in `folder`, or says why not: without Go, or without a way to the module. */
export async function buildBboltJudge(folder: string): Promise<BboltJudge | string> {
  const built = await buildGoJudge(source, folder);
  if (typeof built === 'string') return built;
  const { program } = built;
  return {
    tree: async (file) => JSON.parse(await mustRun(program, ['tree', file])) as JudgedTree,
    fill: async (file, facts, pageSize, transactions) => {
      const input = Buffer.concat([...facts].map(framed));
      await mustRun(program, ['fill', file, String(pageSize), String(transactions)], { input });
    },
  };
}

/** The hash that the judge gives for a file with exactly these facts, empty buckets as facts of their own. */
export function treeHash(facts: Iterable<BoltFact>): string {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(framed(fact));
  return hash.digest('hex');
}

function framed({ path, key, value }: BoltFact): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(value === null ? 1 : 0);
  head.writeUInt32LE(path.length, 1);
  const parts = value === null ? [...path, key] : [...path, key, value];
  return Buffer.concat([head, ...parts.map(asBuffer).flatMap((part) => [u32(part.length), part])]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
