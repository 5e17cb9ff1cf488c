/**
 * Putting pages of the store together.
 *
 * @module
 */
import type { Page } from "../store/history.ts";
import type { Awaitable } from "../store/store.ts";

/** So many rows are asked for at once. */
const PAGE = 1000;

/**
 * Rows of one search, page after page.
 *
 * @param limit so many at most.
 * @param wanted only rows that fit count.
 */
export async function collect<Row>(
  read: (after: string | undefined, limit: number) => Awaitable<Page<Row>>,
  limit: number,
  wanted: (row: Row) => boolean = () => true,
): Promise<Row[]> {
  const found: Row[] = [];
  let after: string | undefined;
  do {
    const { rows, next } = await read(after, PAGE);
    found.push(...rows.filter(wanted));
    after = next;
  } while (after !== undefined && found.length < limit);
  return found.slice(0, limit);
}
