// A mirror or json bundle by its name, for the commands that read records.

import { ExportError } from '../core/errors.ts';
import type { ShardedBundle } from '../profiles/sharded/compose.ts';
import { readBundle } from '../profiles/sharded/read.ts';
import { openSource, resolveSource, type OpenedSource } from './open-source.ts';
import type { NetworkOptions } from './types.ts';

export type OpenedBundle = { readonly source: OpenedSource; readonly bundle: ShardedBundle };

/** Gives `work` the bundle that `text` names and closes it afterwards. INPUT_INVALID for other artifacts. */
export async function* withBundle<T>(
  text: string,
  network: NetworkOptions,
  work: (opened: OpenedBundle) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const source = await openSource(text, network);
  try {
    const { digest } = await resolveSource(source);
    const index = await source.reader.manifest(digest);
    if (!index) throw new ExportError('NOT_FOUND', `${source.reader.name} has no manifest ${digest}`);
    yield* work({ source, bundle: await readBundle(source.reader, index) });
  } finally {
    await source.close();
  }
}
