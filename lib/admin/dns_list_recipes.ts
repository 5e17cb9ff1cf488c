/**
 * DNS lists that `greylag lists enable` offers, and their terms of use; pure.
 *
 * @module
 */
import type { ZoneHealth } from "../dns/dnsbl.ts";

export interface DnsListRecipe {
  /** Name on the command line. */
  readonly name: string;
  readonly zone: string;
  readonly purpose: string;
  /** Values of `dns_lists`. */
  readonly lists: readonly string[];
  readonly terms: string;
  readonly url: string;
}

export const RECIPES: readonly DnsListRecipe[] = [
  {
    name: "zen",
    zone: "zen.spamhaus.org",
    purpose: "Spamhaus ZEN, a DNSBL: sources of spam and infected hosts are rejected when they " +
      "retry; dial-up and other policy networks only wait longer.",
    lists: [
      "zen.spamhaus.org=127.0.0.[2..9]*4:reject",
      "zen.spamhaus.org=127.0.0.[10..11]*4:accept",
    ],
    terms: "Free for non-commercial use with a low volume of mail, through a resolver of your own.",
    url: "https://www.spamhaus.org/organization/dnsblusage/",
  },
  {
    name: "dnswl",
    zone: "list.dnswl.org",
    purpose: "dnswl.org, a DNSWL: mail servers with a medium or high score skip greylisting.",
    lists: ["list.dnswl.org=127.0.[0..255].[2..3]*-4"],
    terms: "Free for non-commercial use below 100,000 queries a day.",
    url: "https://www.dnswl.org/?p=204",
  },
];

/** The return codes by which Spamhaus refuses a query. */
const REFUSALS: readonly (readonly [answer: string, meaning: string])[] = [
  ["127.255.255.252", "the zone's name is misspelled"],
  ["127.255.255.254", "the queries come through a public resolver"],
  ["127.255.255.255", "the resolver has sent too many queries"],
];

/** Why this resolver may not use a list; undefined if it may. */
export function refusalOf({ state, why = "" }: ZoneHealth): string | undefined {
  if (state === "works") return undefined;
  const meaning = REFUSALS.find(([answer]) => why.includes(answer))?.[1];
  return meaning === undefined ? why : `${why}: ${meaning}`;
}
