/**
 * Tables that explain themselves when they are empty, and are read as cards on a phone.
 *
 * @module
 */
import type { Content, Html } from "./html.ts";

/** A column: its head, and whether it holds numbers. */
export interface Column {
  /** What stands above it; empty for buttons, which get a name for screen readers. */
  readonly head: string;
  /** How it looks. */
  readonly kind?: "number" | "actions" | "wide";
}

/** A row. */
export interface Row {
  /** What tells it from all others, so that a new one can be pointed out. */
  readonly key: string | number;
  /** Its cells. */
  readonly cells: readonly Content[];
}

/** A table, or the words for an empty one. Roles are said, since a phone's layout would lose them. */
export function Table(
  { caption, columns, rows, empty }: {
    caption: string;
    columns: readonly Column[];
    rows: readonly Row[];
    empty: Content;
  },
): Html {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <div class="scroll">
      <table role="table">
        <caption class="hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ head, kind }) => (
              <th role="columnheader" scope="col" class={kind ?? ""}>
                {kind === "actions" ? <span class="hidden">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map(({ key, cells }) => (
            <tr role="row" data-key={key}>
              {cells.map((cell, at) => (
                <td role="cell" class={columns[at]!.kind ?? ""} data-head={columns[at]!.head}>
                  <div>{cell}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The way to the next page of a list, by its key. */
export function More(
  { path, next, words = "Older" }: { path: string; next: string | undefined; words?: string },
): Html {
  if (next === undefined) return <span hidden />;
  const sign = path.includes("?") ? "&" : "?";
  return (
    <p>
      <a rel="next" href={`${path}${sign}after=${encodeURIComponent(next)}`}>{words}</a>
    </p>
  );
}
