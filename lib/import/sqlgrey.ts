/**
 * Converts rows of sqlgrey's tables.
 *
 * @module
 */
import type { Reputation } from "../greylist/model.ts";
import { pairName } from "../greylist/origins.ts";
import { canonicalDomain } from "../net/email_address.ts";
import { registrableDomain } from "../net/hostname.ts";
import { type IpAddress, parseAddress } from "../net/network.ts";
import { SECOND } from "../text/duration.ts";
import {
  type Choice,
  type Item,
  pendingItem,
  type Reading,
  retriedReputation,
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
  if (typeof value === "number") return value * SECOND;
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

/** Retried messages by origin, summed over the rows. */
class Retries {
  readonly #reputations = new Map<string, Reputation>();

  add(name: string, count: number, first: number, last: number): void {
    const before = this.#reputations.get(name);
    this.#reputations.set(
      name,
      retriedReputation(
        (before?.total ?? 0) + count,
        Math.min(first, before?.firstSeen ?? first),
        Math.max(last, before?.lastSeen ?? last),
      ),
    );
  }

  /** @param least retried messages of a pair at least, so that it is auto-whitelisted. */
  items(least: number): Item[] {
    return [...this.#reputations].map(([key, { total, firstSeen, lastSeen }]) => {
      const count = key.startsWith("net:") ? Math.max(total, least) : total;
      return { kind: "reputation", key, record: retriedReputation(count, firstSeen, lastSeen) };
    });
  }
}

/**
 * Reads rows into records. A sender or domain that sqlgrey auto-whitelisted on a network becomes the
 * reputation of the pair of both, as one retried message earns it here; an exact address gets the
 * retried messages as well, since a client without a name has no pair.
 */
export function sqlgreySource(
  rows: readonly SqlgreyRow[],
  { rules }: Reading,
  errors: SourceError[] = [],
): Source {
  const items: Item[] = [];
  const choices: Choice[] = [];
  const retries = new Retries();
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
      items.push(pendingItem(client, triplet, rules));
      continue;
    }
    const { network, ip } = client;
    const count = row.table === "domain_awl" ? DOMAIN_SENDERS : 1;
    const domain = registrableDomain(canonicalDomain(textOf(row, "sender_domain")));
    if (domain !== undefined) retries.add(pairName(network, domain), count, first, last);
    if (ip !== undefined) retries.add(ip, count, first, last);
  }
  return { items: [...items, ...retries.items(rules.autoWhitelistDomains)], choices, errors };
}
