/**
 * Findings about DNS lists.
 *
 * @module
 */
import type { ZoneHealth } from "../dns/dnsbl.ts";
import type { Finding } from "../postfix/postconf.ts";
import { refusalOf } from "./dns_list_recipes.ts";

export const RESOLVER_REMEDY =
  'Run a resolver on this host, such as unbound, and set dns_servers = ["127.0.0.1"].';

/** The DNS lists that do not work. */
export function dnsListFindings(lists: readonly ZoneHealth[]): Finding[] {
  return lists.flatMap((health): Finding[] => {
    const refusal = refusalOf(health);
    if (refusal === undefined) return [];
    const { zone, state } = health;
    return [{
      severity: "warning",
      what: `DNS list ${zone} ${
        state === "disabled" ? "is not used" : "is not confirmed"
      }: ${refusal}`,
      remedy: `Remove it from dns_lists, or make it work. ${RESOLVER_REMEDY}`,
    }];
  });
}

/** Advises to use a DNS list where none is set. */
export function dnsListAdvice(zones: readonly string[]): Finding[] {
  return zones.length > 0 ? [] : [{
    severity: "advice",
    what: "no DNS list is set, so every unknown client is greylisted",
    remedy:
      "Run: greylag lists enable zen. Listed clients are rejected then, and most others pass " +
      "without delay.",
  }];
}
