import type { Database } from "@db/sqlite";
import type { Condition } from "./search.ts";
import type { Cursor } from "./store.ts";

/** Key columns of the tables, in the order of a pass of expiry. */
export const KEYS: Readonly<Record<Cursor["table"], readonly string[]>> = {
  pending: ["sender", "recipient", "network"],
  relation: ["recipient_id", "sender"],
  recipient: ["id"],
  reputation: ["name"],
  decision: ["id"],
  deferral: ["id"],
};

/** The rows after a position, up to another if there is one. */
export interface Slice extends Condition {
  /** Key of its last row; undefined at the end of the table. */
  readonly last: readonly (string | number)[] | undefined;
}

/** The next rows after a position, in the order of the key. */
export function sliceOf(db: Database, { table, after }: Cursor, rows: number): Slice {
  const columns = KEYS[table];
  const key = `(${columns.join(", ")})`;
  const places = `(${columns.map(() => "?").join(", ")})`;
  const from = after.length === 0 ? columns.map(leastOf) : [...after];
  const last = db.prepare(
    `SELECT ${columns.join(", ")} FROM ${table} WHERE ${key} > ${places} ` +
      `ORDER BY ${columns.join(", ")} LIMIT 1 OFFSET ?`,
  ).value<(string | number)[]>(...from, rows - 1);
  const upTo = last === undefined ? "" : ` AND ${key} <= ${places}`;
  return { sql: `${key} > ${places}${upTo}`, values: [...from, ...(last ?? [])], last };
}

/** The least value of a column. */
function leastOf(column: string): string | number {
  return column.endsWith("id") ? 0 : "";
}
