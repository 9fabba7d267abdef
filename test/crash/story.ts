// What is told to a center before, between and after crashes: two days of made-up evidence and the runs of each day, the
// last one published to another registry too. Told again from any point it ends with the same digests.

import { hash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compareUtf8 } from '../../src/core/order.ts';
import type { Center, RunRequest } from '../../src/runs/center.ts';
import { advisory, feed, put, tenant, type EvidenceLine } from '../support/center.ts';

export type Step = { readonly name: string } & ({ readonly from: string } | { readonly run: RunRequest });

export type Story = {
  readonly steps: readonly Step[];
  /** `stateSha256` of the evidence after no, one and both ingests, computed from the lines (formats.md §11). */
  readonly states: readonly (string | undefined)[];
  /** The same with REGISTRY/REPO as the destination of the last run. */
  withDestination(destination: string): Story;
};

/** Writes the evidence into `folder`. Each run has an idempotency key, as a careful pipeline gives. */
export async function writeStory(folder: string): Promise<Story> {
  const days = [dayOne(), dayTwo()];
  for (const [at, lines] of days.entries()) {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await writeFile(join(folder, `day-${at + 1}.jsonl.gz`), gzipSync(text));
  }
  return storyOf(folder, [undefined, stateOf(dayOne()), stateOf(days.flat())], undefined);
}

function storyOf(folder: string, states: Story['states'], to: string | undefined): Story {
  const run = (name: string, request: RunRequest): Step => ({ name, run: { ...request, idempotencyKey: name } });
  const steps: Step[] = [
    { name: 'ingest day 1', from: join(folder, 'day-1.jsonl.gz') },
    run('json:raw of day 1', { profile: 'json:raw' }),
    run('mirror:full of day 1', { profile: 'mirror:full' }),
    { name: 'ingest day 2', from: join(folder, 'day-2.jsonl.gz') },
    run('mirror:delta of day 2', { profile: 'mirror:delta' }),
    run('mirror:full of day 2, copied', { profile: 'mirror:full', ...(to === undefined ? {} : { to }) }),
  ];
  return { steps, states, withDestination: (destination) => storyOf(folder, states, destination) };
}

function stateOf(lines: readonly EvidenceLine[]): string {
  const held = new Map<string, string>();
  for (const { op, source, path, text = '' } of lines) {
    if (op === 'del') held.delete(`${source}\t${path}`);
    else held.set(`${source}\t${path}`, hash('sha256', text));
  }
  const sorted = [...held].map(([key, digest]) => `${key}\t${digest}\n`).sort((a, b) => compareUtf8(a, b));
  return hash('sha256', sorted.join(''));
}

function dayOne(): EvidenceLine[] {
  return [...feed('go', 180), ...feed('rustsec', 90), ...feed('pypa', 30)];
}

function dayTwo(): EvidenceLine[] {
  const changed = feed('go', 12, 40).map((line) => ({
    ...line,
    text: advisory(line.path.replace('.json', ''), { note: 'changed', modified: '2026-07-02T10:00:00Z' }),
  }));
  const gone: EvidenceLine[] = feed('rustsec', 3, 7).map(({ source, path }) => ({ op: 'del', source, path }));
  return [...changed, put('pypa', 'PYPA-2026-0900', { modified: '2026-07-02T11:00:00Z' }), ...gone];
}

/** Tells one step and waits for its end. Throws what the center throws, and when a run does not succeed. */
export async function tellStep(center: Center, step: Step, onState?: (state: string) => void): Promise<string> {
  if ('from' in step) {
    const { rejected, sequence } = await center.ingest(tenant, { source: 'osv', from: step.from });
    if (rejected.length > 0) throw new Error(`refused: ${JSON.stringify(rejected)}`);
    return `sequence ${sequence}`;
  }
  const { run } = await center.startRun(tenant, step.run);
  for await (const { state } of center.runEvents(tenant, run)) onState?.(state);
  const { result, failure } = await center.run(tenant, run);
  if (result === undefined) throw new Error(`${step.name} failed: ${JSON.stringify(failure)}`);
  return result.digest;
}
