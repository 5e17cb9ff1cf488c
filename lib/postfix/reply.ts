/**
 * The Postfix SMTP access policy delegation protocol, answering side: actions of access(5) that are
 * safe to send whatever hostile text they are made of.
 *
 * @module
 */

/** What the administrator says about the replies. */
export interface ReplySettings {
  /** The action for a deferred recipient: one of {@linkcode isDeferAction}. */
  readonly greylistAction: string;
  /** The text behind it; `%s` is the seconds left, `%r` the recipient's domain. */
  readonly greylistText: string;
  /** The header of a delayed message; `%t` seconds, `%v` version, `%h` host name, `%d` date. */
  readonly xGreylistHeader: string;
  /** The text for a blocked recipient; `%r` is the recipient's domain. */
  readonly blockText: string;
  /** The host name for `%h`. */
  readonly hostname: string;
  /** The version for `%v`. */
  readonly version: string;
}

/** The answer that says nothing: Postfix goes on with its next restriction. */
export const DUNNO = "action=DUNNO\n\n";

/** SMTP replies are lines of at most 512 octets (RFC 5321, 4.5.3.1.5); Postfix adds its own words. */
const MAX_TEXT = 400;

/** RFC 5322, 2.1.1: a line of a header should have at most 78 and must have at most 998 characters. */
const MAX_HEADER = 900;

function printable(text: string, max: number): string {
  const safe = text.replaceAll(/[^\x20-\x7e]+/g, "?").trim();
  return safe.length > max ? safe.slice(0, max) : safe;
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/%([a-z%])/g, (all, name: string) => values[name] ?? all);
}

/**
 * Whether an action of access(5) asks the client to retry: `DEFER_IF_PERMIT`, `DEFER`,
 * `DEFER_IF_REJECT` or a reply code from 400 to 499.
 */
export function isDeferAction(action: string): boolean {
  return /^(?:DEFER(?:_IF_PERMIT|_IF_REJECT)?|4[0-9][0-9])$/i.test(action);
}

/**
 * A temporary refusal with the enhanced status code 4.7.1 (RFC 3463; RFC 6647, 5), unless the text
 * begins with a code of its own.
 *
 * @param secondsLeft the whole seconds to wait.
 * @param recipientDomain hostile text; only its printable ASCII characters are sent.
 */
export function deferReply(
  settings: ReplySettings,
  secondsLeft: number,
  recipientDomain: string,
): string {
  const domain = recipientDomain.replaceAll(/[^A-Za-z0-9.-]/g, "").slice(0, 255);
  const text = fill(settings.greylistText, { s: String(secondsLeft), r: domain, "%": "%" });
  const code = /^4\.\d{1,3}\.\d{1,3} /.test(text) ? "" : "4.7.1 ";
  return `action=${settings.greylistAction} ${code}${printable(text, MAX_TEXT)}\n\n`;
}

/** A refusal for good: 550 with the enhanced status code 5.7.1 (RFC 3463), whatever Postfix's own is. */
export function rejectReply(settings: ReplySettings, recipientDomain: string): string {
  const domain = recipientDomain.replaceAll(/[^A-Za-z0-9.-]/g, "").slice(0, 255);
  const text = fill(settings.blockText, { r: domain, "%": "%" });
  return `action=550 5.7.1 ${printable(text, MAX_TEXT)}\n\n`;
}

/** The date in the form of RFC 5322, 3.3, in UTC. */
function mailDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString().replace("GMT", "+0000");
}

/**
 * Passes the message and prepends the header that says how long it was delayed.
 *
 * @param delaySeconds the whole seconds between the first attempt and this one.
 * @param now milliseconds since the epoch.
 */
export function delayedReply(settings: ReplySettings, delaySeconds: number, now: number): string {
  const header = fill(settings.xGreylistHeader, {
    t: String(delaySeconds),
    v: settings.version,
    h: settings.hostname,
    d: mailDate(now),
    "%": "%",
  });
  return `action=PREPEND ${printable(header, MAX_HEADER)}\n\n`;
}

/** Passes, and has Postfix log a text (access(5), `INFO`). */
export function infoReply(text: string): string {
  return `action=INFO ${printable(text, MAX_TEXT)}\n\n`;
}
