// Pages of records as pieces of text. Keys must rise: what is printed as a sorted state is one.

import { RisingKeys } from '../shard/journal.ts';
import type { StateLine } from '../shard/line.ts';

export async function* contentLines(pages: AsyncIterable<readonly StateLine[]>): AsyncGenerator<Buffer> {
  const order = new RisingKeys('the state');
  for await (const page of pages) {
    for (const line of page) order.next(line);
    yield Buffer.concat(page.map(({ line }) => line));
  }
}
