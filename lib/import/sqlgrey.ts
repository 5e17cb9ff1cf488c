/**
 * Converts rows of sqlgrey's tables.
 *
 * @module
 */
import { KNOWN_SENDERS_MARK, knownDomainKey, knownSenderKey } from "../greylist/known_sender.ts";
import { keyText, type RelationKey } from "../greylist/model.ts";
import { pairName } from "../greylist/origins.ts";
import { thresholdOf } from "../greylist/reputation.ts";
import { canonicalDomain } from "../net/email_address.ts";
import { registrableDomain } from "../net/hostname.ts";
import { type IpAddress, parseAddress } from "../net/network.ts";
import { SECOND } from "../text/duration.ts";
import {
  type Choice,
  type Item,
  pendingItem,
  type Reading,
  relationItem,
  reputationItem,
  type Source,
  type SourceError,
} from "./item.ts";
import { sourceClient } from "./source_client.ts";

/** Columns in the order of sqlgrey's CREATE TABLE. */
export const SQLGREY_TABLES: Readonly<Record<string, readonly string[]>> = {
  connect: ["sender_name", "sender_domain", "src", "rcpt", "first_seen"],
  from_awl: ["sender_name", "sender_domain", "src", "first_seen", "last_seen"],
  domain_awl: ["sender_domain", "src", "first_seen", "last_seen"],
  optin_domain: ["domain"],
  optin_email: ["email"],
  optout_domain: ["domain"],
  optout_email: ["email"],
};

export interface SqlgreyRow {
  readonly table: string;
  /** Counted from 1; 0 for a database file. */
  readonly line: number;
  readonly columns: Readonly<Record<string, unknown>>;
}

/** sqlgrey's placeholder for the null sender. */
const UNDEFINED = "-undef-";

/** A network of its own size, or an address: `192.0.2`, `192.0.2.10`, `2001:db8:0:1`, `2001:db8::1`. */
function sourceOf(
  text: string,
): { readonly address: IpAddress; readonly isNetwork: boolean } | undefined {
  const numbers = text.split(".");
  const isShort = /^[\d.]+$/.test(text) && numbers.length < 4;
  const whole = isShort ? undefined : parseAddress(text);
  if (whole !== undefined) return { address: whole, isNetwork: false };
  const first = isShort
    ? [...numbers, "0", "0", "0"].slice(0, 4).join(".")
    : `${text.replace(/:$/, "")}::`;
  const address = parseAddress(first);
  return address && { address, isNetwork: true };
}

/** `2026-11-24 10:00:00`, with or without a fraction and a zone; without one it is UTC. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value * SECOND : undefined;
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?([+-]\d\d)?(?::?(\d\d))?Z?$/
    .exec(String(value));
  if (match === null) return undefined;
  const zone = match[3] === undefined ? "Z" : `${match[3]}:${match[4] ?? "00"}`;
  const time = Date.parse(`${match[1]}T${match[2]}${zone}`);
  return Number.isNaN(time) ? undefined : time;
}

function textOf(row: SqlgreyRow, column: string): string {
  const value = row.columns[column];
  return value === null || value === undefined ? "" : String(value);
}

function senderOf(row: SqlgreyRow): string {
  const local = textOf(row, "sender_name");
  const domain = textOf(row, "sender_domain");
  return local === UNDEFINED || domain === UNDEFINED ? "" : `${local}@${domain}`;
}

/** Senders of one domain from one network after which sqlgrey auto-whitelisted the domain there. */
const DOMAIN_SENDERS = 2;

/** Messages that were retried or passed, of several rows. */
interface Seen {
  count: number;
  first: number;
  last: number;
}

function merge(before: Seen | undefined, { count, first, last }: Seen): Seen {
  return {
    count: (before?.count ?? 0) + count,
    first: Math.min(first, before?.first ?? first),
    last: Math.max(last, before?.last ?? last),
  };
}

/** Content of the auto-whitelists: retried messages by origin, known senders with their origins. */
class AutoWhitelists {
  readonly #retries = new Map<string, Seen>();
  readonly #senders = new Map<string, { key: RelationKey; origin: string; seen: Seen }>();

  addRetries(name: string, seen: Seen): void {
    this.#retries.set(name, merge(this.#retries.get(name), seen));
  }

  addSender(key: RelationKey, origin: string, seen: Seen): void {
    const text = keyText(key);
    this.#senders.set(text, { key, origin, seen: merge(this.#senders.get(text)?.seen, seen) });
  }

  items(reading: Reading): Item[] {
    // A pair is auto-whitelisted: sqlgrey let in every host of the network.
    const least = thresholdOf("domain", reading.rules);
    const retries = [...this.#retries].map(([key, { count, ...seen }]) =>
      reputationItem(key, key.startsWith("net:") ? Math.max(count, least) : count, seen, reading)
    );
    const senders = [...this.#senders.values()].map(({ key, origin, seen }) =>
      relationItem(key, origin, seen, reading)
    );
    if (senders.length === 0) return retries;
    const last = senders.reduce((latest, { record }) => Math.max(latest, record.lastSeen), 0);
    const mark = reputationItem(KNOWN_SENDERS_MARK, 0, { first: last, last }, reading);
    return [...retries, ...senders, mark];
  }
}

/**
 * Reads rows into records. A sender or domain that sqlgrey auto-whitelisted is known for any recipient,
 * from the network or address that sqlgrey stored. It becomes the reputation of the pair of network and
 * domain as well, and an exact address gets the retried messages, since a client without a name has no
 * pair.
 */
export function sqlgreySource(
  rows: readonly SqlgreyRow[],
  reading: Reading,
  errors: SourceError[] = [],
): Source {
  const { rules } = reading;
  const items: Item[] = [];
  const choices: Choice[] = [];
  const lists = new AutoWhitelists();
  for (const row of rows) {
    const fail = (why: string) => errors.push({ line: row.line, why: `${row.table}: ${why}` });
    if (row.table.startsWith("opt")) {
      const pattern = textOf(row, row.table.endsWith("_email") ? "email" : "domain");
      const list = row.table.startsWith("optin") ? "opt-in" : "opt-out";
      if (pattern === "") fail("empty row");
      else choices.push({ list, pattern });
      continue;
    }
    const source = sourceOf(textOf(row, "src"));
    const first = timeOf(row.columns["first_seen"]);
    if (source === undefined) {
      fail(`"${textOf(row, "src")}" is no address`);
      continue;
    }
    const last = row.table === "connect" ? first : timeOf(row.columns["last_seen"]);
    if (first === undefined || last === undefined) {
      fail(`invalid time "${textOf(row, first === undefined ? "first_seen" : "last_seen")}"`);
      continue;
    }
    const client = sourceClient(source.address, rules, source.isNetwork);
    if (row.table === "connect") {
      const triplet = { sender: senderOf(row), recipient: textOf(row, "rcpt"), first, last };
      items.push(pendingItem(client, triplet, reading));
      continue;
    }
    const domain = canonicalDomain(textOf(row, "sender_domain"));
    const isDomain = row.table === "domain_awl";
    const seen: Seen = { count: isDomain ? DOMAIN_SENDERS : 1, first, last };
    const { origin } = client;
    const key = isDomain ? knownDomainKey(domain, origin) : knownSenderKey(senderOf(row), origin);
    lists.addSender(key, origin, seen);
    const registrable = registrableDomain(domain);
    if (registrable !== undefined) lists.addRetries(pairName(client.network, registrable), seen);
    if (client.ip !== undefined) lists.addRetries(client.ip, seen);
  }
  return { items: [...items, ...lists.items(reading)], choices, errors };
}
