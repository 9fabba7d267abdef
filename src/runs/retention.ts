// Retention: the newest 40 states of every repository keep their tags; older ones lose them, and the sweep of the
// storage collects what nothing names any more.

import type { Database } from '../db/database.ts';
import { forgetPublished, publishedStates } from '../db/states.ts';
import type { Digest } from '../core/digest.ts';
import type { Repository } from '../oci/repository.ts';
import { deltaTagOf } from '../profiles/mirror/delta.ts';

export const keptStates = 40;

const stateTagPattern = /^([sd])-\d{8}T\d{6}Z-[0-9a-f]{12}$/;

export type Retired = { readonly repository: string; readonly tags: readonly string[] };

/** Takes the tags of old states away; with `dryRun` it only tells. States that moving tags name are always kept. */
export async function retireStates(
  repository: Repository,
  name: string,
  context: { readonly db: Database; readonly tenant: string; readonly dryRun: boolean },
): Promise<Retired> {
  const kept = await digestsOf(repository, ['latest', 'delta']);
  const tags = await repository.tags();
  const states = (await publishedStates(context.db, context.tenant)).filter((state) => state.repository === name);
  const old = states.slice(keptStates).filter(({ digest }) => !kept.has(digest));
  const deltas = await deltaTags(repository, tags, { kept: states.slice(0, keptStates), old });
  const retired = [
    ...oldStateTags(tags, 's', new Set(states.slice(0, keptStates).map(({ digest }) => digest.slice(7, 19)))),
    ...deltas,
    ...old.map(({ digest }) => deltaTagOf(digest)),
  ].filter((tag) => tags.includes(tag));
  const leaving: string[] = [];
  for (const tag of retired) {
    const named = await repository.resolve(tag);
    if (named && kept.has(named.digest)) continue;
    leaving.push(tag);
    if (!context.dryRun) await repository.deleteTag(tag);
  }
  if (!context.dryRun) {
    for (const { digest } of old) await forgetPublished(context.db, context.tenant, name, digest);
  }
  return { repository: name, tags: leaving };
}

/**
 * The `d-` tags that go: those of the deltas that lead to `old` states. Tags sort by what records declare, not by age, so
 * only deltas that belong to no state (asked for with --base) are counted by name.
 */
async function deltaTags(
  repository: Repository,
  tags: readonly string[],
  states: { readonly kept: readonly { digest: Digest }[]; readonly old: readonly { digest: Digest }[] },
): Promise<string[]> {
  const present = new Set(tags);
  const leadingTo = async (targets: readonly { digest: Digest }[]): Promise<Set<string>> => {
    const names = targets.map(({ digest }) => deltaTagOf(digest)).filter((tag) => present.has(tag));
    return new Set([...(await digestsOf(repository, names))].map((digest) => digest.slice(7, 19)));
  };
  const [kept, old] = [await leadingTo(states.kept), await leadingTo(states.old)];
  const others = oldStateTags(tags, 'd', kept);
  const isOld = (tag: string): boolean => old.has(tag.slice(-12));
  return [...others.filter(isOld), ...others.filter((tag) => !isOld(tag)).slice(keptStates)];
}

/** State tags newest first; without those whose digest is among `keep`. */
function oldStateTags(tags: readonly string[], prefix: 's' | 'd', keep: ReadonlySet<string> = new Set()): string[] {
  return tags
    .filter((tag) => stateTagPattern.test(tag) && tag.startsWith(prefix) && !keep.has(tag.slice(-12)))
    .sort()
    .toReversed();
}

async function digestsOf(repository: Repository, tags: readonly string[]): Promise<Set<Digest>> {
  const digests = new Set<Digest>();
  for (const tag of tags) {
    const named = await repository.resolve(tag);
    if (named) digests.add(named.digest);
  }
  return digests;
}
