// A publication as a client sees it, before anybody does: tuf-js, which did not write it, goes from the first root, and
// from what was published last, to every file of it.

import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { ExportError } from '../../core/errors.ts';
import type { TufState } from './types.ts';

/** Throws VERIFICATION_FAILED with the client's own words. `now` is the time at which the client looks. */
export function selfCheck(state: TufState, before: TufState | undefined, now: Date): void {
  follow(state, undefined, now);
  if (before) follow(state, before, now);
}

function follow(state: TufState, before: TufState | undefined, now: Date): void {
  const [first, ...later] = state.roots;
  if (!first) throw new ExportError('INTERNAL', 'a TUF repository has no root');
  try {
    const client = new TrustedMetadataStore(first.bytes);
    // Its clock is private, and ours is given: a check must say what clients at that time see.
    (client as unknown as { referenceTime: Date }).referenceTime = now;
    for (const root of later) client.updateRoot(root.bytes);
    if (before) seen(() => client.updateTimestamp(before.timestamp.bytes));
    client.updateTimestamp(state.timestamp.bytes);
    if (before && before.snapshot.version < state.snapshot.version) {
      seen(() => client.updateSnapshot(before.snapshot.bytes, true));
    }
    client.updateSnapshot(state.snapshot.bytes);
    client.updateDelegatedTargets(state.targets.bytes, 'targets', 'root');
    for (const { name } of state.targets.envelope.signed.delegations?.roles ?? []) {
      client.updateDelegatedTargets(state.delegated.get(name)?.bytes ?? Buffer.alloc(0), name, 'targets');
    }
  } catch (cause) {
    const from = before ? `that saw timestamp ${before.timestamp.version}` : 'with the first root';
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ExportError('VERIFICATION_FAILED', `a TUF client ${from} would refuse the publication: ${why}`, {
      cause,
    });
  }
}

/** What a client holds from before may have expired, or be signed by keys that are gone: then it counts for nothing. */
function seen(load: () => unknown): void {
  try {
    load();
  } catch {
    // As in a client, which drops such a file and goes on.
  }
}
