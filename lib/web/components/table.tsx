/**
 * Tables, shown as cards on narrow screens.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";

export interface Column {
  /** The head of a column of buttons is for screen readers only. */
  readonly head: string;
  readonly kind?: "number" | "actions" | "wide";
}

export interface Row {
  /** Identifies the row across refreshes, so that new rows can be highlighted. */
  readonly key: string | number;
  readonly cells: readonly Child[];
}

/** A table, or `empty` without rows. ARIA roles are explicit, since the card layout removes them. */
export function Table(
  { caption, columns, rows, empty }: {
    caption: string;
    columns: readonly Column[];
    rows: readonly Row[];
    empty: Child;
  },
): JSX.Element {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <div class="scroll">
      <table role="table">
        <caption class="visually-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ head, kind }) => (
              <th role="columnheader" scope="col" class={kind ?? ""}>
                {kind === "actions" ? <span class="visually-hidden">{head}</span> : head}
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

/** The link to the next page of a list. */
export function NextPage(
  { path, next, label = "Older" }: { path: string; next: string | undefined; label?: string },
): JSX.Element {
  if (next === undefined) return <span hidden />;
  const separator = path.includes("?") ? "&" : "?";
  return (
    <p>
      <a rel="next" href={`${path}${separator}after=${encodeURIComponent(next)}`}>{label}</a>
    </p>
  );
}
