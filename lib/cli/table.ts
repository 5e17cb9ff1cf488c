/**
 * Tables with aligned columns that fit the terminal.
 *
 * @module
 */
import { unicodeWidth } from "@std/cli/unicode-width";
import { escapeLine } from "../text/escape.ts";
import type { Output } from "./output.ts";

const GAP = 2;
const LEAST = 8;

/** As many characters as fit into `width` columns. */
function take(characters: readonly string[], width: number): string[] {
  let room = width;
  const end = characters.findIndex((one) => (room -= unicodeWidth(one)) < 0);
  return characters.slice(0, end === -1 ? characters.length : end);
}

/**
 * Pads or shortens a text to `width` columns. A long text loses its middle: the end of an address or a
 * host name tells more.
 */
function fit(text: string, width: number): string {
  const own = unicodeWidth(text);
  if (own <= width) return text + " ".repeat(width - own);
  const characters = [...text];
  const room = width - 3;
  const head = take(characters, Math.floor(room / 2));
  const tail = take(characters.toReversed(), room - unicodeWidth(head.join(""))).reverse();
  return fit(`${head.join("")}...${tail.join("")}`, width);
}

/**
 * @param rows are escaped.
 * @param width columns of the terminal; undefined for no limit.
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

/** @returns undefined if standard output is not a terminal. */
function terminalWidth(): number | undefined {
  return Deno.stdout.isTerminal() ? Deno.consoleSize().columns : undefined;
}
