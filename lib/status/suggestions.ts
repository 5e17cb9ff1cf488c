/**
 * What an administrator may want to allow or block who looks at a piece of mail; pure.
 *
 * @module
 */
import { originsOf } from "../greylist/origin.ts";
import type { Rules } from "../greylist/rules.ts";
import type { Topic } from "../lists/pattern.ts";
import { splitAddress } from "../mail/address.ts";
import { organisationOf, verifiedName } from "../mail/hostname.ts";
import { parseAddress } from "../mail/network.ts";

/** One pattern that fits. */
export interface Suggestion {
  /** What it is about. */
  readonly topic: Topic;
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
    suggestions.push({ topic: "sender", pattern: "<>", words: "all bounces (the null sender)" });
  } else {
    suggestions.push({ topic: "sender", pattern: sender, words: "this sender" });
  }
  if (domain !== "") {
    suggestions.push({
      topic: "sender",
      pattern: domain,
      words: "all senders of this domain, even forged ones",
    });
    const words = "whatever host this domain's SPF record authorises";
    suggestions.push({ topic: "client", pattern: `spf:${domain}`, words });
  }
  const address = parseAddress(clientAddress);
  const name = verifiedName(clientName);
  if (name !== undefined) {
    suggestions.push({ topic: "client", pattern: name, words: "this client, by its name" });
  }
  if (address !== undefined) {
    const organisation = organisationOf(name, address);
    if (organisation !== undefined) {
      const words = "whatever host this organisation runs";
      suggestions.push({ topic: "client", pattern: `org:${organisation}`, words });
    }
    suggestions.push({ topic: "client", pattern: clientAddress, words: "this client's address" });
    const network = originsOf(address, undefined, rules)[0]!.value;
    suggestions.push({ topic: "client", pattern: network, words: "this client's network" });
  }
  suggestions.push({ topic: "recipient", pattern: recipient, words: "all mail to this recipient" });
  return suggestions;
}
