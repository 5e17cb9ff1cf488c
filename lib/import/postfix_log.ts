/**
 * Deliveries and deferrals in Postfix's log.
 *
 * @module
 */
import { type IpAddress, isLoopback, parseAddress } from "../net/network.ts";
import { DAY } from "../text/duration.ts";

/** A message that was delivered to one recipient, or deferred at RCPT with a code from 400 to 499. */
export interface LoggedMail {
  readonly kind: "delivered" | "deferred";
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly address: IpAddress;
  /** `unknown` for an unverified name. */
  readonly clientName: string;
  /** Empty for the null sender. */
  readonly sender: string;
  /** Before alias expansion. */
  readonly recipient: string;
}

interface Message {
  readonly address: IpAddress;
  readonly clientName: string;
  sender?: string;
}

/** Syslog header: RFC 3164 in local time without a year, or an ISO 8601 date. */
const PREFIX =
  /^(?:<\d+>)?(?:([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)|(\d{4}-\d\d-\d\dT\S+)) \S+ (\S*postfix\S*?)\/(\w+)(?:\/\w+)?\[\d+\]: (.*)$/;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const QUEUED = /^([0-9A-Za-z]{6,20}): (.*)$/;

/** Maximum number of unfinished messages; the oldest are dropped beyond it. */
const MAX_MESSAGES = 100_000;

/** RFC 3164 has no year: take the latest that is not in the future. */
function dateWithoutYear(parts: readonly string[], now: number): number {
  const [month, day, hour, minute, second] = parts;
  const year = new Date(now).getFullYear();
  const inYear = (one: number) =>
    new Date(
      one,
      MONTHS.indexOf(month!),
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    ).getTime();
  // One day of tolerance for clocks and time zones.
  return inYear(year) > now + DAY ? inYear(year - 1) : inYear(year);
}

const DEFERRED =
  /^reject: RCPT from (\S*)\[([0-9A-Fa-f.:]+)\]: 4\d\d .*; from=<([^>]*)> to=<([^>]+)> proto=/;

function deferralOf(rest: string, time: number): LoggedMail | undefined {
  const [, clientName, ip, sender, recipient] = DEFERRED.exec(rest) ?? [];
  const address = ip === undefined ? undefined : parseAddress(ip);
  if (address === undefined || isLoopback(address)) return undefined;
  return {
    kind: "deferred",
    time,
    address,
    clientName: clientName!,
    sender: sender!,
    recipient: recipient!,
  };
}

/** Expects lines in chronological order. */
export class PostfixLog {
  readonly #now: number;
  readonly #messages = new Map<string, Message>();
  /** Lines written by Postfix. */
  lines = 0;

  /** @param now milliseconds since the epoch. */
  constructor(now: number) {
    this.#now = now;
  }

  /** @throws {Error} for an invalid date. */
  line(text: string): LoggedMail | undefined {
    const match = PREFIX.exec(text);
    if (match === null) return undefined;
    const [, month, day, hour, minute, second, iso, , program, rest] = match;
    const time = iso === undefined
      ? dateWithoutYear([month!, day!, hour!, minute!, second!], this.#now)
      : Date.parse(iso);
    if (Number.isNaN(time)) throw new Error(`invalid date "${iso ?? month}"`);
    return this.message(time, program!, rest!);
  }

  /**
   * @param time milliseconds since the epoch.
   * @param program name without `postfix/`.
   */
  message(time: number, program: string, text: string): LoggedMail | undefined {
    this.lines++;
    const match = QUEUED.exec(text);
    if (match === null) return undefined;
    const [, queueId, rest] = match;
    if (program === "smtpd") {
      if (rest!.startsWith("reject: ")) return deferralOf(rest!, time);
      this.#begin(queueId!, rest!);
    } else if (program === "qmgr") this.#goOn(queueId!, rest!);
    else return this.#deliver(queueId!, rest!, time);
    return undefined;
  }

  #begin(queueId: string, rest: string): void {
    const client = /^client=(\S*)\[([0-9A-Fa-f.:]+)\](.*)$/.exec(rest);
    const address = client === null ? undefined : parseAddress(client[2]!);
    if (client === null || address === undefined || isLoopback(address)) return;
    // Authenticated users earn no reputation for their network.
    if (client[3]!.includes("sasl_username=")) return;
    this.#messages.set(queueId, { address, clientName: client[1]! });
    if (this.#messages.size <= MAX_MESSAGES) return;
    const [oldest] = this.#messages.keys();
    this.#messages.delete(oldest!);
  }

  #goOn(queueId: string, rest: string): void {
    const message = this.#messages.get(queueId);
    if (message === undefined) return;
    const from = /^from=<(.*?)>, size=/.exec(rest);
    if (from !== null) message.sender = from[1]!;
    else if (rest === "removed") this.#messages.delete(queueId);
  }

  #deliver(queueId: string, rest: string, time: number): LoggedMail | undefined {
    const message = this.#messages.get(queueId);
    if (message?.sender === undefined) return undefined;
    const to = /^to=<(.*?)>, (?:orig_to=<(.*?)>, )?.*\bstatus=sent\b/.exec(rest);
    if (to === null) return undefined;
    const { address, clientName, sender } = message;
    return { kind: "delivered", time, address, clientName, sender, recipient: to[2] ?? to[1]! };
  }
}
