// When a mirror's base moves on (formats.md §5): judged on the previous bundle, so that publisher and consumer agree.

import { layerBytes, type ShardedBundle } from '../sharded/compose.ts';

const maxJournals = 32;
const journalWeight = 4;

/** True when the export after `previous` takes the state of `previous` as its base. */
export function compactsAfter(previous: Pick<ShardedBundle, 'bases' | 'journals'>): boolean {
  const bytes = layerBytes(previous);
  return previous.journals.length >= maxJournals || journalWeight * bytes.journals > bytes.base;
}
