/**
 * Replies of the Postfix policy delegation protocol: actions of access(5). Hostile text is made safe.
 *
 * @module
 */

export interface ReplySettings {
  /** The action for deferred mail; see {@linkcode isDeferAction}. */
  readonly greylistAction: string;
  /** The text of the action; `%s` is the number of seconds left, `%r` the recipient's domain. */
  readonly greylistText: string;
  /** The header of delayed mail; `%t` seconds, `%v` version, `%h` host name, `%d` date. */
  readonly xGreylistHeader: string;
  /** The text for blocked mail; `%r` is the recipient's domain. */
  readonly blockText: string;
  readonly hostname: string;
  readonly version: string;
}

/** No decision: Postfix continues with its next restriction. */
export const DUNNO = "action=DUNNO\n\n";

/** A reply line has at most 512 octets (RFC 5321, section 4.5.3.1.5), Postfix's own text included. */
const MAX_TEXT = 400;

/** A header line must not exceed 998 characters (RFC 5322, section 2.1.1). */
const MAX_HEADER = 900;

function printable(text: string, max: number): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, "?").trim().slice(0, max);
}

/** Replaces `%NAME`, and `%%` by a percent sign. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(
    /%([a-z%])/g,
    (all, name: string) => name === "%" ? name : values[name] ?? all,
  );
}

function safeDomain(domain: string): string {
  return domain.replaceAll(/[^A-Za-z0-9.-]/g, "").slice(0, 255);
}

/**
 * Whether an action of access(5) asks the client to retry: `DEFER_IF_PERMIT`, `DEFER`,
 * `DEFER_IF_REJECT` or a reply code from 400 to 499.
 */
export function isDeferAction(action: string): boolean {
  return /^(?:DEFER(?:_IF_PERMIT|_IF_REJECT)?|4[0-9][0-9])$/i.test(action);
}

let latest: { settings?: ReplySettings; seconds: number; domain: string; reply: string } = {
  seconds: 0,
  domain: "",
  reply: "",
};

/**
 * Defers with the enhanced status code 4.7.1 (RFC 3463; RFC 6647, section 5), unless the text begins
 * with another.
 *
 * @param secondsLeft a whole number.
 * @param recipientDomain hostile text.
 */
export function deferReply(
  settings: ReplySettings,
  secondsLeft: number,
  recipientDomain: string,
): string {
  // A flood is for few domains, and all its clients have just begun to wait.
  const isLatest = latest.settings === settings && latest.seconds === secondsLeft &&
    latest.domain === recipientDomain;
  if (isLatest) return latest.reply;
  const reply = makeDeferReply(settings, secondsLeft, recipientDomain);
  latest = { settings, seconds: secondsLeft, domain: recipientDomain, reply };
  return reply;
}

function makeDeferReply(
  settings: ReplySettings,
  secondsLeft: number,
  recipientDomain: string,
): string {
  const text = fill(settings.greylistText, {
    s: String(secondsLeft),
    r: safeDomain(recipientDomain),
  });
  const code = /^4\.\d{1,3}\.\d{1,3} /.test(text) ? "" : "4.7.1 ";
  return `action=${settings.greylistAction} ${code}${printable(text, MAX_TEXT)}\n\n`;
}

/** Rejects with 550 5.7.1 (RFC 3463). */
export function rejectReply(settings: ReplySettings, recipientDomain: string): string {
  const text = fill(settings.blockText, { r: safeDomain(recipientDomain) });
  return `action=550 5.7.1 ${printable(text, MAX_TEXT)}\n\n`;
}

/**
 * Rejects with 554 5.7.1, as Postfix does for its own DNSBLs. The list's operator removes entries, so
 * that the reply names the list.
 */
export function listedReply(address: string, zone: string): string {
  return `action=554 5.7.1 ${
    printable(`Client host [${address}] is listed by ${zone}`, MAX_TEXT)
  }\n\n`;
}

/** The date format of RFC 5322, section 3.3, in UTC. */
function mailDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString().replace("GMT", "+0000");
}

/**
 * Accepts and prepends the header with the delay.
 *
 * @param delaySeconds whole seconds since the first attempt.
 * @param now milliseconds since the epoch.
 */
export function delayedReply(settings: ReplySettings, delaySeconds: number, now: number): string {
  const header = fill(settings.xGreylistHeader, {
    t: String(delaySeconds),
    v: settings.version,
    h: settings.hostname,
    d: mailDate(now),
  });
  return `action=PREPEND ${printable(header, MAX_HEADER)}\n\n`;
}

/** Accepts, and lets Postfix log a text (`INFO` of access(5)). */
export function infoReply(text: string): string {
  return `action=INFO ${printable(text, MAX_TEXT)}\n\n`;
}
