// The lines of a bundle's shards for a derivation, which walks them in order: looking at a shard's first line and then
// rebuilding it reads it once, and the next frame is on its way meanwhile.

import type { RepositoryReader } from '../../oci/repository.ts';
import type { StateLine } from '../../shard/line.ts';
import type { StoredShard } from './compose.ts';
import { decodeShard, readBlob } from './read.ts';

export function shardLines(
  repository: RepositoryReader,
  shards: readonly StoredShard[],
  isRawView: boolean,
): (index: number) => Promise<StateLine[]> {
  let last: { readonly index: number; readonly lines: Promise<StateLine[]> } | undefined;
  let next: { readonly index: number; readonly frame: Promise<Buffer> } | undefined;
  const fetch = (index: number): Promise<Buffer> => {
    const frame = readBlob(repository, (shards[index] as StoredShard).layer);
    // A failure is met by whoever asks for the shard, if anybody does.
    frame.catch(() => undefined);
    return frame;
  };
  return (index) => {
    if (last?.index === index) return last.lines;
    const frame = next?.index === index ? next.frame : fetch(index);
    if (index + 1 < shards.length) next = { index: index + 1, frame: fetch(index + 1) };
    const lines = frame.then((bytes) => decodeShard(bytes, shards[index] as StoredShard, isRawView));
    last = { index, lines };
    return lines;
  };
}
