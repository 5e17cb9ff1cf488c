/**
 * Dumps of postgrey's databases by `db_dump -p`.
 *
 * @module
 */
import { relationKeysOf } from "../greylist/attempt.ts";
import { formatAddress, type IpAddress, parseAddress } from "../net/network.ts";
import { SECOND } from "../text/duration.ts";
import {
  EMPTY,
  type Item,
  pendingItem,
  type Reading,
  relationItem,
  reputationItem,
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

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** `db_dump -p` writes unprintable bytes as `\xx` and doubles backslashes. */
function decode(text: string): string {
  if (!text.includes("\\")) return text;
  const bytes: number[] = [];
  for (const [, escape, char] of text.matchAll(/\\([0-9a-f]{2}|\\)|([^\\]|\\)/gsu)) {
    if (escape === undefined) bytes.push(...encoder.encode(char));
    else bytes.push(escape === "\\" ? 0x5c : parseInt(escape, 16));
  }
  return decoder.decode(Uint8Array.from(bytes));
}

/**
 * Splits `sender/recipient`. A local part may contain slashes and a domain cannot: the sender ends at the
 * first slash that follows a domain, if the rest is an address.
 */
export function splitAddresses(
  text: string,
): { readonly sender: string; readonly recipient: string } | undefined {
  const at = (slash: number) => ({
    sender: text.slice(0, slash),
    recipient: text.slice(slash + 1),
  });
  for (const { index, 0: domain } of text.matchAll(/@[^@/]+(?=\/)/g)) {
    const split = at(index + domain.length);
    if (split.recipient.includes("@")) return split;
  }
  // The null sender, or an address without a domain.
  const first = text.indexOf("/");
  const afterDomain = /@[^@/]+\//.exec(text);
  if (first === -1) return undefined;
  const split = first === 0 || afterDomain === null
    ? at(first)
    : at(afterDomain.index + afterDomain[0].length - 1);
  return split.recipient === "" ? undefined : split;
}

/** A key of --privacy: an SHA-1 hash. */
const HASH = /^[0-9a-f]{40}$/;

/** @returns why it is invalid; errors do not quote it, since the file may be any file of the host. */
function recordOf(key: string, value: string): PostgreyRecord | string {
  const [, one, other] = /^(\d{1,12}),(\d{1,12})(?:,|$)/.exec(value) ?? [];
  if (other === undefined) return "expected two numbers as the value";
  const slash = key.indexOf("/");
  const address = parseAddress((slash === -1 ? key : key.slice(0, slash)).toLowerCase());
  if (address === undefined) return "expected an IP address at the beginning of the key";
  const last = Number(other) * SECOND;
  if (slash === -1) return { kind: "client", address, count: Number(one), last };
  const addresses = splitAddresses(key.slice(slash + 1));
  if (addresses === undefined) return "expected client/sender/recipient as the key";
  return { kind: "triplet", address, ...addresses, first: Number(one) * SECOND, last };
}

/** Accepts dumps of `postgrey.db` and `postgrey_clients.db`, also one after the other. */
export class PostgreyDumpReader {
  readonly records: PostgreyRecord[] = [];
  readonly errors: SourceError[] = [];
  #isData = false;
  #isSkipped = false;
  #wasDump = false;
  #line = 0;
  #keyLine = 0;
  #key: string | undefined;
  #firstHash: number | undefined;
  #hashes = 0;
  #keys = 0;

  /** @param number counted from 1. */
  line(text: string, number: number): void {
    this.#line = number;
    if (!this.#isData) this.#takeHeader(text);
    else if (text === "DATA=END") this.#endData();
    else if (this.#isSkipped) return;
    else if (!text.startsWith(" ")) this.#fail("a data line must begin with a space");
    else if (this.#key === undefined) {
      this.#key = decode(text.slice(1));
      this.#keyLine = number;
    } else this.#takeRecord(this.#key, decode(text.slice(1)));
  }

  #takeHeader(text: string): void {
    if (text === "format=bytevalue") {
      this.#fail("the dump is not printable. Run db_dump with the option -p");
      this.#isSkipped = true;
    } else if (text === "HEADER=END") {
      this.#isData = true;
      this.#wasDump = true;
    }
  }

  #endData(): void {
    if (this.#key !== undefined) this.#fail("a key without a value");
    this.#isData = false;
    this.#isSkipped = false;
    this.#key = undefined;
  }

  #takeRecord(key: string, value: string): void {
    this.#key = undefined;
    this.#keys++;
    if (HASH.test(key)) {
      this.#hashes++;
      this.#firstHash ??= this.#keyLine;
      return;
    }
    const record = recordOf(key, value);
    if (typeof record === "string") this.#fail(record);
    else this.records.push(record);
  }

  #fail(why: string): void {
    this.errors.push({ line: this.#line, why });
  }

  end(): void {
    if (this.#line === 0) this.errors.push({ line: 0, why: EMPTY });
    else if (!this.#wasDump) this.errors.push({ line: 1, why: "not the output of db_dump -p" });
    else if (this.#isData) this.#fail("the dump is truncated: DATA=END is missing");
    if (this.#firstHash !== undefined) {
      this.errors.push({
        line: this.#firstHash,
        why: `${this.#hashes} of ${this.#keys} keys are hashes, which cannot be imported: ` +
          "postgrey ran with --privacy",
      });
    }
  }
}

export function parsePostgreyDump(text: string): Dump {
  const reader = new PostgreyDumpReader();
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  lines.forEach((line, at) => reader.line(line, at + 1));
  reader.end();
  return reader;
}

function itemOf(record: PostgreyRecord, reading: Reading): Item {
  const { rules, delay } = reading;
  if (record.kind === "client") {
    const { address, count, last } = record;
    return reputationItem(`ip:${formatAddress(address)}`, count, { first: last, last }, reading);
  }
  const { address, sender, recipient, first, last } = record;
  const client = sourceClient(address, rules);
  if (last - first < delay) return pendingItem(client, record, reading);
  const [key] = relationKeysOf(sender, recipient, rules.recipientDelimiter);
  return relationItem(key!, client.origin, record, reading);
}

export function postgreySource({ records, errors }: Dump, reading: Reading): Source {
  return { items: records.map((record) => itemOf(record, reading)), choices: [], errors };
}
