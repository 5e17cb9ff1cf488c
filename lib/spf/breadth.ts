/**
 * Whether a pass of SPF says anything: a record that lets half the world pass vouches for nobody.
 *
 * @module
 */
import { type Network, networkOf, parseAddress } from "../net/network.ts";
import type { Decisive, SpfQuestion } from "./check_host.ts";
import { type Identity, identityOf } from "./identity.ts";
import { expandDomain, type MacroString, uses } from "./macro.ts";
import {
  isSpfRecord,
  MAX_RECORD_TEXT,
  type Mechanism,
  parseRecord,
  type SpfRecord,
} from "./record.ts";
import { exchangeOf, textOf } from "./resolver.ts";

/** How much of the address space may pass. */
export interface BreadthLimits {
  /** No more than a network of this prefix length, IPv4. */
  readonly ipv4: number;
  /** No more than a network of this prefix length, IPv6. */
  readonly ipv6: number;
}

/** What is asked: the same as of `checkHost`. */
export type BreadthQuestion = Pick<SpfQuestion, "ip" | "helo" | "sender" | "resolver" | "signal">;

/** So many records are read for one domain (RFC 7208, 4.6.4). */
const MAX_RECORDS = 11;

/** A network that is this small, or smaller, is not worth a question. */
const SMALL: Readonly<Record<4 | 6, number>> = { 4: 24, 6: 64 };

/**
 * What is wrong with the way in which a client passed, in a few words; undefined if nothing is.
 *
 * @param path the mechanisms that decided, the innermost last.
 */
export function weaknessOf(path: readonly Decisive[]): string | undefined {
  const last = path.at(-1);
  if (last === undefined) return undefined;
  const { mechanism, domain } = last;
  switch (mechanism.kind) {
    case "all":
      return `the record of ${domain} lets everybody pass (${mechanism.text})`;
    case "ptr":
      return `it passes by ${mechanism.text}, which its own reverse DNS decides`;
    case "exists":
      return uses(mechanism.domain, "ip")
        ? undefined
        : `it passes by ${mechanism.text}, which does not depend on its address`;
    default:
      return undefined;
  }
}

/** How many addresses lie in networks, each counted once; as a number of the family's own size. */
export function addressesIn(networks: readonly Network[]): bigint {
  const ranges = networks.map(({ bytes, prefix }) => {
    const first = bytes.reduce((sum, byte) => sum << 8n | BigInt(byte), 0n);
    return [first, first + (1n << BigInt(bytes.length * 8 - prefix))] as const;
  }).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  let count = 0n;
  let upTo = -1n;
  for (const [first, end] of ranges) {
    const from = first > upTo ? first : upTo;
    if (end <= from) continue;
    count += end - from;
    upTo = end;
  }
  return count;
}

/** Everything that a record lets pass. */
class Survey {
  readonly #question: BreadthQuestion;
  readonly #identity: Identity;
  readonly networks: Network[] = [];
  everybody: string | undefined;
  #records = 0;
  /** The characters of all records so far. */
  #read = 0;

  constructor(question: BreadthQuestion, identity: Identity) {
    this.#question = question;
    this.#identity = identity;
  }

  /** Whether there is more than is looked through. */
  get isTooLong(): boolean {
    return this.#read > MAX_RECORD_TEXT;
  }

  async record(domain: string): Promise<void> {
    this.#records++;
    if (this.#records > MAX_RECORDS || this.everybody !== undefined) return;
    const { resolver, signal } = this.#question;
    const answers = await resolver.txt(domain, signal);
    const texts = answers.map(textOf).filter(isSpfRecord);
    this.#read += texts[0]?.length ?? 0;
    if (this.isTooLong) return;
    const parsed = texts.length === 1 ? parseRecord(texts[0]!) : undefined;
    if (parsed?.ok === true) await this.#terms(parsed.record, domain);
  }

  async #terms({ mechanisms, redirect }: SpfRecord, domain: string): Promise<void> {
    for (const mechanism of mechanisms) {
      if (mechanism.qualifier === "+") await this.#term(mechanism, domain);
      // What stands behind it decides nothing.
      if (mechanism.kind === "all") return;
    }
    if (redirect !== undefined) await this.record(this.#target(redirect.domain, domain));
  }

  async #term(mechanism: Mechanism, domain: string): Promise<void> {
    switch (mechanism.kind) {
      case "all":
        this.everybody = domain;
        return;
      case "ip4":
      case "ip6":
        this.networks.push(mechanism.network);
        return;
      case "include":
        await this.record(this.#target(mechanism.domain, domain));
        return;
      case "a":
      case "mx": {
        const { ipv4, ipv6 } = mechanism.prefixes;
        if (ipv4 >= SMALL[4] && ipv6 >= SMALL[6]) return;
        const target = mechanism.domain === undefined
          ? domain
          : this.#target(mechanism.domain, domain);
        const { resolver, signal } = this.#question;
        const hosts = mechanism.kind === "a"
          ? [target]
          : (await resolver.mx(target, signal)).slice(0, 10).map(exchangeOf).filter((name) =>
            name !== ""
          );
        for (const host of hosts) {
          const addresses = [
            ...ipv4 < SMALL[4] ? await resolver.a(host, signal) : [],
            ...ipv6 < SMALL[6] ? await resolver.aaaa(host, signal) : [],
          ];
          for (const text of addresses) {
            const address = parseAddress(text);
            if (address === undefined) continue;
            this.networks.push(networkOf(address, address.family === 4 ? ipv4 : ipv6));
          }
        }
        return;
      }
      default:
        // How many pass by ptr or exists cannot be told; who passes by them is looked at alone.
    }
  }

  #target(spec: MacroString, domain: string): string {
    const { ip, helo } = this.#question;
    return expandDomain(spec, {
      ip: parseAddress(ip)!,
      helo,
      local: this.#identity.local,
      senderDomain: this.#identity.domain,
      domain,
      validatedName: "unknown",
      receiver: "unknown",
      time: 0,
    });
  }
}

/**
 * Why a record's pass says nothing, in a few words; undefined if it does say something.
 *
 * @throws {TemporaryDnsError} if DNS could not answer.
 */
export async function tooBroad(
  question: BreadthQuestion,
  limits: BreadthLimits,
): Promise<string | undefined> {
  const identity = identityOf(question.sender, question.helo);
  const survey = new Survey(question, identity);
  await survey.record(identity.domain);
  if (survey.everybody !== undefined) {
    return `the record of ${survey.everybody} lets everybody pass (+all)`;
  }
  if (survey.isTooLong) {
    return `the records of ${identity.domain} have more than ${MAX_RECORD_TEXT} characters together`;
  }
  for (const [family, size, most] of [[4, 32, limits.ipv4], [6, 128, limits.ipv6]] as const) {
    const count = addressesIn(survey.networks.filter((network) => network.family === family));
    if (count > 1n << BigInt(size - most)) {
      return `the record of ${identity.domain} lets more than a /${most} of IPv${family} pass`;
    }
  }
  return undefined;
}
