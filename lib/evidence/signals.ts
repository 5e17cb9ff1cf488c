/**
 * Signals of a suspicious client, from its verified name and its HELO.
 *
 * @module
 */
import type { Client } from "../greylist/client.ts";
import { registrableDomain } from "../net/hostname.ts";
import { parseAddress } from "../net/network.ts";

export type ClientSignal =
  /** Postfix could not verify a name of the client's address. */
  | "no-name"
  /** A provider made the verified name by a pattern. */
  | "generic-name"
  /** The verified name says that the host sends mail. */
  | "mail-name"
  /** The HELO is an address and not a name. */
  | "helo-address"
  /** The HELO is a name without a domain, or no name at all (RFC 5321, 4.1.1.1). */
  | "helo-not-qualified"
  /** The HELO is this server's own name or address. */
  | "helo-ours"
  /** The HELO belongs to another organisation than the verified name. */
  | "helo-unrelated";

/** A client, and the name by which it introduced itself; texts are hostile. */
export interface ClientFacts
  extends Pick<Client, "name" | "nameClass" | "organisation" | "isMailHost"> {
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
 * The signals of a client; most mail servers have none.
 *
 * @param ours names and addresses of this server, in lower case.
 */
export function clientSignals(
  facts: ClientFacts,
  ours: ReadonlySet<string> = new Set(),
): ClientSignal[] {
  const signals: ClientSignal[] = [];
  if (facts.name === undefined) signals.push("no-name");
  else if (facts.nameClass !== "named") signals.push("generic-name");
  else if (facts.isMailHost) signals.push("mail-name");
  const helo = heloSignal(facts, ours);
  if (helo !== undefined) signals.push(helo);
  return signals;
}

/** Signals of the client, of the sender's SPF and of the client's network. */
export type Signal =
  | ClientSignal
  | "spf-fail"
  | "spf-softfail"
  /** The sender's domain has no SPF record, or one that says nothing, and the client is not its own. */
  | "spf-none"
  /** A DNS list named another address of the client's network within the last days. */
  | "listed-neighbour";

/** The default weights. */
export const SIGNAL_WEIGHTS: Readonly<Record<Signal, number>> = {
  "no-name": 4,
  "generic-name": 4,
  "mail-name": -1,
  "helo-address": 2,
  "helo-not-qualified": 2,
  "helo-ours": 5,
  "helo-unrelated": 1,
  "spf-fail": 4,
  "spf-softfail": 2,
  "spf-none": 3,
  "listed-neighbour": 4,
};

/**
 * Reads `signal=weight`, such as `helo-unrelated=0`.
 *
 * @returns undefined if the text is invalid.
 */
export function parseWeight(text: string): readonly [Signal, number] | undefined {
  const [, name, weight] = /^([a-z-]+)=(-?\d{1,3})$/.exec(text) ?? [];
  if (name === undefined || !Object.hasOwn(SIGNAL_WEIGHTS, name)) return undefined;
  return [name as Signal, Number(weight)];
}
