/** The worth of an SPF pass: whether it identifies the sender's domain, and whose host the client is. */
import { LRUCache } from "lru-cache";
import { canonicalDomain } from "../net/email_address.ts";
import { registrableDomain } from "../net/hostname.ts";
import { type Network, networkOf, parseAddress } from "../net/network.ts";
import { type Breadth, type BreadthLimits, breadthOf, exceededLimit } from "./breadth.ts";
import type { Decisive, SpfAnswer, SpfQuestion } from "./check_host.ts";
import { identityOf, isBelow } from "./domain.ts";
import { dependsOnClient, dependsOnLocalPart, expandDomain, type MacroString } from "./macro.ts";
import { addressesOf, type AddressSet, NO_ADDRESSES, union } from "./ranges.ts";
import type { Mechanism, Redirect } from "./record.ts";
import { DAY, HOUR } from "../text/duration.ts";

export interface PassJudgement {
  /** The pass shows that the client may send for the sender's domain. */
  readonly identifies: boolean;
  /** The domain whose record names the client, if it is another organisation's than the sender's. */
  readonly via?: string;
  /** The entry of the well-known sender whose record names the client. */
  readonly wellKnown?: string;
  /**
   * Few addresses are authorised: the matching term names at most a /24 (IPv6: a /48), and all records
   * of the registrable domain together at most as many addresses as a /22 (IPv6: a /46) has.
   */
  readonly isNarrow: boolean;
  /** Why the pass does not identify. */
  readonly why?: string;
}

/** The entry of a well-known sender that a record's domain belongs to; it is exempt from limits. */
export type FindWellKnown = (domain: string) => string | undefined;

type Question = Pick<SpfQuestion, "ip" | "helo" | "sender" | "resolver" | "signal">;

/** Lifetimes in milliseconds. */
const BREADTH_LIFETIME = HOUR;
const UNION_LIFETIME = 7 * DAY;

/** In address ranges, over all domains: some megabytes. */
const MAX_RANGES = 50_000;

/** Maximum organisations whose hosts the `ptr` terms of one registrable domain authorise. */
const MAX_PTR_ORGANISATIONS = 3;

/** Registrable domains whose `ptr` terms are remembered. */
const MAX_PTR_DOMAINS = 1000;

/** Maximum ranges of one registrable domain; one record holds about a thousand. */
const MAX_RANGES_PER_DOMAIN = 4096;

const NARROW_TERM: BreadthLimits = { ipv4: 24, ipv6: 48 };
const NARROW_DOMAIN: BreadthLimits = { ipv4: 22, ipv6: 46 };

const rangesIn = ({ ipv4, ipv6 }: AddressSet) => 1 + ipv4.length + ipv6.length;

const no = (why: string): PassJudgement => ({ identifies: false, isNarrow: false, why });

function specOf(term: Mechanism | Redirect): MacroString | undefined {
  return "domain" in term ? term.domain : undefined;
}

function organisationOf(domain: string): string {
  return registrableDomain(domain) ?? domain;
}

/** The name that a term without client macros stands for. */
function targetOf({ domain, term }: Decisive, { ip, helo, sender }: Question): string {
  const spec = specOf(term);
  if (spec === undefined) return canonicalDomain(domain);
  const identity = identityOf(sender, helo);
  const name = expandDomain(spec, {
    ip: parseAddress(ip)!,
    helo,
    local: identity.local,
    senderDomain: identity.domain,
    domain,
    validatedName: "unknown",
    receiver: "unknown",
    time: 0,
  });
  return canonicalDomain(name);
}

/** The network that the matching term authorises; undefined for a term that names none. */
function matchedNetwork({ term }: Decisive, ip: string): Network | undefined {
  switch (term.kind) {
    case "ip4":
    case "ip6":
      return term.network;
    case "a":
    case "mx": {
      const address = parseAddress(ip)!;
      return networkOf(address, address.family === 4 ? term.prefixes.ipv4 : term.prefixes.ipv6);
    }
    default:
      return undefined;
  }
}

/** Why a pass by these terms identifies nobody, whatever the breadth of the record. */
function weaknessOf(answer: SpfAnswer, question: Question): string | undefined {
  for (const { domain, term } of answer.path) {
    const spec = specOf(term);
    if (spec === undefined) continue;
    if (dependsOnClient(spec)) {
      return `${term.text} of ${domain} depends on the client: it can authorise any`;
    }
    // A local part can hold an address: a-192-0-2-1@ is authorised from 192.0.2.1.
    if (dependsOnLocalPart(spec)) {
      return `${term.text} of ${domain} depends on the sender's local part`;
    }
  }
  const last = answer.path.at(-1)!;
  const { domain, term } = last;
  switch (term.kind) {
    case "all":
      return `the record of ${domain} authorises every address (${term.text})`;
    case "exists":
      return `${term.text} of ${domain} does not depend on the client's address`;
    case "ptr": {
      const target = targetOf(last, question);
      if (registrableDomain(target) === undefined) {
        return `${term.text} of ${domain} authorises every host below a public suffix`;
      }
      const own = organisationOf(answer.domain);
      const isForeign = organisationOf(canonicalDomain(domain)) !== own || !isBelow(target, own);
      return isForeign ? undefined : `${term.text} of ${domain} rests on the client's reverse DNS`;
    }
    default:
      return undefined;
  }
}

/**
 * Judges passes. Breadth is judged for all subdomains of a registrable domain together: the union of
 * their records' addresses is kept, and a record that would make it exceed the limits identifies
 * nobody.
 */
export class PassJudge {
  readonly #limits: BreadthLimits;
  readonly #findWellKnown: FindWellKnown;
  /** By the sender's domain. */
  readonly #breadths: LRUCache<string, Breadth>;
  /** By the sender's registrable domain. */
  readonly #unions: LRUCache<string, AddressSet>;
  /** Organisations that `ptr` terms named, by the sender's registrable domain. */
  readonly #ptrOrganisations: LRUCache<string, readonly string[]>;

  /** @param clock milliseconds, above 0 and never decreasing. */
  constructor(
    limits: BreadthLimits,
    findWellKnown: FindWellKnown,
    clock: () => number = () => performance.now(),
  ) {
    this.#limits = limits;
    this.#findWellKnown = findWellKnown;
    const options = { maxSize: MAX_RANGES, perf: { now: clock }, ttlResolution: 0 };
    this.#breadths = new LRUCache({
      ...options,
      sizeCalculation: ({ addresses }) => rangesIn(addresses),
      ttl: BREADTH_LIFETIME,
    });
    this.#unions = new LRUCache({
      ...options,
      sizeCalculation: rangesIn,
      ttl: UNION_LIFETIME,
      noUpdateTTL: true,
    });
    this.#ptrOrganisations = new LRUCache({
      max: MAX_PTR_DOMAINS,
      perf: options.perf,
      ttlResolution: 0,
      ttl: UNION_LIFETIME,
      noUpdateTTL: true,
    });
  }

  /**
   * Judges a pass.
   *
   * @throws {TemporaryDnsError} if the breadth of the record cannot be looked up.
   * @throws {unknown} the signal's reason, if it is aborted.
   */
  async judge(answer: SpfAnswer, question: Question): Promise<PassJudgement> {
    const last = answer.path.at(-1);
    if (answer.result !== "pass" || last === undefined) return no(`the result is ${answer.result}`);
    const weakness = weaknessOf(answer, question);
    if (weakness !== undefined) return no(weakness);
    const namedBy = canonicalDomain(last.domain);
    const wellKnown = this.#findWellKnown(namedBy);
    if (wellKnown === undefined) {
      const excess = await this.#excessOf(answer.domain, last, question) ??
        this.#ptrExcessOf(answer.domain, last, question);
      if (excess !== undefined) return no(excess);
    }
    const isOwn = organisationOf(namedBy) === organisationOf(answer.domain);
    return {
      identifies: true,
      isNarrow: this.#isNarrow(answer.domain, last, question),
      ...(isOwn ? {} : { via: namedBy }),
      ...(wellKnown === undefined ? {} : { wellKnown }),
    };
  }

  async #excessOf(
    domain: string,
    last: Decisive,
    { ip, resolver, signal }: Question,
  ): Promise<string | undefined> {
    const limits = this.#limits;
    let breadth = this.#breadths.get(domain);
    if (breadth === undefined) {
      const isExempt = (name: string) => this.#findWellKnown(canonicalDomain(name)) !== undefined;
      breadth = await breadthOf(domain, resolver, isExempt, signal);
      this.#breadths.set(domain, breadth);
    }
    if (breadth.unlimited !== undefined) return breadth.unlimited;
    const alone = exceededLimit(breadth.addresses, limits);
    if (alone !== undefined) return `the record of ${domain} authorises more than ${alone}`;
    const organisation = organisationOf(domain);
    const before = this.#unions.get(organisation) ?? NO_ADDRESSES;
    // The record may have changed since its breadth was looked up, and `a` may name another host each
    // time.
    const matched = matchedNetwork(last, ip);
    const known = union(before, breadth.addresses);
    const after = matched === undefined ? known : union(known, addressesOf([matched]));
    const together = rangesIn(after) > MAX_RANGES_PER_DOMAIN
      ? `${MAX_RANGES_PER_DOMAIN} networks`
      : exceededLimit(after, limits);
    if (together !== undefined) {
      return `the records of ${organisation} and its subdomains authorise more than ${together}`;
    }
    this.#unions.set(organisation, after);
    return undefined;
  }

  #isNarrow(domain: string, last: Decisive, { ip }: Question): boolean {
    const matched = matchedNetwork(last, ip);
    const all = this.#unions.get(organisationOf(domain));
    return matched !== undefined && all !== undefined &&
      exceededLimit(addressesOf([matched]), NARROW_TERM) === undefined &&
      exceededLimit(all, NARROW_DOMAIN) === undefined;
  }

  /** Hosts that a `ptr` term authorises have no number of addresses: their organisations count. */
  #ptrExcessOf(domain: string, last: Decisive, question: Question): string | undefined {
    if (last.term.kind !== "ptr") return undefined;
    const organisation = organisationOf(domain);
    const target = organisationOf(targetOf(last, question));
    const before = this.#ptrOrganisations.get(organisation) ?? [];
    if (before.includes(target)) return undefined;
    if (before.length >= MAX_PTR_ORGANISATIONS) {
      return `the ptr terms of ${organisation} and its subdomains authorise the hosts of more than ` +
        `${MAX_PTR_ORGANISATIONS} organisations`;
    }
    this.#ptrOrganisations.set(organisation, [...before, target]);
    return undefined;
  }
}
