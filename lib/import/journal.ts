/**
 * Entries of systemd's journal: the journal export format, `journalctl -o export`, and
 * `journalctl -o json`.
 *
 * @module
 */
import type { LogEntry } from "./log_entry.ts";

const FIELDS = [
  "MESSAGE",
  "SYSLOG_IDENTIFIER",
  "__REALTIME_TIMESTAMP",
  "_SOURCE_REALTIME_TIMESTAMP",
] as const;

type Field = typeof FIELDS[number];

/** The fields that are read; of repeated ones the first value. */
export type JournalEntry = Partial<Readonly<Record<Field, string>>>;

/** The longest value that is kept. */
const MAX_VALUE = 1_048_576;

const NEWLINE = 10;

/** Begins each line of `journalctl -o json-seq`. */
const RECORD_SEPARATOR = "\x1e";

const decoder = new TextDecoder();

function fieldOf(name: string): Field | undefined {
  return FIELDS.find((field) => field === name);
}

/** @returns undefined for an entry of another program. */
export function logEntryOf(entry: JournalEntry): LogEntry | undefined {
  const [, service, daemon] = /^([^\s[\]]+)\/(\w+)$/.exec(entry.SYSLOG_IDENTIFIER ?? "") ?? [];
  const microseconds = entry._SOURCE_REALTIME_TIMESTAMP ?? entry.__REALTIME_TIMESTAMP ?? "";
  if (daemon === undefined || !/^\d{1,18}$/.test(microseconds)) return undefined;
  return {
    time: Math.round(Number(microseconds) / 1000),
    service: service!,
    daemon,
    text: entry.MESSAGE ?? "",
  };
}

/** A text, bytes as numbers, or several values; null for one that was too long. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const isBytes = value.every((one) => typeof one === "number" && one >= 0 && one < 256);
  return isBytes ? decoder.decode(Uint8Array.from(value)) : textOf(value[0]);
}

/**
 * Reads a line of `journalctl -o json`.
 *
 * @throws {Error} if it is no JSON object.
 */
export function parseJournalJson(line: string): JournalEntry {
  let object: unknown;
  try {
    object = JSON.parse(line.startsWith(RECORD_SEPARATOR) ? line.slice(1) : line);
  } catch {
    throw new Error("invalid JSON");
  }
  if (typeof object !== "object" || object === null) throw new Error("not a JSON object");
  const values = object as Readonly<Record<string, unknown>>;
  const entry: Partial<Record<Field, string>> = {};
  for (const field of FIELDS) {
    const text = Object.hasOwn(values, field) ? textOf(values[field]) : undefined;
    if (text !== undefined) entry[field] = text;
  }
  return entry;
}

/** The form of a log, by its first bytes. */
export function logFormOf(first: Uint8Array): "export" | "json" | "lines" {
  const beginning = decoder.decode(first.subarray(0, 64));
  if (/^__[A-Z_]+=/.test(beginning)) return "export";
  return beginning.replace(RECORD_SEPARATOR, "").startsWith("{") ? "json" : "lines";
}

/** Reads the journal export format piece by piece. */
export class JournalExportReader {
  readonly #take: (entry: JournalEntry) => void;
  #entry: Partial<Record<Field, string>> = {};
  /** The beginning of a line or of a length. */
  #rest: Uint8Array = new Uint8Array(0);
  /** The line or value is longer than what is kept, and is skipped. */
  #isTooLong = false;
  /** Name of the binary field whose length, value or end follows. */
  #binary: string | undefined;
  /** Bytes of the binary value and its newline that follow; undefined before its length is read. */
  #left: number | undefined;

  constructor(take: (entry: JournalEntry) => void) {
    this.#take = take;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      at = this.#binary === undefined
        ? this.#readLine(bytes, at)
        : this.#left === undefined
        ? this.#readLength(bytes, at)
        : this.#readValue(bytes, at, this.#left);
    }
  }

  /** Takes the last entry, which has no empty line behind it. */
  end(): void {
    this.#endEntry();
  }

  #append(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    this.#rest = all;
  }

  #takeRest(): Uint8Array {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    return rest;
  }

  #readLine(bytes: Uint8Array, at: number): number {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline === -1 ? bytes.length : newline;
    if (newline !== -1 && this.#rest.length === 0 && end - at <= MAX_VALUE && !this.#isTooLong) {
      this.#endLine(decoder.decode(bytes.subarray(at, end)));
      return end + 1;
    }
    if (this.#rest.length + end - at > MAX_VALUE) {
      this.#isTooLong = true;
      this.#takeRest();
    } else if (!this.#isTooLong) {
      this.#append(bytes.subarray(at, end));
    }
    if (newline === -1) return end;
    const line = decoder.decode(this.#takeRest());
    if (!this.#isTooLong) this.#endLine(line);
    this.#isTooLong = false;
    return end + 1;
  }

  #endLine(line: string): void {
    const equals = line.indexOf("=");
    if (line === "") this.#endEntry();
    else if (equals === -1) this.#binary = line;
    else this.#set(line.slice(0, equals), line.slice(equals + 1));
  }

  /** 64-bit little-endian length. */
  #readLength(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + 8 - this.#rest.length);
    this.#append(bytes.subarray(at, end));
    if (this.#rest.length === 8) {
      const length = this.#takeRest();
      this.#left = Number(new DataView(length.buffer).getBigUint64(0, true)) + 1;
      this.#isTooLong = this.#left > MAX_VALUE;
    }
    return end;
  }

  #readValue(bytes: Uint8Array, at: number, left: number): number {
    const end = Math.min(bytes.length, at + left);
    const isKept = !this.#isTooLong && fieldOf(this.#binary!) !== undefined;
    if (isKept) this.#append(bytes.subarray(at, end));
    this.#left = left - (end - at);
    if (this.#left > 0) return end;
    const value = this.#takeRest();
    // Without the newline behind the value.
    if (isKept) this.#set(this.#binary!, decoder.decode(value.subarray(0, -1)));
    this.#binary = undefined;
    this.#left = undefined;
    this.#isTooLong = false;
    return end;
  }

  #set(name: string, value: string): void {
    const field = fieldOf(name);
    if (field !== undefined) this.#entry[field] ??= value;
  }

  #endEntry(): void {
    if (Object.keys(this.#entry).length > 0) this.#take(this.#entry);
    this.#entry = {};
  }
}
