/**
 * Tables for people: aligned columns that fit the terminal.
 *
 * @module
 */
import { unicodeWidth } from "@std/cli/unicode-width";
import { escapeLine } from "../text/escape.ts";
import type { Output } from "./output.ts";

const GAP = 2;
const LEAST = 8;

/** As much of a text, sign by sign, as so many columns take. */
function take(signs: readonly string[], width: number): string[] {
  let room = width;
  const end = signs.findIndex((sign) => (room -= unicodeWidth(sign)) < 0);
  return signs.slice(0, end === -1 ? signs.length : end);
}

/**
 * A text that takes just so many columns. A long one loses its middle: the end of an address or of a host
 * name tells more than that.
 */
function fit(text: string, width: number): string {
  const own = unicodeWidth(text);
  if (own <= width) return text + " ".repeat(width - own);
  const signs = [...text];
  const room = width - 3;
  const head = take(signs, Math.floor(room / 2));
  const tail = take(signs.toReversed(), room - unicodeWidth(head.join(""))).reverse();
  return fit(`${head.join("")}...${tail.join("")}`, width);
}

/**
 * A table with a line for each row.
 *
 * @param rows hostile text is escaped before it is measured.
 * @param width columns of the terminal; undefined cuts nothing.
 */
export function renderTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  width?: number,
): string {
  const cells = [heads, ...rows.map((row) => row.map(escapeLine))];
  const widths = heads.map((_, at) => Math.max(...cells.map((row) => unicodeWidth(row[at]!))));
  const room = width === undefined ? Infinity : width;
  const total = () => widths.reduce((sum, one) => sum + one + GAP, -GAP);
  // The widest column gives way first.
  while (total() > room) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= LEAST) break;
    widths[widest]!--;
  }
  return cells.map((row) =>
    row.map((cell, at) => fit(cell, widths[at]!)).join(" ".repeat(GAP)).trimEnd()
  ).join("\n") + "\n";
}

/** Prints a table that fits the terminal. */
export function printTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  output: Output,
): void {
  const table = renderTable(heads, rows, terminalWidth());
  const end = table.indexOf("\n") + 1;
  output.print(table.slice(0, end), "bold");
  output.print(table.slice(end));
}

/** How many columns standard output has; undefined if it is no terminal. */
function terminalWidth(): number | undefined {
  return Deno.stdout.isTerminal() ? Deno.consoleSize().columns : undefined;
}
