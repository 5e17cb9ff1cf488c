/**
 * Deliveries and deferrals in Postfix's log.
 *
 * @module
 */
import { isPublic } from "../greylist/origins.ts";
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import {
  contains,
  type IpAddress,
  isLoopback,
  type Network,
  parseAddress,
} from "../net/network.ts";
import { HOUR } from "../text/duration.ts";
import type { LogEntry } from "./log_entry.ts";

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

/** Why a delivery makes nobody known. */
export type Exclusion =
  /** Handed in by a program of the host: a local user or a content filter. */
  | "local"
  /** From the server's own networks or an authenticated user. */
  | "own"
  /** Sent to a host elsewhere. */
  | "outgoing"
  /** Discarded, quarantined or taken for spam behind Postfix. */
  | "discarded"
  /** Its client or sender is not in the log. */
  | "untraced";

export interface LogCounts {
  /** Messages of Postfix. */
  lines: number;
  deliveries: number;
  deferrals: number;
  /** Deliveries that do not count. */
  readonly excluded: Record<Exclusion, number>;
}

export interface PostfixLogSettings {
  /** Networks of the server's own clients. */
  readonly own: readonly Network[];
  /** Domains in lower case whose mail goes on to another host with a public address. */
  readonly relayDomains: ReadonlySet<string>;
}

interface Client {
  readonly address: IpAddress;
  readonly name: string;
}

interface Message {
  /** Undefined for a message that does not count. */
  readonly client: Client | undefined;
  readonly exclusion?: Exclusion;
  sender?: string;
}

const QUEUED = /^([0-9A-Za-z]{5,20}): (.*)$/s;

const NO_QUEUE = "NOQUEUE";

/** Programs that report a delivery; that of `discard` does not count. */
const DELIVERY_AGENTS: readonly string[] = [
  "local",
  "virtual",
  "lmtp",
  "smtp",
  "pipe",
  "discard",
];

/** Services of mail programs, even where the log does not show who authenticated. */
const SUBMISSION = /(?:^|[/_-])(?:submissions?|smtps)(?:[/_-]|$)/;

/** `name[address]`, with the port if `smtpd_client_port_logging` is on. */
const CLIENT = String.raw`(\S*)\[([0-9A-Fa-f.:]+)\](?::\d+)?`;

const ACCEPTED = new RegExp(`^client=${CLIENT}(?:,|$)`);

/** The client that a proxy or a content filter passes on by XFORWARD. */
const ORIGINAL = new RegExp(`, orig_client=${CLIENT}(?:,|$)`);

/** `postscreen` separates the attributes with commas. */
const DEFERRED = new RegExp(
  String.raw`^reject: RCPT from ${CLIENT}: 4\d\d .*?; from=<([^>"]*)>,? to=<([^>"]+)>,? proto=`,
  "s",
);

const SENDER = /^from=<([^>"]*)>, size=\d+, nrcpt=/;

const DELIVERY =
  /^to=<([^>"]+)>, (?:orig_to=<([^>"]+)>, )?((?:[a-z_]+=[^\s,]*, )*)status=sent(?: \((.*)\))?$/s;

/** Words of a reply that say that nobody reads the message. */
const UNREAD =
  /\b(?:discard\w*|quarantin\w*|spam|junk|virus\w*|infected|malware|phish\w*|banned|blocked|sinkhole\w*)\b|\/dev\/null\b/i;

/** Maximum number of unfinished messages; the oldest are dropped beyond it. */
const MAX_MESSAGES = 100_000;

/** Maximum number of clients of authenticated users. */
const MAX_USERS = 10_000;

function dropOldest(map: Map<string, unknown>, max: number): void {
  if (map.size <= max) return;
  const [oldest] = map.keys();
  map.delete(oldest!);
}

/** A copy: a substring would keep the whole piece of the log in memory that it is part of. */
function detached(text: string): string {
  return ` ${text}`.slice(1);
}

function clientOf(pattern: RegExp, text: string): Client | undefined {
  const [, name, ip] = pattern.exec(text) ?? [];
  const address = ip === undefined ? undefined : parseAddress(ip);
  return address && { address, name: name === "" ? "unknown" : detached(name!) };
}

/** The daemon that writes such a message. */
function daemonOf(rest: string): string {
  if (/^(?:client=|reject: )/.test(rest)) return "smtpd";
  if (rest.startsWith("uid=")) return "pickup";
  if (!rest.startsWith("to=<")) return "qmgr";
  if (rest.includes(", relay=none, ")) return "discard";
  return /, relay=[^\s,]+\]:\d+, /.test(rest) ? "smtp" : "virtual";
}

/** Expects entries in chronological order. */
export class PostfixLog {
  readonly #settings: PostfixLogSettings;
  readonly #messages = new Map<string, Message>();
  /** Clients of authenticated users whose mail goes through a proxy, by address, with the time. */
  readonly #users = new Map<string, number>();
  readonly counts: LogCounts = {
    lines: 0,
    deliveries: 0,
    deferrals: 0,
    excluded: { local: 0, own: 0, outgoing: 0, discarded: 0, untraced: 0 },
  };

  constructor(settings: PostfixLogSettings) {
    this.#settings = settings;
  }

  /** @returns undefined for an entry that ends no attempt. */
  entry({ time, service, daemon: given, text }: LogEntry): LoggedMail | undefined {
    this.counts.lines++;
    const [, queueId, rest] = QUEUED.exec(text) ?? [];
    if (queueId === undefined) return undefined;
    const daemon = given === "" ? daemonOf(rest!) : given;
    if (daemon === "smtpd" || daemon === "postscreen") {
      if (rest!.startsWith("reject: ")) return this.#deferral(rest!, time);
      this.#begin(queueId, rest!, service, time);
    } else if (daemon === "pickup") {
      if (rest!.startsWith("uid=")) this.#put(queueId, { client: undefined, exclusion: "local" });
    } else if (daemon === "qmgr") {
      this.#goOn(queueId, rest!);
    } else if (DELIVERY_AGENTS.includes(daemon)) {
      return this.#delivery(queueId, rest!, daemon, time);
    }
    return undefined;
  }

  /** Why the mail of a client does not count. */
  #exclusionOf(client: Client | undefined): Exclusion | undefined {
    if (client === undefined) return "untraced";
    const { address } = client;
    if (isLoopback(address)) return "local";
    const isOwn = !isPublic(address) ||
      this.#settings.own.some((network) => contains(network, address));
    return isOwn ? "own" : undefined;
  }

  #deferral(rest: string, time: number): LoggedMail | undefined {
    // A client chooses parts of the line: its HELO may look like an envelope.
    if (rest.indexOf("; from=<") !== rest.lastIndexOf("; from=<")) return undefined;
    const [, , , sender, recipient] = DEFERRED.exec(rest) ?? [];
    const client = clientOf(DEFERRED, rest);
    if (client === undefined || this.#exclusionOf(client) !== undefined) return undefined;
    this.counts.deferrals++;
    return {
      kind: "deferred",
      time,
      address: client.address,
      clientName: client.name,
      sender: detached(sender!),
      recipient: detached(recipient!),
    };
  }

  #put(queueId: string, message: Message): void {
    this.#messages.delete(queueId);
    this.#messages.set(detached(queueId), message);
    dropOldest(this.#messages, MAX_MESSAGES);
  }

  #begin(queueId: string, rest: string, service: string, time: number): void {
    if (!rest.startsWith("client=")) return;
    const direct = clientOf(ACCEPTED, rest);
    const isUser = rest.includes(", sasl_username=") || SUBMISSION.test(service);
    if (queueId === NO_QUEUE) {
      // Before-queue filter: its proxy hands in the message without the name of the user.
      if (isUser && direct !== undefined) {
        const address = direct.address.bytes.join(".");
        this.#users.delete(address);
        this.#users.set(address, time);
        dropOldest(this.#users, MAX_USERS);
      }
      return;
    }
    const [, filtered] = /, orig_queue_id=([0-9A-Za-z]+)/.exec(rest) ?? [];
    if (filtered !== undefined && this.#messages.has(filtered)) {
      // The delivery to the filter counted.
      this.#put(queueId, { client: undefined, exclusion: "local" });
      return;
    }
    const client = clientOf(ORIGINAL, rest) ?? direct;
    const exclusion = isUser || client !== direct && this.#isUser(client!, time)
      ? "own"
      : this.#exclusionOf(client);
    this.#put(queueId, exclusion === undefined ? { client } : { client: undefined, exclusion });
  }

  #isUser({ address }: Client, time: number): boolean {
    const since = this.#users.get(address.bytes.join("."));
    return since !== undefined && Math.abs(time - since) <= HOUR;
  }

  #goOn(queueId: string, rest: string): void {
    const message = this.#messages.get(queueId);
    if (message === undefined) return;
    const from = SENDER.exec(rest);
    if (from !== null) message.sender = detached(from[1]!);
    else if (rest === "removed") this.#messages.delete(queueId);
  }

  #delivery(
    queueId: string,
    rest: string,
    daemon: string,
    time: number,
  ): LoggedMail | undefined {
    // An address may look like the end of a line.
    if (rest.indexOf(", relay=") !== rest.lastIndexOf(", relay=")) return undefined;
    const match = DELIVERY.exec(rest);
    if (match === null) return undefined;
    const [, to, original, attributes, reply = ""] = match as unknown as string[];
    const message = this.#messages.get(queueId);
    const exclusion = message?.exclusion ??
      (message?.client === undefined || message.sender === undefined
        ? "untraced"
        : this.#isOutgoing(daemon, attributes!, to!, original)
        ? "outgoing"
        : daemon === "discard" || UNREAD.test(reply.replaceAll(/<[^>]*>/g, ""))
        ? "discarded"
        : undefined);
    if (exclusion !== undefined) {
      this.counts.excluded[exclusion]++;
      return undefined;
    }
    this.counts.deliveries++;
    const { address, name } = message!.client!;
    return {
      kind: "delivered",
      time,
      address,
      clientName: name,
      sender: message!.sender!,
      recipient: detached(original ?? to!),
    };
  }

  /** Sent by SMTP to a public address, for a recipient that no alias of this server named. */
  #isOutgoing(
    daemon: string,
    attributes: string,
    to: string,
    original: string | undefined,
  ): boolean {
    if (daemon !== "smtp" || original !== undefined) return false;
    const [, ip = ""] = /\brelay=[^\s,[]*\[([^\],]+)\]/.exec(attributes) ?? [];
    const relay = parseAddress(ip);
    if (relay === undefined || !isPublic(relay)) return false;
    return !this.#settings.relayDomains.has(canonicalDomain(splitAddress(to).domain));
  }
}
