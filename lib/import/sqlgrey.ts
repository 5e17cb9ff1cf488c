/**
 * Converts rows of sqlgrey's tables.
 *
 * @module
 */
import { normaliseRecipient, normaliseSender } from "../greylist/normalise.ts";
import { originsOf } from "../greylist/origin.ts";
import { type OriginRecord, tripletKey } from "../greylist/model.ts";
import { type IpAddress, parseAddress } from "../net/network.ts";
import { SECOND } from "../text/duration.ts";
import type { Choice, Item, Reading, Source, SourceError } from "./item.ts";

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

/** A network or an address: `192.0.2`, `192.0.2.10`, `2001:db8:0:1`, `2001:db8::1`. */
function sourceOf(text: string): IpAddress | undefined {
  const numbers = text.split(".");
  if (/^[\d.]+$/.test(text) && numbers.length < 4) {
    return parseAddress([...numbers, "0", "0", "0"].slice(0, 4).join("."));
  }
  return parseAddress(text) ?? parseAddress(`${text.replace(/:$/, "")}::`);
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

export function sqlgreySource(
  rows: readonly SqlgreyRow[],
  { rules }: Reading,
  errors: SourceError[] = [],
): Source {
  const items: Item[] = [];
  const choices: Choice[] = [];
  const origins = new Map<string, OriginRecord>();
  /** An auto-whitelisted sender was retried once, an auto-whitelisted domain several times. */
  const earn = (origin: string, deliveries: number, first: number, last: number) => {
    const before = origins.get(origin);
    origins.set(origin, {
      firstSeen: Math.min(first, before?.firstSeen ?? first),
      lastSeen: Math.max(last, before?.lastSeen ?? last),
      deliveries: Math.min(
        (before?.deliveries ?? 0) + deliveries,
        Math.max(1, rules.autoWhitelistClients),
      ),
      lastCounted: Math.max(last, before?.lastCounted ?? last),
    });
  };
  for (const row of rows) {
    const fail = (why: string) => errors.push({ line: row.line, why: `${row.table}: ${why}` });
    if (row.table.startsWith("opt")) {
      const pattern = textOf(row, row.table.endsWith("_email") ? "email" : "domain");
      const list = row.table.startsWith("optin") ? "opt-in" : "opt-out";
      if (pattern === "") fail("empty row");
      else choices.push({ list, pattern });
      continue;
    }
    const address = sourceOf(textOf(row, "src"));
    const first = timeOf(row.columns["first_seen"]);
    if (address === undefined) {
      fail(`invalid address "${textOf(row, "src")}"`);
      continue;
    }
    const last = row.table === "connect" ? first : timeOf(row.columns["last_seen"]);
    if (first === undefined || last === undefined) {
      fail(`invalid time "${textOf(row, first === undefined ? "first_seen" : "last_seen")}"`);
      continue;
    }
    const origin = originsOf(address, undefined, rules)[0]!.name;
    if (row.table === "connect") {
      const recipient = textOf(row, "rcpt");
      const key = tripletKey(
        origin,
        normaliseSender(senderOf(row), recipient),
        normaliseRecipient(recipient),
      );
      const triplet = { firstSeen: first, lastSeen: first, tries: 1, counted: false };
      items.push({ key, triplet });
    } else {
      earn(origin, row.table === "domain_awl" ? rules.autoWhitelistClients : 1, first, last);
    }
  }
  for (const [name, origin] of origins) items.push({ key: tripletKey(name, "", ""), origin });
  return { items, choices, errors };
}
