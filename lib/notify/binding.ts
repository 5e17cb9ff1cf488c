/**
 * The origin that binds a recipient's entry to a sender. An entry for the bare address would be worth
 * nothing: anybody can forge it.
 *
 * @module
 */
import { makeClient } from "../greylist/client.ts";
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import { formatAddress, parseAddress } from "../net/network.ts";
import type { Deferral } from "../store/history.ts";

type Sent = Pick<
  Deferral,
  "sender" | "clientAddress" | "clientName" | "networkChanges" | "evidence"
>;

/**
 * `spf:` with the sender's domain where SPF passed, else `org:` with the organisation of the client's
 * verified name.
 *
 * @returns undefined for the null sender, and if neither identifies the client.
 */
export function originOf(
  { sender, clientAddress, clientName, networkChanges, evidence = [] }: Sent,
): string | undefined {
  const domain = canonicalDomain(splitAddress(sender).domain);
  if (domain === "") return undefined;
  const spf = evidence.find(({ what }) => what === "SPF");
  if (spf?.speaks === "for") return `spf:${domain}`;
  // The evidence is that of the first client, the name that of the last one.
  if (spf?.speaks === "against" || networkChanges > 0) return undefined;
  const address = parseAddress(clientAddress);
  const organisation = address && makeClient(address, clientName).organisation;
  return organisation === undefined ? undefined : `org:${organisation}`;
}

/**
 * The origin of mail that a recipient reports as spam: the same, or the client's exact address. So a
 * report of forged mail does not block the sender that was forged.
 */
export function reportedOrigin(deferral: Sent): string | undefined {
  const address = parseAddress(deferral.clientAddress);
  return originOf(deferral) ?? (address && `ip:${formatAddress(address)}`);
}
