import type { Page } from "./history.ts";

/** Rows read at once. */
const PAGE = 1000;

/** Reads one page after a key. */
export type PageReader<Row> = (after: string | undefined, limit: number) => Page<Row>;

export interface PageOptions<Row> {
  /** Maximum number of rows. */
  readonly limit: number;
  /** End of the previous page; absent for the first. */
  readonly after?: string | undefined;
  /** Selects rows; all, if absent. */
  readonly fits?: (row: Row) => boolean;
  /** Milliseconds after which the page ends, however few rows it has; absent for no limit. */
  readonly timeoutMs?: number;
}

/** One page of the selected rows, from as many pages of the store as it takes. */
export function collectPage<Row>(
  read: PageReader<Row>,
  { limit, after, fits = () => true, timeoutMs = Infinity }: PageOptions<Row>,
): Page<Row> {
  const found: Row[] = [];
  const begin = performance.now();
  let from = after;
  do {
    // Never more than is missing: the next page begins after the last row that was read.
    const { rows, next } = read(from, Math.min(PAGE, limit - found.length));
    found.push(...rows.filter(fits));
    from = next;
  } while (
    from !== undefined && found.length < limit && performance.now() - begin < timeoutMs
  );
  return { rows: found, next: from };
}
