/**
 * Reads files of each format.
 *
 * @module
 */
import { ConfigError } from "../config/load.ts";
import { isSqliteFile, readTables } from "../store/sqlgrey_file.ts";
import { messageOf } from "../text/error_message.ts";
import { Replay } from "./replay.ts";
import type { Choice, Item, Reading, Source, SourceError } from "./item.ts";
import { JournalReader } from "./journal_export.ts";
import { readPostgreyDump } from "./postgrey_dump.ts";
import { PostfixLog } from "./postfix_log.ts";
import { parseSqlDump } from "./sql_dump.ts";
import { SQLGREY_TABLES, type SqlgreyRow, sqlgreySource } from "./sqlgrey.ts";

export const FORMATS = ["postgrey", "sqlgrey", "postfix"] as const;

export type Format = typeof FORMATS[number];

async function open(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (path === "-") return Deno.stdin.readable;
  const { readable } = await Deno.open(path);
  return path.endsWith(".gz") ? readable.pipeThrough(new DecompressionStream("gzip")) : readable;
}

async function readText(path: string): Promise<string> {
  return await new Response(await open(path)).text();
}

async function readSqlgrey(path: string, reading: Reading): Promise<Source> {
  if (path === "-" || !isSqliteFile(path)) {
    const { rows, errors } = parseSqlDump(await readText(path), SQLGREY_TABLES);
    if (rows.length === 0 && errors.length === 0) {
      const why = "no rows of sqlgrey's tables found";
      return { items: [], choices: [], errors: [{ line: 1, why }] };
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

/** First field of every entry. */
const JOURNAL_BEGINNING = "__CURSOR=";

/** The log may continue from another file. */
async function readPostfix(path: string, log: PostfixLog, replay: Replay): Promise<SourceError[]> {
  const linesBefore = log.lines;
  const errors: SourceError[] = [];
  const journal = new JournalReader();
  const decoder = new TextDecoder();
  let isJournal: boolean | undefined;
  let line = 0;
  let rest = "";
  const takeLine = (text: string) => {
    line++;
    try {
      const mail = log.line(text);
      if (mail !== undefined) replay.add(mail);
    } catch (error) {
      errors.push({ line, why: messageOf(error) });
    }
  };
  const takeEntry = (entry: ReadonlyMap<string, string>) => {
    const program = /postfix\S*?\/(?:\w+\/)?(\w+)$/.exec(entry.get("SYSLOG_IDENTIFIER") ?? "")?.[1];
    if (program === undefined) return;
    const time = Number(
      entry.get("_SOURCE_REALTIME_TIMESTAMP") ?? entry.get("__REALTIME_TIMESTAMP"),
    );
    if (Number.isNaN(time)) return;
    const mail = log.message(Math.round(time / 1000), program, entry.get("MESSAGE") ?? "");
    if (mail !== undefined) replay.add(mail);
  };
  for await (const bytes of await open(path)) {
    isJournal ??= new TextDecoder().decode(bytes.subarray(0, JOURNAL_BEGINNING.length)) ===
      JOURNAL_BEGINNING;
    if (isJournal) {
      for (const entry of journal.push(bytes)) takeEntry(entry);
    } else {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const text of lines) takeLine(text);
    }
  }
  if (rest !== "") takeLine(rest);
  for (const entry of journal.end()) takeEntry(entry);
  if (log.lines === linesBefore) {
    errors.push({ line: 1, why: "no lines of Postfix found" });
  }
  return errors;
}

export type Found = Omit<Source, "errors">;

/**
 * Reads all files; a log continues from one to the next.
 *
 * @param paths `-` is standard input; names ending in `.gz` are decompressed.
 * @throws {ConfigError} if a file cannot be read.
 */
export async function readSources(
  format: Format,
  paths: readonly string[],
  reading: Reading,
  reportError: (path: string, error: SourceError) => void,
): Promise<Found> {
  const items: Item[] = [];
  const choices: Choice[] = [];
  const log = new PostfixLog(reading.now);
  const replay = new Replay(reading.rules);
  const readOne = async (path: string): Promise<Source> => {
    switch (format) {
      case "postgrey":
        return readPostgreyDump(await readText(path), reading);
      case "sqlgrey":
        return await readSqlgrey(path, reading);
      case "postfix":
        return { items: [], choices: [], errors: await readPostfix(path, log, replay) };
    }
  };
  for (const path of paths) {
    try {
      const source = await readOne(path);
      for (const error of source.errors) reportError(path, error);
      for (const item of source.items) items.push(item);
      choices.push(...source.choices);
    } catch (error) {
      throw new ConfigError(`cannot read ${path}: ${messageOf(error)}`);
    }
  }
  return { items: [...items, ...replay.items()], choices };
}
