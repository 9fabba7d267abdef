// `mirror records` and `mirror changes`: what a bundle holds, as lines, out of a folder or straight from a registry.

import { contentLines } from './content-lines.ts';
import { withBundle } from './open-bundle.ts';
import type { NetworkOptions } from './types.ts';
import { readBlob, stateLines } from '../profiles/sharded/read.ts';
import { decode } from '../shard/encode.ts';
import { frameLimit } from '../shard/journal.ts';

/**
 * Lines `{"c","k","v"}` LF of the whole state, sorted (of json:raw the raw lines); whole lines in each piece. Every blob
 * is verified against its digest. Throws what opening a source throws, INPUT_INVALID for other artifacts.
 */
export function mirrorRecords(source: string, network: NetworkOptions): AsyncGenerator<Buffer> {
  return withBundle(source, network, ({ source: { reader }, bundle }) => contentLines(stateLines(reader, bundle)));
}

/** Lines of the newest journal; none when the state is its own base. */
export function mirrorChanges(source: string, network: NetworkOptions): AsyncGenerator<Buffer> {
  return withBundle(source, network, async function* ({ source: { reader }, bundle }) {
    for (const layer of bundle.journals.at(-1)?.layers ?? []) yield decode(await readBlob(reader, layer), frameLimit);
  });
}
