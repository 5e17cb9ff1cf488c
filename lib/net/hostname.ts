/**
 * Verified host names and registrable domains.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { domainBelowSuffix } from "./public_suffix.ts";

/**
 * The name that Postfix verified for a client: its address leads to the name and the name back to
 * the address.
 *
 * @param clientName Postfix's `client_name`, which is `unknown` for an unverified client.
 * @returns the name in lower case without a final dot, or undefined if there is none.
 */
export function verifiedName(clientName: string): string | undefined {
  const name = clientName.toLowerCase().replace(/\.$/, "");
  return name === "" || name === "unknown" ? undefined : name;
}

/** Names whose registrable domain is kept; NONE stands for none. */
const MAX_NAMES = 2000;
const NONE = "";
const domains = new LRUCache<string, string>({ max: MAX_NAMES });

/**
 * The registrable domain of a name by the Public Suffix List, private section included: the part
 * that one organisation registered (`mx1.mail.example.co.uk` belongs to `example.co.uk`).
 *
 * @param name a host or domain name in lower case, in ASCII form.
 * @returns the domain, or undefined if the name is a public suffix or no name.
 */
export function registrableDomain(name: string): string | undefined {
  if (name === "" || name.length > 253) return undefined;
  let domain = domains.get(name);
  if (domain === undefined) {
    domain = domainBelowSuffix(name, true) ?? NONE;
    domains.set(name, domain);
  }
  return domain === NONE ? undefined : domain;
}
