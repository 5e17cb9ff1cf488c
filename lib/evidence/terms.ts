/**
 * The evidence about a client as terms for people to read.
 *
 * @module
 */
import { makeClient } from "../greylist/client.ts";
import { parseAddress } from "../net/network.ts";
import type { SpfOutcome } from "../greylist/evidence.ts";
import type { Report } from "./service.ts";
import { type ClientFacts, type ClientSignal, clientSignals, SIGNAL_WEIGHTS } from "./signals.ts";

/** One term of the evidence. Texts are hostile. */
export interface EvidenceTerm {
  /** `SPF`, `host name`, `HELO`, a DNS list, or an origin. */
  readonly what: string;
  readonly found: string;
  /** Evidence for or against a legitimate client; absent for neither. */
  readonly speaks?: "for" | "against" | undefined;
}

/** A client as Postfix names it. */
export interface NamedClient {
  readonly clientAddress: string;
  /** `unknown` if unverified. */
  readonly clientName: string;
  readonly heloName: string;
}

const HELO_TEXTS: Readonly<Partial<Record<ClientSignal, string>>> = {
  "helo-address": "an address instead of a name",
  "helo-not-qualified": "not a full host name",
  "helo-unrelated": "a name of another organisation than the host name",
};

/** Host name and HELO of a client as Postfix names it. */
export function nameTerms({ clientAddress, clientName, heloName }: NamedClient): EvidenceTerm[] {
  const address = parseAddress(clientAddress);
  return address === undefined ? [] : clientTerms({ ...makeClient(address, clientName), heloName });
}

/** Host name and HELO of a client. */
export function clientTerms(facts: ClientFacts): EvidenceTerm[] {
  const { name, heloName } = facts;
  const signals = clientSignals(facts);
  const helo = signals.find((signal) => HELO_TEXTS[signal] !== undefined);
  return [
    name === undefined
      ? { what: "host name", found: "none that forward and reverse DNS confirm", speaks: "against" }
      : signals.includes("generic-name")
      ? { what: "host name", found: `${name}, made by a pattern`, speaks: "against" }
      : { what: "host name", found: name, speaks: "for" },
    helo === undefined
      ? { what: "HELO", found: heloName }
      : { what: "HELO", found: `${heloName}, ${HELO_TEXTS[helo]}`, speaks: "against" },
  ];
}

const SPF_SPEAKS: Readonly<Partial<Record<SpfOutcome, "for" | "against">>> = {
  pass: "for",
  fail: "against",
  softfail: "against",
};

function spfFound({ spf, spfAnswer, weakness }: Report): string {
  if (spfAnswer === undefined) return "no answer in time";
  const { domain, mechanism } = spfAnswer;
  return `${spf} for ${domain}` + (mechanism === undefined ? "" : ` by ${mechanism}`) +
    (weakness === undefined ? "" : `, which identifies nobody: ${weakness}`);
}

/** SPF and DNS list results. */
export function dnsTerms(report: Report): EvidenceTerm[] {
  const { spf, weakness, weighed } = report;
  const speaks = weakness === undefined ? SPF_SPEAKS[spf] : undefined;
  const lists = weighed.filter(({ what }) => !Object.hasOwn(SIGNAL_WEIGHTS, what));
  return [
    { what: "SPF", found: spfFound(report), speaks },
    ...lists.map(({ what, weight }) => ({
      what: "DNS list",
      found: `${what} names the client, weight ${weight}`,
      speaks: weight > 0 ? "against" as const : "for" as const,
    })),
  ];
}
