/**
 * Dumps of postgrey's databases by `db_dump -p`.
 *
 * @module
 */
import { relationKeysOf } from "../greylist/attempt.ts";
import { formatAddress, type IpAddress, parseAddress } from "../net/network.ts";
import { SECOND } from "../text/duration.ts";
import {
  type Item,
  pendingItem,
  type Reading,
  retriedReputation,
  type Source,
  type SourceError,
} from "./item.ts";
import { sourceClient } from "./source_client.ts";

/** Times are milliseconds since the epoch. */
export type PostgreyRecord =
  /** A triplet of `postgrey.db`. */
  | {
    readonly kind: "triplet";
    /** The first address of the client's network, or with --lookup-by-host the client's address. */
    readonly address: IpAddress;
    /** Normalised by postgrey. */
    readonly sender: string;
    readonly recipient: string;
    readonly first: number;
    readonly last: number;
  }
  /** A client of `postgrey_clients.db`. */
  | {
    readonly kind: "client";
    readonly address: IpAddress;
    readonly count: number;
    readonly last: number;
  };

export interface Dump {
  readonly records: readonly PostgreyRecord[];
  readonly errors: readonly SourceError[];
}

/** `db_dump -p` writes unprintable bytes as `\xx` and doubles backslashes. */
function unescape(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "\\") {
      bytes.push(...new TextEncoder().encode(text[at]!));
    } else if (text[at + 1] === "\\") {
      bytes.push(0x5c);
      at++;
    } else {
      bytes.push(parseInt(text.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function decode(text: string): string {
  return text.includes("\\") ? unescape(text) : text;
}

function recordOf(key: string, value: string): PostgreyRecord | string {
  const numbers = value.split(",");
  const [one, other] = numbers.slice(0, 2).map((part) =>
    /^\d{1,12}$/.test(part) ? Number(part) : NaN
  );
  if (!Number.isFinite(one) || !Number.isFinite(other)) {
    return `expected two numbers, not "${value}"`;
  }
  if (/^[0-9a-f]{40}$/.test(key)) return "the key is a hash: postgrey ran with --privacy";
  const slash = key.indexOf("/");
  const address = parseAddress((slash === -1 ? key : key.slice(0, slash)).toLowerCase());
  if (address === undefined) return `expected an address at the beginning of "${key}"`;
  if (slash === -1) return { kind: "client", address, count: one!, last: other! * SECOND };
  const end = key.lastIndexOf("/");
  if (end === slash) return `expected client/sender/recipient, not "${key}"`;
  return {
    kind: "triplet",
    address,
    sender: key.slice(slash + 1, end),
    recipient: key.slice(end + 1),
    first: one! * SECOND,
    last: other! * SECOND,
  };
}

/** Accepts dumps of `postgrey.db` and `postgrey_clients.db`, also one after the other. */
export function parsePostgreyDump(text: string): Dump {
  const records: PostgreyRecord[] = [];
  const errors: SourceError[] = [];
  let isData = false;
  let wasDump = false;
  let key: string | undefined;
  text.split(/\r?\n/).forEach((content, at) => {
    const line = at + 1;
    if (content === "HEADER=END") {
      isData = true;
      wasDump = true;
    } else if (content === "DATA=END") {
      if (key !== undefined) errors.push({ line, why: "a key without a value" });
      isData = false;
      key = undefined;
    } else if (isData && !content.startsWith(" ")) {
      errors.push({ line, why: "a data line must begin with a space" });
    } else if (isData && key === undefined) {
      key = decode(content.slice(1));
    } else if (isData) {
      const record = recordOf(key!, decode(content.slice(1)));
      key = undefined;
      if (typeof record === "string") errors.push({ line, why: record });
      else records.push(record);
    }
  });
  if (!wasDump) errors.push({ line: 1, why: "not the output of db_dump -p" });
  else if (isData) errors.push({ line: text.split("\n").length, why: "the dump is truncated" });
  return { records, errors };
}

function itemOf(record: PostgreyRecord, { rules, delay }: Reading): Item {
  if (record.kind === "client") {
    const { address, count, last } = record;
    const key = `ip:${formatAddress(address)}`;
    return { kind: "reputation", key, record: retriedReputation(count, last, last) };
  }
  const { address, sender, recipient, first, last } = record;
  const client = sourceClient(address, rules);
  if (last - first < delay) return pendingItem(client, record, rules);
  const [key] = relationKeysOf(sender, recipient, rules.recipientDelimiter);
  const times = { firstSeen: first, lastSeen: last };
  return { kind: "relation", key: key!, record: { origins: [client.origin], ...times } };
}

export function readPostgreyDump(text: string, reading: Reading): Source {
  const { records, errors } = parsePostgreyDump(text);
  return { items: records.map((record) => itemOf(record, reading)), choices: [], errors };
}
