/**
 * Logs in any form, piece by piece.
 *
 * @module
 */
import { messageOf } from "../text/error_message.ts";
import type { SourceError } from "./item.ts";
import { JournalExportReader, logEntryOf, logFormOf, parseJournalJson } from "./journal.ts";
import { type LogEntry, parseLogLine } from "./log_entry.ts";
import { LineSplitter } from "./source_file.ts";

/** Entries of Postfix, and errors of lines. */
export interface LogPiece {
  /** Length of the piece. */
  readonly bytes: number;
  readonly entries: LogEntry[];
  readonly errors: SourceError[];
}

/** @param now milliseconds since the epoch. */
export async function* readLog(
  stream: AsyncIterable<Uint8Array<ArrayBuffer>>,
  now: number,
): AsyncGenerator<LogPiece> {
  let entries: LogEntry[] = [];
  let errors: SourceError[] = [];
  let form: ReturnType<typeof logFormOf> | undefined;
  const take = (entry: LogEntry | undefined) => {
    if (entry !== undefined) entries.push(entry);
  };
  const journal = new JournalExportReader((entry) => take(logEntryOf(entry)));
  const lines = new LineSplitter((text, line) => {
    try {
      if (form !== "json") take(parseLogLine(text, now));
      else if (text !== "") take(logEntryOf(parseJournalJson(text)));
    } catch (error) {
      errors.push({ line, why: messageOf(error) });
    }
  });
  for await (const bytes of stream) {
    if (bytes.length > 0) form ??= logFormOf(bytes);
    (form === "export" ? journal : lines).push(bytes);
    yield { bytes: bytes.length, entries, errors };
    entries = [];
    errors = [];
  }
  lines.end();
  journal.end();
  yield { bytes: 0, entries, errors };
}

/** The time of the first entry, in milliseconds since the epoch; undefined if there is none. */
export async function beginningOf(
  stream: AsyncIterable<Uint8Array<ArrayBuffer>>,
  now: number,
): Promise<number | undefined> {
  for await (const { entries } of readLog(stream, now)) {
    if (entries.length > 0) return entries[0]!.time;
  }
  return undefined;
}
