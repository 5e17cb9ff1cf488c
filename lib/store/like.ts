/**
 * Looking for any part of a text in SQL.
 *
 * @module
 */

/** The pattern of `LIKE ? ESCAPE '\'` that finds a text in any place; its own wildcards are signs. */
export function anywhere(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
}
