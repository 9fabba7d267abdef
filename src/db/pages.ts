// Reads large sets page by page (keyset paging), so that no cursor or transaction stays open while a reader thinks.

/**
 * Yields what `fetch` finds, page after page. `fetch` gets the last row of the page before (undefined at first) and must
 * return the rows after it, at most `limit` of them, in its own fixed order.
 */
export async function* keysetPages<Row>(
  limit: number,
  fetch: (after: Row | undefined, limit: number) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  let after: Row | undefined;
  while (true) {
    const page = await fetch(after, limit);
    if (page.length > 0) yield page;
    if (page.length < limit) return;
    after = page.at(-1);
  }
}

/** The same items, the next one being fetched while the one before is used. */
export async function* oneAhead<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (let item = await next; item.done !== true; item = await next) {
      next = iterator.next();
      // A failure is met when its turn comes; until then it must not count as unhandled.
      next.catch(() => undefined);
      yield item.value;
    }
  } finally {
    await next.catch(() => undefined);
    await iterator.return?.();
  }
}
