/**
 * Rows of SQL dumps by `sqlite3 FILE .dump`, `mysqldump` and `pg_dump`.
 *
 * @module
 */
import type { SourceError } from "./item.ts";
import type { SqlgreyRow } from "./sqlgrey.ts";

export interface SqlDump {
  readonly rows: readonly SqlgreyRow[];
  readonly errors: readonly SourceError[];
}

const INSERT =
  /^insert\s+(?:or\s+\w+\s+|ignore\s+)?into\s+(?:[`"]?\w+[`"]?\.)?[`"]?(\w+)[`"]?\s*(?:\(([^)]*)\))?\s*values\s*/gim;

const COPY = /^copy\s+(?:"?\w+"?\.)?"?(\w+)"?\s*\(([^)]*)\)\s+from\s+stdin;\n/gim;

function namesOf(list: string): string[] {
  return list.split(",").map((name) => name.trim().replaceAll(/[`"]/g, ""));
}

/** Escapes of MySQL's strings and of PostgreSQL's COPY. */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", 0: "", Z: "" };

function skipSpace(text: string, start: number): number {
  let at = start;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r") at++;
  return at;
}

/** Strings of SQLite and PostgreSQL have no backslash escapes. */
function hasEscapes(text: string, insert: string): boolean {
  return insert.includes("`") || /^-- (?:MySQL|MariaDB) dump/m.test(text.slice(0, 1000));
}

/** The values of one `(…)` and its end; undefined if it is not closed. */
function readTuple(
  text: string,
  start: number,
  escapes: boolean,
): { values: unknown[]; end: number } | undefined {
  const values: unknown[] = [];
  for (let at = start + 1; at < text.length;) {
    at = skipSpace(text, at);
    if (text[at] === "'") {
      let value = "";
      for (at++; at < text.length; at++) {
        if (escapes && text[at] === "\\") {
          at++;
          value += ESCAPES[text[at]!] ?? text[at];
        } else if (text[at] !== "'") {
          value += text[at];
        } else if (text[at + 1] === "'") {
          value += text[at++];
        } else {
          break;
        }
      }
      values.push(value);
      at++;
    } else {
      const bare = /^[^,()]+/.exec(text.slice(at, at + 64))?.[0] ?? "";
      values.push(/^null\s*$/i.test(bare) ? null : isNaN(Number(bare)) ? bare : Number(bare));
      at += bare.length;
      if (bare === "") return undefined;
    }
    at = skipSpace(text, at);
    if (text[at] === ")") return { values, end: at + 1 };
    if (text[at] !== ",") return undefined;
    at++;
  }
  return undefined;
}

function rowOf(
  table: string,
  line: number,
  names: readonly string[],
  values: readonly unknown[],
): SqlgreyRow | undefined {
  if (values.length !== names.length) return undefined;
  return { table, line, columns: Object.fromEntries(names.map((name, at) => [name, values[at]])) };
}

/** Places must be passed in ascending order. */
function lineCounter(text: string): (place: number) => number {
  let line = 1;
  let seen = 0;
  return (place) => {
    for (
      let at = text.indexOf("\n", seen);
      at !== -1 && at < place;
      at = text.indexOf("\n", seen)
    ) {
      line++;
      seen = at + 1;
    }
    return line;
  };
}

/** First and last lines of the programs. mysqldump has neither without comments. */
const ENDS: readonly (readonly [first: RegExp, last: string])[] = [
  [/^BEGIN TRANSACTION;/m, "COMMIT;"],
  [/^-- (?:MySQL|MariaDB) dump/m, "-- Dump completed"],
  [/^-- PostgreSQL database dump$/m, "-- PostgreSQL database dump complete"],
];

/** The last line that a truncated dump lacks. */
function missingEnd(text: string): string | undefined {
  const beginning = text.slice(0, 1000);
  const end = text.slice(-1000);
  const [, last] = ENDS.find(([first]) => first.test(beginning)) ?? [];
  return last === undefined || `\n${end}`.includes(`\n${last}`) ? undefined : last;
}

/** @param tables with their columns, for dumps that do not name columns. */
export function parseSqlDump(
  text: string,
  tables: Readonly<Record<string, readonly string[]>>,
): SqlDump {
  const rows: SqlgreyRow[] = [];
  const errors: SourceError[] = [];
  const take = (table: string, line: number, names: readonly string[], values?: unknown[]) => {
    const row = values && rowOf(table, line, names, values);
    if (row !== undefined) rows.push(row);
    else errors.push({ line, why: `${table}: invalid row` });
  };
  let lineOf = lineCounter(text);
  let done = 0;
  for (const match of text.matchAll(INSERT)) {
    const table = match[1]!;
    // A value may look like a statement.
    if (match.index < done) continue;
    if (!Object.hasOwn(tables, table)) continue;
    const names = match[2] === undefined ? tables[table]! : namesOf(match[2]);
    const escapes = hasEscapes(text, match[0]);
    let at = skipSpace(text, match.index + match[0].length);
    while (text[at] === "(") {
      const tuple = readTuple(text, at, escapes);
      take(table, lineOf(at), names, tuple?.values);
      if (tuple === undefined) break;
      done = tuple.end;
      at = skipSpace(text, tuple.end);
      if (text[at] !== ",") break;
      at = skipSpace(text, at + 1);
    }
  }
  lineOf = lineCounter(text);
  for (const match of text.matchAll(COPY)) {
    const table = match[1]!;
    if (!Object.hasOwn(tables, table)) continue;
    const names = namesOf(match[2]!);
    for (let at = match.index + match[0].length; at < text.length;) {
      const newline = text.indexOf("\n", at);
      const end = newline === -1 ? text.length : newline;
      const content = text.slice(at, end).replace(/\r$/, "");
      if (content === "\\.") break;
      const values = content.split("\t").map((value) =>
        value === "\\N" ? null : value.replaceAll(/\\(.)/g, (_, char) => ESCAPES[char] ?? char)
      );
      take(table, lineOf(at), names, values);
      at = end + 1;
    }
  }
  errors.sort((a, b) => a.line - b.line);
  const missing = missingEnd(text);
  if (missing !== undefined) {
    errors.push({
      line: lineCounter(text)(text.length),
      why: `the dump is truncated: ${missing} is missing`,
    });
  }
  return { rows, errors };
}
