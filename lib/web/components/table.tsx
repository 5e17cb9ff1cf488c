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
  /** The class of the column; a card shows the head of a labelled one. */
  readonly kind?:
    | "number"
    | "actions"
    | "wide"
    | "mail"
    | "client"
    | "state"
    | "time"
    | "labelled"
    | "number labelled"
    | "detail";
}

export interface Row {
  /** Identifies the row across refreshes, so that new rows can be highlighted. */
  readonly key: string | number;
  readonly cells: readonly Child[];
}

/** A table, or `empty` without rows. */
export function Table(
  { caption, columns, rows, empty, style = "" }: {
    caption: string;
    columns: readonly Column[];
    rows: readonly Row[];
    empty: Child;
    /** `mail` for rows of two lines with fixed widths, `entries` for actions beside the first cell. */
    style?: "" | "mail" | "entries";
  },
): JSX.Element {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table class={style}>
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ head, kind }) => (
            <th scope="col" class={kind ?? ""}>
              {kind === "actions" ? <span class="visually-hidden">{head}</span> : head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells }) => (
          <tr data-key={key}>
            {cells.map((cell, at) => (
              <td class={columns[at]!.kind ?? ""} data-head={columns[at]!.head}>
                <div>{cell}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
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
      <a class="button" rel="next" href={`${path}${separator}after=${encodeURIComponent(next)}`}>
        {label}
      </a>
    </p>
  );
}
