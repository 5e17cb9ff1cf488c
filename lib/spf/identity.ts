/**
 * Whose SPF record is asked for (RFC 7208, 2.4 and 4.3).
 *
 * @module
 */
import { canonicalDomain, splitAddress } from "../net/email_address.ts";

/** Who the client says that it is. */
export interface Identity {
  /** The local part; `postmaster` if there is none. */
  readonly local: string;
  /** The domain in canonical form; empty if there is none. */
  readonly domain: string;
}

/** Who the client says that it is: the sender, or the HELO of a null sender. */
export function identityOf(sender: string, helo: string): Identity {
  if (sender === "") return { local: "postmaster", domain: canonicalDomain(helo) };
  const { local, domain } = splitAddress(sender);
  if (domain === "") return { local: "postmaster", domain: canonicalDomain(local) };
  return { local: local === "" ? "postmaster" : local, domain: canonicalDomain(domain) };
}
