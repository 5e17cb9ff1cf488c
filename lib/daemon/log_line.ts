/**
 * The format of a log line: `key=value, key=value` or a sentence for people, or a JSON object.
 *
 * @module
 */
import { escapeJson } from "../text/escape.ts";
import { MAX_VALUE_LENGTH } from "./parsed_request.ts";

/** Each level includes those before it. */
export const LOG_LEVELS = ["error", "warning", "info", "debug"] as const;

export type LogLevel = typeof LOG_LEVELS[number];

/** `postgrey`: postgrey's own lines, without a time, for syslog. */
export type LogFormat = "text" | "json" | "postgrey";

/** The beginning of a line of text: the time, or the priority that journald understands. */
export type LinePrefix = "time" | "priority";

/** Values are hostile text. */
export type Fields = readonly (readonly [name: string, value: string | number])[];

/** syslog(3) priorities, as sd-daemon(3) puts them before a line. */
const PRIORITIES: Readonly<Record<LogLevel, string>> = {
  error: "<3>",
  warning: "<4>",
  info: "<6>",
  debug: "<7>",
};

/** @param time milliseconds since the epoch. */
export function textLine(level: LogLevel, text: string, prefix: LinePrefix, time: number): string {
  return prefix === "priority"
    ? syslogLine(level, text, prefix)
    : `${dateOf(time)} ${level}: ${text}`;
}

/** A line without a time, which syslog adds. */
export function syslogLine(level: LogLevel, text: string, prefix: LinePrefix): string {
  return prefix === "priority" ? PRIORITIES[level] + text : text;
}

/** @param time milliseconds since the epoch. */
export function jsonLine(level: LogLevel, event: string, fields: Fields, time: number): string {
  const all: Fields = [["time", dateOf(time)], ["level", level], ["event", event], ...fields];
  return escapeJson(JSON.stringify(Object.fromEntries(all)));
}

/** A value of at most {@linkcode MAX_VALUE_LENGTH} characters, and an ellipsis. */
export function shorten(value: string): string {
  return value.length > MAX_VALUE_LENGTH ? `${value.slice(0, MAX_VALUE_LENGTH)}...` : value;
}

let dateText = "";
let dateTime = NaN;

/** Many lines are of the same millisecond. */
function dateOf(milliseconds: number): string {
  if (milliseconds !== dateTime) {
    dateTime = milliseconds;
    dateText = new Date(milliseconds).toISOString();
  }
  return dateText;
}
