/**
 * What is odd about a client, told from what it says and from its verified name.
 *
 * @module
 */
import { isGenericName, registrableDomain } from "../net/hostname.ts";
import { type IpAddress, parseAddress } from "../net/network.ts";

/** Something odd. */
export type ClientSignal =
  /** Postfix could not verify a name for the client's address. */
  | "no-name"
  /** The verified name is one of many that a provider hands out by pattern. */
  | "generic-name"
  /** The HELO is an address and not a name. */
  | "helo-address"
  /** The HELO is a name without a domain, or no name at all (RFC 5321, 4.1.1.1). */
  | "helo-not-qualified"
  /** The HELO is this server's own name or address. */
  | "helo-ours"
  /** The HELO belongs to another organisation than the verified name. */
  | "helo-unrelated";

/** What is known of a client. Texts are hostile. */
export interface ClientFacts {
  /** Its address. */
  readonly address: IpAddress;
  /** Its verified name in lower case, if it has one. */
  readonly name: string | undefined;
  /** What it calls itself. */
  readonly heloName: string;
}

const QUALIFIED = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/;

function heloSignal(facts: ClientFacts, ours: ReadonlySet<string>): ClientSignal | undefined {
  const helo = facts.heloName.toLowerCase().replace(/\.$/, "");
  const bare = helo.replace(/^\[(?:ipv6:)?|\]$/g, "");
  if (ours.has(helo) || ours.has(bare)) return "helo-ours";
  if (parseAddress(bare) !== undefined) return "helo-address";
  if (!QUALIFIED.test(helo)) return "helo-not-qualified";
  if (facts.name === undefined || facts.name === helo) return undefined;
  const domain = registrableDomain(helo);
  return domain !== undefined && domain === registrableDomain(facts.name)
    ? undefined
    : "helo-unrelated";
}

/**
 * What is odd about a client; nothing for most mail servers.
 *
 * @param ours names and addresses of this server, in lower case.
 */
export function clientSignals(
  facts: ClientFacts,
  ours: ReadonlySet<string> = new Set(),
): ClientSignal[] {
  const signals: ClientSignal[] = [];
  if (facts.name === undefined) signals.push("no-name");
  else if (isGenericName(facts.name, facts.address)) signals.push("generic-name");
  const helo = heloSignal(facts, ours);
  if (helo !== undefined) signals.push(helo);
  return signals;
}

/** Something odd, the sender's SPF among it. */
export type Signal = ClientSignal | "spf-fail" | "spf-softfail" | "spf-none";

/** What each of them weighs, where nobody says otherwise. */
export const SIGNAL_WEIGHTS: Readonly<Record<Signal, number>> = {
  "no-name": 4,
  "generic-name": 4,
  "helo-address": 2,
  "helo-not-qualified": 2,
  "helo-ours": 5,
  "helo-unrelated": 1,
  "spf-fail": 4,
  "spf-softfail": 2,
  "spf-none": 1,
};

/**
 * Reads `signal=weight`, such as `helo-unrelated=0`.
 *
 * @returns undefined if the text is none.
 */
export function parseWeight(text: string): readonly [Signal, number] | undefined {
  const [, name, weight] = /^([a-z-]+)=(-?\d{1,3})$/.exec(text) ?? [];
  if (name === undefined || !Object.hasOwn(SIGNAL_WEIGHTS, name)) return undefined;
  return [name as Signal, Number(weight)];
}
