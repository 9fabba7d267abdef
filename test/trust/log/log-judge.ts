// Runs the judge of log-judge/main.go over what a log gave out.

import { join } from 'node:path';
import { canonicalBytes } from '../../../src/core/canonical-json.ts';
import type { LoggedEntry } from '../../../src/trust/log/logged-entry.ts';
import { buildGoJudge } from '../../support/go-judge.ts';
import { mustRun } from '../../support/run-program.ts';

/** A claim in the words of main.go; bytes go as base64. */
export type Claim = { readonly Kind: string } & { readonly [member: string]: unknown };

export type LogJudge = {
  /** Throws with the first claim that does not hold. */
  check(claims: readonly Claim[]): Promise<void>;
};

export async function buildLogJudge(folder: string): Promise<LogJudge | string> {
  const built = await buildGoJudge(join(import.meta.dirname, 'log-judge'), folder);
  if (typeof built === 'string') return built;
  return {
    check: async (claims) => {
      const input = Buffer.from(claims.map((claim) => `${JSON.stringify(encoded(claim))}\n`).join(''));
      const count = await mustRun(built.program, [], { input });
      if (Number(count) !== claims.length) throw new Error(`the judge saw ${count} of ${claims.length} claims`);
    },
  };
}

/** Everything that an entry which was handed out claims: the promise, the proof and the checkpoint. */
export function claimsOf(entry: LoggedEntry, key: string): Claim[] {
  const { body, index, integratedTime, logId, timestamp, proof } = entry;
  const { size, root, path, checkpoint } = proof;
  // Written here once more, after Rekor's description of the promise.
  const promise = canonicalBytes({ body: body.toString('base64'), integratedTime, logIndex: index, logID: logId });
  return [
    { Kind: 'promise', Body: promise, Signature: timestamp, Key: key },
    { Kind: 'inclusion', Body: body, Index: proof.index, Size: size, Root: root, Path: path },
    { Kind: 'checkpoint', Note: checkpoint, Size: size, Root: root, Key: key },
  ];
}

function encoded(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(encoded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encoded(member)]));
}
