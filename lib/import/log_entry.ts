/**
 * Lines of a log: what syslog daemons, `journalctl` and containers write around a message.
 *
 * @module
 */
import { DAY, SECOND } from "../text/duration.ts";

/** A message of one of Postfix's daemons. */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** `syslog_name`, such as `postfix` or `postfix/submission`. */
  readonly service: string;
  /** The program, such as `smtpd`; empty if the log does not tell. */
  readonly daemon: string;
  readonly text: string;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const ISO = String
  .raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d(?::?\d\d)?| [A-Z]{2,5})?`;
/** RFC 3164, in local time; `journalctl -o short-precise` adds a fraction. */
const BSD = String.raw`(?:${MONTHS.join("|")}) +\d{1,2} \d\d:\d\d:\d\d(?:\.\d{1,9})?`;
/** Seconds since the epoch: `journalctl -o short-unix`. */
const UNIX = String.raw`\d{9,11}\.\d{1,9}`;

/** `journalctl -o short-full` begins with the day; BusyBox writes `mail.info` before the tag. */
const LINE = new RegExp(
  String.raw`^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} (?=\d{4}))?(${ISO}|${BSD}|${UNIX}) ` +
    String.raw`(?:\S+ )?(?:\w+\.\w+ )?([^\s[\]]+)\/(\w+)\[\d+\]: (.*)$`,
  "s",
);

/** RFC 5424. rsyslog's APP-NAME ends before the slash, and its message begins with a space. */
const RFC5424 = new RegExp(
  String.raw`^<\d{1,3}>1 (${ISO}) \S+ (?:([^\s[\]]+)\/(\w+)|(\S*postfix[^\s/]*)) \d+ \S+ ` +
    String.raw`(?:-|(?:\[(?:[^\]\\"]|\\.|"(?:[^"\\]|\\.)*")*\])+) ?\ufeff? ?(.*)$`,
  "s",
);

/** `docker compose logs` writes the container before each line, in colour on a terminal. */
const CONTAINER = /^[\w.@-]+ *\| /;
// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[\d;]*m/g;

/** `docker logs --timestamps`. */
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z) (.*)$/s;

/** RFC 3164 has no year: take the latest that is not in the future. */
function bsdTime(text: string, now: number): number {
  const [month = "", day, hour, minute, second] = text.split(/[ :.]+/);
  if (Number(day) > 31 || Number(hour) > 23 || Number(minute) > 59) return NaN;
  const inYear = (year: number) =>
    new Date(
      year,
      MONTHS.indexOf(month),
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    ).getTime();
  const year = new Date(now).getFullYear();
  // One day of tolerance for clocks and time zones.
  return inYear(year) > now + DAY ? inYear(year - 1) : inYear(year);
}

/** A date without a zone, or with a name other than UTC, is in local time. */
function isoTime(text: string): number {
  const [, date, clock, fraction, zone] = /^(\S{10}).(\S{8})(?:[.,](\d+))?(.*)$/.exec(
    text,
  ) as unknown as string[];
  const [, sign, hours, minutes = "00"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone!) ?? [];
  const suffix = sign !== undefined
    ? `${sign}${hours}:${minutes}`
    : zone === "Z" || zone === " UTC"
    ? "Z"
    : "";
  return Date.parse(`${date}T${clock}.${(fraction ?? "").padEnd(3, "0").slice(0, 3)}${suffix}`);
}

function timeOf(text: string, now: number): number {
  if (/^[A-Z]/.test(text)) return bsdTime(text, now);
  return /^\d+\./.test(text) ? Math.round(Number(text) * SECOND) : isoTime(text);
}

/**
 * Reads a line of a log.
 *
 * @param now milliseconds since the epoch.
 * @returns undefined for a line of another program.
 * @throws {Error} for an invalid date.
 */
export function parseLogLine(given: string, now: number): LogEntry | undefined {
  let line = given;
  if (line.includes("\x1b")) line = line.replaceAll(COLOUR, "");
  if (line.includes(" | ")) line = line.replace(CONTAINER, "");
  // The container's own time has its year and zone.
  const [, stamp, stamped] = STAMPED.exec(line) ?? [];
  const inner = stamped === undefined ? null : LINE.exec(stamped);
  const match = inner ?? LINE.exec(line);
  const [, date, service, daemon, text] = match ?? rfc5424Parts(line) ?? [];
  if (date === undefined) return undefined;
  const time = timeOf(inner === null ? date : stamp!, now);
  if (Number.isNaN(time)) throw new Error("invalid date");
  return { time, service: service!, daemon: daemon!, text: text! };
}

function rfc5424Parts(line: string): string[] | undefined {
  const match = RFC5424.exec(line);
  if (match === null) return undefined;
  const [, date = "", service, daemon = "", app = "", text = ""] = match;
  return [line, date, service ?? app, daemon, text];
}
