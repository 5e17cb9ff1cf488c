/**
 * List patterns that match a message, for an administrator to choose from.
 *
 * @module
 */
import { makeClient } from "../greylist/client.ts";
import { networkText } from "../greylist/client_network.ts";
import type { Rules } from "../greylist/rules.ts";
import type { MatchOn } from "../lists/pattern.ts";
import { splitAddress } from "../net/email_address.ts";
import { verifiedName } from "../net/hostname.ts";
import { parseAddress } from "../net/network.ts";

export interface Suggestion {
  readonly matchOn: MatchOn;
  /** Hostile text. */
  readonly pattern: string;
  readonly meaning: string;
}

/** The client and envelope of a message; hostile texts. */
export interface Mail {
  readonly clientAddress: string;
  /** `unknown` for an unverified name. */
  readonly clientName: string;
  /** Empty for the null sender. */
  readonly sender: string;
  readonly recipient: string;
}

/** Patterns from specific to general, senders first. */
export function suggestionsFor(
  { clientAddress, clientName, sender, recipient }: Mail,
  rules: Rules,
): Suggestion[] {
  const suggestions: Suggestion[] = [];
  const suggest = (matchOn: MatchOn, pattern: string, meaning: string) =>
    suggestions.push({ matchOn, pattern, meaning });
  const { domain } = splitAddress(sender);
  if (sender === "") suggest("sender", "<>", "all bounces (null sender)");
  else suggest("sender", sender, "this sender");
  if (domain !== "") {
    suggest("sender", domain, "all senders of this domain, including forged ones");
    suggest("client", `spf:${domain}`, "all clients that this domain's SPF record authorises");
  }
  const address = parseAddress(clientAddress);
  const name = verifiedName(clientName);
  if (name !== undefined) suggest("client", name, "this client's name");
  if (address !== undefined) {
    const { organisation } = makeClient(address, clientName);
    if (organisation !== undefined) {
      suggest("client", `org:${organisation}`, "all clients of this organisation");
    }
    suggest("client", clientAddress, "this client's address");
    suggest("client", networkText(address, rules), "this client's network");
  }
  suggest("recipient", recipient, "all mail to this recipient");
  return suggestions;
}
