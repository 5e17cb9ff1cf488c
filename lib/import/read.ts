/**
 * Reads files of each format.
 *
 * @module
 */
import { ConfigError } from "../config/load.ts";
import { isSqliteFile, readTables } from "../store/sqlgrey_file.ts";
import { messageOf, reasonOf } from "../text/error_message.ts";
import {
  type Choice,
  EMPTY,
  type Item,
  type Reading,
  type Source,
  type SourceError,
} from "./item.ts";
import { JournalExportReader, logEntryOf, logFormOf, parseJournalJson } from "./journal.ts";
import { type LogEntry, parseLogLine } from "./log_entry.ts";
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
  readonly items: readonly Item[];
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
      const why = text === "" ? EMPTY : "no rows of sqlgrey's tables found";
      return { items: [], choices: [], errors: [{ line: text === "" ? 0 : 1, why }] };
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

/** Reads a log that may continue from another file. */
async function readLog(
  path: string,
  command: string,
  now: number,
  take: (entry: LogEntry) => void,
): Promise<SourceError[]> {
  const errors: SourceError[] = [];
  let form: ReturnType<typeof logFormOf> | undefined;
  const takeEntry = (entry: LogEntry | undefined) => {
    if (entry !== undefined) take(entry);
  };
  const journal = new JournalExportReader((entry) => takeEntry(logEntryOf(entry)));
  const lines = new LineSplitter((text, line) => {
    try {
      if (form !== "json") takeEntry(parseLogLine(text, now));
      else if (text !== "") takeEntry(logEntryOf(parseJournalJson(text)));
    } catch (error) {
      errors.push({ line, why: messageOf(error) });
    }
  });
  for await (const bytes of await openSource(path, command)) {
    if (bytes.length > 0) form ??= logFormOf(bytes);
    (form === "export" ? journal : lines).push(bytes);
  }
  lines.end();
  journal.end();
  if (form === undefined) errors.push({ line: 0, why: EMPTY });
  return errors;
}

/**
 * Reads all files; a log continues from one to the next.
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
  const readPostfix = async (path: string): Promise<Source> => {
    const before = log.counts.lines;
    const errors = await readLog(path, command, reading.now, (entry) => {
      const mail = log.entry(entry);
      if (mail !== undefined) replay.add(mail);
    });
    if (log.counts.lines === before && errors.length === 0) {
      errors.push({ line: 1, why: "no lines of Postfix found" });
    }
    return { items: [], choices: [], errors };
  };
  for (const path of paths) {
    try {
      const source = format === "postgrey"
        ? await readPostgrey(path, command, reading)
        : format === "sqlgrey"
        ? await readSqlgrey(path, command, reading)
        : await readPostfix(path);
      for (const error of source.errors) report(path === "-" ? "standard input" : path, error);
      for (const item of source.items) items.push(item);
      for (const choice of source.choices) choices.push(choice);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw new ConfigError(
        `cannot read ${path === "-" ? "standard input" : path}: ${whyUnreadable(error)}`,
      );
    }
  }
  if (format !== "postfix") return { items, choices };
  return { items: replay.items(), choices, log: log.counts };
}

function whyUnreadable(error: unknown): string {
  const isDamaged = error instanceof Error && "code" in error && /^Z_/.test(String(error.code));
  return isDamaged ? "the compressed data is damaged or incomplete" : reasonOf(error);
}
