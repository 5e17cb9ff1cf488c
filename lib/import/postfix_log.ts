/**
 * Postfix's log: who delivered mail here.
 *
 * @module
 */
import { type IpAddress, isLoopback, parseAddress } from "../net/network.ts";
import { DAY } from "../text/duration.ts";

/** One message that one recipient got. */
export interface Delivery {
  /** When, in milliseconds since the epoch. */
  readonly time: number;
  /** The client that delivered it. */
  readonly address: IpAddress;
  /** Its name as Postfix verified it; `unknown` for none. */
  readonly clientName: string;
  /** The envelope sender; empty for the null sender. */
  readonly sender: string;
  /** The envelope recipient, as the client gave it. */
  readonly recipient: string;
}

/** A message that is under way. */
interface Message {
  readonly address: IpAddress;
  readonly clientName: string;
  sender?: string;
}

/** How a line of syslog begins: by RFC 3164 in local time without a year, or with an ISO 8601 date. */
const PREFIX =
  /^(?:<\d+>)?(?:([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)|(\d{4}-\d\d-\d\dT\S+)) \S+ (\S*postfix\S*?)\/(\w+)(?:\/\w+)?\[\d+\]: (.*)$/;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const QUEUED = /^([0-9A-Za-z]{6,20}): (.*)$/;

/** Maximum number of unfinished messages; the oldest are dropped beyond it. */
const MAX_MESSAGES = 100_000;

/** A date without a year is the newest that is not in the future. */
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
  // A day's grace for clocks and zones.
  return inYear(year) > now + DAY ? inYear(year - 1) : inYear(year);
}

/** Reads a log line by line, in the order in which it was written. */
export class PostfixLog {
  readonly #now: number;
  readonly #messages = new Map<string, Message>();
  /** Lines of Postfix's, understood or not needed. */
  lines = 0;

  /** A reader; `now` is in milliseconds since the epoch. */
  constructor(now: number) {
    this.#now = now;
  }

  /**
   * Takes a line of a plain log.
   *
   * @returns the delivery that it tells of, if it tells of one.
   * @throws {Error} for a line of Postfix's whose date cannot be read.
   */
  line(text: string): Delivery | undefined {
    const match = PREFIX.exec(text);
    if (match === null) return undefined;
    const [, month, day, hour, minute, second, iso, , program, rest] = match;
    const time = iso === undefined
      ? dateWithoutYear([month!, day!, hour!, minute!, second!], this.#now)
      : Date.parse(iso);
    if (Number.isNaN(time)) throw new Error(`"${iso ?? month}" is no date`);
    return this.message(time, program!, rest!);
  }

  /**
   * Takes one message of one of Postfix's programs.
   *
   * @param time milliseconds since the epoch.
   * @param program the program's name without `postfix/`.
   */
  message(time: number, program: string, text: string): Delivery | undefined {
    this.lines++;
    const match = QUEUED.exec(text);
    if (match === null) return undefined;
    const [, queueId, rest] = match;
    if (program === "smtpd") this.#begin(queueId!, rest!);
    else if (program === "qmgr") this.#goOn(queueId!, rest!);
    else return this.#deliver(queueId!, rest!, time);
    return undefined;
  }

  #begin(queueId: string, rest: string): void {
    const client = /^client=(\S*)\[([0-9A-Fa-f.:]+)\](.*)$/.exec(rest);
    const address = client === null ? undefined : parseAddress(client[2]!);
    if (client === null || address === undefined || isLoopback(address)) return;
    // Our own users earn nothing for the network that they happen to be in.
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

  #deliver(queueId: string, rest: string, time: number): Delivery | undefined {
    const message = this.#messages.get(queueId);
    if (message?.sender === undefined) return undefined;
    const to = /^to=<(.*?)>, (?:orig_to=<(.*?)>, )?.*\bstatus=sent\b/.exec(rest);
    if (to === null) return undefined;
    const { address, clientName, sender } = message;
    return { time, address, clientName, sender, recipient: to[2] ?? to[1]! };
  }
}
