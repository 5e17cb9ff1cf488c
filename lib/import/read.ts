/**
 * Reads files of each format.
 *
 * @module
 */
import { ConfigError } from "../config/load.ts";
import { isSqliteFile, isSqliteText, readTables } from "../store/sqlgrey_file.ts";
import { reasonOf } from "../text/error_message.ts";
import {
  type Choice,
  EMPTY,
  type Item,
  type Items,
  type Reading,
  type Source,
  type SourceError,
} from "./item.ts";
import { beginningOf, readLog } from "./log_reader.ts";
import { PostgreyDumpReader, postgreySource } from "./postgrey_dump.ts";
import { type LogCounts, PostfixLog, type PostfixLogSettings } from "./postfix_log.ts";
import { Replay } from "./replay.ts";
import { LineSplitter, openSource, readText } from "./source_file.ts";
import { parseSqlDump } from "./sql_dump.ts";
import { SQLGREY_TABLES, type SqlgreyRow, sqlgreySource } from "./sqlgrey.ts";

export const FORMATS = ["postgrey", "sqlgrey", "postfix"] as const;

export type Format = typeof FORMATS[number];

export interface Files {
  readonly format: Format;
  /** `-` is standard input; gzip is decompressed. */
  readonly paths: readonly string[];
  /** The command that reads them, without their names. */
  readonly command: string;
}

/** Reports an error of a file. */
export type Report = (name: string, error: SourceError) => void;

export interface Found {
  readonly items: Items;
  readonly choices: readonly Choice[];
  /** Of Postfix's log. */
  readonly log?: LogCounts;
}

async function readPostgrey(
  path: string,
  command: string,
  reading: Reading,
): Promise<Source> {
  const reader = new PostgreyDumpReader();
  const lines = new LineSplitter((text, line) => reader.line(text, line));
  for await (const bytes of await openSource(path, command)) lines.push(bytes);
  lines.end();
  reader.end();
  return postgreySource(reader, reading);
}

async function readSqlgrey(path: string, command: string, reading: Reading): Promise<Source> {
  if (path === "-" || !Deno.statSync(path).isFile || !isSqliteFile(path)) {
    const text = await readText(await openSource(path, command));
    const { rows, errors } = parseSqlDump(text, SQLGREY_TABLES);
    if (rows.length === 0 && errors.length === 0) {
      const why = text === ""
        ? EMPTY
        : isSqliteText(text)
        ? "an SQLite database has to be a file, and not compressed"
        : text.startsWith("PGDMP")
        ? `not an SQL dump. Run: pg_restore -f - FILE | ${command} -`
        : "no rows of sqlgrey's tables found";
      return { items: [], choices: [], errors: [{ line: 0, why }] };
    }
    return sqlgreySource(rows, reading, [...errors]);
  }
  const tables = readTables(path, Object.keys(SQLGREY_TABLES));
  if (!tables.has("connect")) {
    const why = "not a database of sqlgrey: the table connect is missing";
    return { items: [], choices: [], errors: [{ line: 0, why }] };
  }
  const rows = [...tables].flatMap(([table, found]) =>
    found.map((columns): SqlgreyRow => ({ table, line: 0, columns }))
  );
  return sqlgreySource(rows, reading);
}

/**
 * Reads all files; a log continues from one to the next, whatever their order.
 *
 * @throws {ConfigError} if a file cannot be read.
 */
export async function readSources(
  { format, paths, command }: Files,
  reading: Reading,
  settings: PostfixLogSettings,
  report: Report,
): Promise<Found> {
  const items: Item[] = [];
  const choices: Choice[] = [];
  const log = new PostfixLog(settings);
  const replay = new Replay(reading);
  const empty: string[] = [];
  const readPostfix = async (path: string): Promise<Source> => {
    const before = log.counts.lines;
    const errors: SourceError[] = [];
    const stream = await openSource(path, command);
    let size = 0;
    for await (const piece of readLog(stream, reading.now)) {
      size += piece.bytes;
      for (const error of piece.errors) errors.push(error);
      for (const entry of piece.entries) {
        const mail = log.entry(entry);
        if (mail !== undefined) replay.add(mail);
      }
    }
    if (size === 0) empty.push(path);
    else if (log.counts.lines === before && errors.length === 0) {
      errors.push({ line: 1, why: "no lines of Postfix found" });
    }
    return { items: [], choices: [], errors };
  };
  const readOne = async (path: string): Promise<void> => {
    const source = format === "postgrey"
      ? await readPostgrey(path, command, reading)
      : format === "sqlgrey"
      ? await readSqlgrey(path, command, reading)
      : await readPostfix(path);
    for (const error of source.errors) report(nameOf(path), error);
    for (const item of source.items) items.push(item);
    for (const choice of source.choices) choices.push(choice);
  };
  const ordered = format === "postfix" ? await logsInOrder(paths, command, reading.now) : paths;
  for (const path of ordered) await naming(path, () => readOne(path));
  // The newest of several logs is empty when it was just rotated.
  for (const path of log.counts.lines === 0 ? empty : []) {
    report(nameOf(path), { line: 0, why: EMPTY });
  }
  if (format !== "postfix") return { items, choices };
  return { items: replay.items(), choices, log: log.counts };
}

const nameOf = (path: string) => path === "-" ? "standard input" : path;

/** Names the file in an error. */
async function naming<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`cannot read ${nameOf(path)}: ${whyUnreadable(error)}`);
  }
}

/**
 * Logs in the order of their first entries: the shell expands `mail.log*` to the newest first.
 * Standard input can be read once only: the order stays as it was given.
 */
async function logsInOrder(
  paths: readonly string[],
  command: string,
  now: number,
): Promise<readonly string[]> {
  if (paths.length < 2 || paths.includes("-")) return paths;
  const logs: { readonly path: string; readonly beginning: number }[] = [];
  for (const path of paths) {
    const beginning = await naming(path, async () => {
      // A pipe can be read once only.
      if (!(await Deno.stat(path)).isFile) return undefined;
      return await beginningOf(await openSource(path, command), now);
    });
    logs.push({ path, beginning: beginning ?? Number.MAX_SAFE_INTEGER });
  }
  return logs.sort((a, b) => a.beginning - b.beginning).map(({ path }) => path);
}

function whyUnreadable(error: unknown): string {
  const isDamaged = error instanceof Error && "code" in error && /^Z_/.test(String(error.code));
  return isDamaged ? "the compressed data is damaged or incomplete" : reasonOf(error);
}
