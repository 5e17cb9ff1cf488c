/** The senders of bench/load.c: their names, networks and SPF records. */
import type { DnsRecord } from "./trace/model.ts";

/** Known triplets where a run names no other number. */
export const KNOWN_TRIPLETS = 1000;

/** As in bench/load.c. */
export const DOMAINS = 500;
const RECIPIENTS = 50;

/**
 * The requests of a run: the same known triplets again, new triplets only, or half and half. Every
 * client has a verified name.
 */
export const MIXES = ["known", "new", "mixed"] as const;
export type Mix = typeof MIXES[number];

/** A number in letters, as in bench/load.c. */
export function letters(value: number, width: number): string {
  let text = "";
  for (let rest = value; text.length < width; rest = Math.floor(rest / 26)) {
    text = String.fromCharCode(97 + rest % 26) + text;
  }
  return text;
}

/** A known triplet of bench/load.c, with the address of its client. */
export interface KnownTriplet {
  readonly address: string;
  readonly domain: string;
  readonly sender: string;
  readonly recipient: string;
}

export function knownTriplet(id: number): KnownTriplet {
  const number = id % DOMAINS;
  const domain = `k${letters(number, 4)}.example`;
  return {
    address: `90.${number >> 8}.${number & 255}.25`,
    domain,
    sender: `${letters(Math.floor(id / DOMAINS), 7)}@${domain}`,
    recipient: `user${id % RECIPIENTS}@example.org`,
  };
}

/** Each domain authorises the network of its host by SPF. */
export function senderRecords(): ReadonlyMap<string, readonly DnsRecord[]> {
  const records = new Map<string, readonly DnsRecord[]>();
  for (const [prefix, octet] of [["k", 90], ["s", 80]] as const) {
    for (let domain = 0; domain < DOMAINS; domain++) {
      const network = `${octet}.${domain >> 8}.${domain & 255}.0/24`;
      records.set(`${prefix}${letters(domain, 4)}.example`, [
        { type: "TXT", data: `v=spf1 ip4:${network} -all` },
      ]);
    }
  }
  return records;
}
