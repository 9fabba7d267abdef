// A name must not go back unnoticed: whoever can move a tag could serve last month's bundle, signature and all. What
// continues the held state is fine, whatever its date (deleting the newest document makes `created` earlier).

import { ExportError } from '../core/errors.ts';
import { rootOf, type ShardedBundle } from '../profiles/sharded/compose.ts';

/** Throws VERIFICATION_FAILED when `next` is older than `current` and does not follow from it. */
export function refuseRollback(current: ShardedBundle, next: ShardedBundle): void {
  const { digest } = current.index.descriptor;
  const { state, previous, journals } = next.exportManifest;
  const held = current.exportManifest.state;
  if (next.index.descriptor.digest === digest || state.created >= held.created) return;
  if (previous === digest || journals.some(({ from }) => from === held.setRoot)) return;
  throw new ExportError(
    'VERIFICATION_FAILED',
    `the reference names a state of ${state.created}, older than the one held, of ${held.created}`,
    { hint: `to go back on purpose, name the digest: HOST/REPOSITORY:TAG@${rootOf(next).descriptor.digest}` },
  );
}
