/**
 * What an administrator may want to allow or block who looks at a piece of mail; pure.
 *
 * @module
 */
import { originsOf } from "../../greylist/origin.ts";
import type { Rules } from "../../greylist/rules.ts";
import type { MatchOn } from "../../lists/pattern.ts";
import { splitAddress } from "../../net/email_address.ts";
import { organisationOf, verifiedName } from "../../net/hostname.ts";
import { parseAddress } from "../../net/network.ts";

/** One pattern that fits. */
export interface Suggestion {
  /** What it is about. */
  readonly matchOn: MatchOn;
  /** The pattern; hostile text. */
  readonly pattern: string;
  /** What it means. */
  readonly words: string;
}

/** A piece of mail, as a decision or what was put off shows it. All texts are hostile. */
export interface Mail {
  /** The client's address. */
  readonly clientAddress: string;
  /** The client's name; `unknown` for an unverified one. */
  readonly clientName: string;
  /** The sender; empty for the null sender. */
  readonly sender: string;
  /** The recipient. */
  readonly recipient: string;
}

/** Patterns that fit a piece of mail, from narrow to wide. */
export function suggestionsFor(
  { clientAddress, clientName, sender, recipient }: Mail,
  rules: Rules,
): Suggestion[] {
  const suggestions: Suggestion[] = [];
  const { domain } = splitAddress(sender);
  if (sender === "") {
    suggestions.push({ matchOn: "sender", pattern: "<>", words: "all bounces (the null sender)" });
  } else {
    suggestions.push({ matchOn: "sender", pattern: sender, words: "this sender" });
  }
  if (domain !== "") {
    suggestions.push({
      matchOn: "sender",
      pattern: domain,
      words: "all senders of this domain, even forged ones",
    });
    const words = "whatever host this domain's SPF record authorises";
    suggestions.push({ matchOn: "client", pattern: `spf:${domain}`, words });
  }
  const address = parseAddress(clientAddress);
  const name = verifiedName(clientName);
  if (name !== undefined) {
    suggestions.push({ matchOn: "client", pattern: name, words: "this client, by its name" });
  }
  if (address !== undefined) {
    const organisation = organisationOf(name, address);
    if (organisation !== undefined) {
      const words = "whatever host this organisation runs";
      suggestions.push({ matchOn: "client", pattern: `org:${organisation}`, words });
    }
    suggestions.push({ matchOn: "client", pattern: clientAddress, words: "this client's address" });
    const network = originsOf(address, undefined, rules)[0]!.value;
    suggestions.push({ matchOn: "client", pattern: network, words: "this client's network" });
  }
  suggestions.push({
    matchOn: "recipient",
    pattern: recipient,
    words: "all mail to this recipient",
  });
  return suggestions;
}
