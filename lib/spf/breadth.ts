/** The addresses that SPF records authorise. */
import { type Network, networkOf, parseAddress } from "../net/network.ts";
import { dependsOnClient, dependsOnLocalPart, expandDomain, type MacroString } from "./macro.ts";
import { addressesOf, type AddressSet, countOf } from "./ranges.ts";
import {
  isSpfRecord,
  MAX_RECORD_TEXT,
  type Mechanism,
  parseRecord,
  type SpfRecord,
} from "./record.ts";
import { MAX_LOOKUPS, MAX_MX_NAMES } from "./evaluation.ts";
import { exchangeOf, type Resolver } from "./resolver.ts";

/** The largest address space that counts, as the prefix length of one network. */
export interface BreadthLimits {
  /** 0 to 32. */
  readonly ipv4: number;
  /** 0 to 128. */
  readonly ipv6: number;
}

/** Terms that query DNS. */
const LOOKUPS: ReadonlySet<Mechanism["kind"]> = new Set(["include", "a", "mx", "ptr", "exists"]);

/** Networks of `a` and `mx` of this prefix length or longer are not looked up. */
const SMALL: Readonly<Record<4 | 6, number>> = { 4: 24, 6: 64 };

/** The addresses of a domain's record and of the records that it names. */
export interface Breadth {
  readonly addresses: AddressSet;
  /** Why the addresses cannot be counted; absent if they are complete. */
  readonly unlimited?: string;
}

class Survey {
  readonly #senderDomain: string;
  readonly #resolver: Resolver;
  readonly #isExempt: (domain: string) => boolean;
  readonly #signal: AbortSignal | undefined;
  readonly networks: Network[] = [];
  unlimited: string | undefined;
  #lookups = 0;
  #characters = 0;

  constructor(
    senderDomain: string,
    resolver: Resolver,
    isExempt: (domain: string) => boolean,
    signal: AbortSignal | undefined,
  ) {
    this.#senderDomain = senderDomain;
    this.#resolver = resolver;
    this.#isExempt = isExempt;
    this.#signal = signal;
  }

  async record(domain: string): Promise<void> {
    if (this.unlimited !== undefined) return;
    const answers = await this.#resolver.txt(domain, this.#signal);
    const texts = answers.filter(isSpfRecord);
    this.#characters += texts[0]?.length ?? 0;
    if (this.#characters > MAX_RECORD_TEXT) {
      this.unlimited = `the records of ${this.#senderDomain} have more than ${MAX_RECORD_TEXT} ` +
        "characters together";
      return;
    }
    const parsed = texts.length === 1 ? parseRecord(texts[0]!) : undefined;
    if (parsed?.ok === true) await this.#terms(parsed.record, domain);
  }

  async #terms({ mechanisms, redirect }: SpfRecord, domain: string): Promise<void> {
    for (const mechanism of mechanisms) {
      if (LOOKUPS.has(mechanism.kind)) this.#lookups++;
      // No evaluation gets further.
      if (this.#lookups > MAX_LOOKUPS) return;
      if (mechanism.qualifier === "+") await this.#term(mechanism, domain);
      // Terms after `all` are never evaluated.
      if (mechanism.kind === "all") return;
    }
    if (redirect === undefined || this.#lookups >= MAX_LOOKUPS) return;
    this.#lookups++;
    await this.#named(redirect.domain, domain);
  }

  async #term(mechanism: Mechanism, domain: string): Promise<void> {
    switch (mechanism.kind) {
      case "all":
        this.unlimited = `the record of ${domain} authorises every address (+all)`;
        return;
      case "include":
        await this.#named(mechanism.domain, domain);
        return;
      case "ip4":
      case "ip6":
        if (!this.#isExempt(domain)) this.networks.push(mechanism.network);
        return;
      case "a":
      case "mx":
        if (!this.#isExempt(domain)) await this.#hosts(mechanism, domain);
        return;
      default:
        // The addresses of ptr and exists cannot be counted: a pass by them is judged by itself.
    }
  }

  async #named(spec: MacroString, domain: string): Promise<void> {
    const target = this.#target(spec, domain);
    if (target !== undefined) await this.record(target);
  }

  async #hosts(
    { kind, domain: spec, prefixes }: Extract<Mechanism, { readonly kind: "a" | "mx" }>,
    domain: string,
  ): Promise<void> {
    const { ipv4, ipv6 } = prefixes;
    if (ipv4 >= SMALL[4] && ipv6 >= SMALL[6]) return;
    const target = spec === undefined ? domain : this.#target(spec, domain);
    if (target === undefined) return;
    const exchanges = kind === "mx" ? await this.#resolver.mx(target, this.#signal) : undefined;
    const hosts = exchanges?.slice(0, MAX_MX_NAMES).map(exchangeOf).filter((name) => name !== "") ??
      [target];
    for (const host of hosts) {
      const addresses = [
        ...ipv4 < SMALL[4] ? await this.#resolver.a(host, this.#signal) : [],
        ...ipv6 < SMALL[6] ? await this.#resolver.aaaa(host, this.#signal) : [],
      ];
      for (const text of addresses) {
        const address = parseAddress(text);
        if (address === undefined) continue;
        this.networks.push(networkOf(address, address.family === 4 ? ipv4 : ipv6));
      }
    }
  }

  /** Undefined for a name that depends on the client or the local part: it never counts. */
  #target(spec: MacroString, domain: string): string | undefined {
    if (dependsOnClient(spec) || dependsOnLocalPart(spec)) return undefined;
    return expandDomain(spec, {
      ip: { family: 4, bytes: [0, 0, 0, 0] },
      helo: "unknown",
      local: "unknown",
      senderDomain: this.#senderDomain,
      domain,
      validatedName: "unknown",
      receiver: "unknown",
      time: 0,
    });
  }
}

/**
 * Looks up the addresses that a domain's record authorises.
 *
 * @param isExempt domains whose records' own networks are left out.
 * @throws {TemporaryDnsError} if DNS cannot answer.
 */
export async function breadthOf(
  domain: string,
  resolver: Resolver,
  isExempt: (domain: string) => boolean,
  signal?: AbortSignal,
): Promise<Breadth> {
  const survey = new Survey(domain, resolver, isExempt, signal);
  await survey.record(domain);
  const { networks, unlimited } = survey;
  return { addresses: addressesOf(networks), ...(unlimited === undefined ? {} : { unlimited }) };
}

/** The limit that a set of addresses exceeds, such as `a /10 of IPv4`. */
export function exceededLimit(addresses: AddressSet, limits: BreadthLimits): string | undefined {
  if (countOf(addresses.ipv4) > 1n << BigInt(32 - limits.ipv4)) return `a /${limits.ipv4} of IPv4`;
  if (countOf(addresses.ipv6) > 1n << BigInt(128 - limits.ipv6)) return `a /${limits.ipv6} of IPv6`;
  return undefined;
}
