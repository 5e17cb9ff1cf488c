/**
 * Putting pages of the store together.
 *
 * @module
 */
import type { Page } from "./history.ts";

/** So many rows are asked for at once. */
const PAGE = 1000;

/** Reads one page behind a key. */
export type Reader<Row> = (after: string | undefined, limit: number) => Page<Row>;

/** Which rows of a search are wanted. */
export interface Wanted<Row> {
  /** So many at most. */
  readonly limit: number;
  /** Where an earlier page ended; absent for the first. */
  readonly after?: string | undefined;
  /** Only rows that fit count; all, if it is absent. */
  readonly fits?: (row: Row) => boolean;
  /** After so many milliseconds the page ends where it has come to; absent for never. */
  readonly timeoutMs?: number;
}

/** One page of the rows that fit, put together from as many pages of the store as it takes. */
export function collectPage<Row>(
  read: Reader<Row>,
  { limit, after, fits = () => true, timeoutMs = Infinity }: Wanted<Row>,
): Page<Row> {
  const found: Row[] = [];
  const begin = performance.now();
  let from = after;
  do {
    // Never more than is still missing, so that every row that is read is shown or does not fit.
    const { rows, next } = read(from, Math.min(PAGE, limit - found.length));
    found.push(...rows.filter(fits));
    from = next;
  } while (
    from !== undefined && found.length < limit && performance.now() - begin < timeoutMs
  );
  return { rows: found, next: from };
}

/**
 * All rows of one search, page after page.
 *
 * @param limit so many at most.
 * @param fits only rows that fit count.
 */
export function collect<Row>(
  read: Reader<Row>,
  limit: number,
  fits: (row: Row) => boolean = () => true,
): readonly Row[] {
  return collectPage(read, { limit, fits }).rows;
}
