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
