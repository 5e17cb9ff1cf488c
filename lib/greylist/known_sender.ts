/**
 * Senders and domains that are known for every recipient, from certain networks or addresses. Nothing
 * earns this here: sqlgrey auto-whitelists so, and an import keeps it.
 *
 * @module
 */
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import type { Attempt } from "./attempt.ts";
import type { RelationKey } from "./model.ts";
import { foldSender } from "./normalise.ts";
import type { Origins } from "./origins.ts";

/** The recipient of such a relation, with its origin. No normalised recipient has capital letters. */
const ANY_RECIPIENT = "ANY ";

/** A reputation whose lifetime tells that there are such relations, so that others save the lookup. */
export const KNOWN_SENDERS_MARK = "any-recipient:";

/** sqlgrey writes `RCPT` for the recipient within a sender, and `#` for what changes. */
const FOLDED_BY_SQLGREY = /#|RCPT/g;

/** Takes the place of both: a number that BATV, SRS and folding recognise. */
const NUMBER = "0000000000";

/** Parts of a local part that sqlgrey folds, or that it separates. */
const PARTS = /[^a-z0-9#]+/;

/**
 * A form that a sender and sqlgrey's folded form of it share: whatever looks like a number, and what
 * follows a word for a bounce, becomes `#`.
 */
function coarseSender(folded: string, recipient: string): string {
  const { local, domain } = splitAddress(folded);
  const own = new Set(splitAddress(recipient).local.split(PARTS));
  const parts = local.split(PARTS).map((part) =>
    /^[0-9a-f]*$/.test(part) || part.includes("#") || own.has(part) ? "#" : part
  );
  const bounce = parts.findIndex((part) => /(?:bo|bounce|notice)$/.test(part));
  const kept = bounce === -1 ? parts : [...parts.slice(0, bounce + 1), "#"];
  return `${kept.filter((part, at) => part !== "#" || kept[at - 1] !== "#").join("-")}@${domain}`;
}

function keyOf(sender: string, origin: string): RelationKey {
  return { sender, recipient: ANY_RECIPIENT + origin };
}

export function isForAnyRecipient({ recipient }: RelationKey): boolean {
  return recipient.startsWith(ANY_RECIPIENT);
}

/**
 * The key of a sender that sqlgrey auto-whitelisted.
 *
 * @param sender as sqlgrey stored it; empty for the null sender.
 */
export function knownSenderKey(sender: string, origin: string): RelationKey {
  const { local, domain } = splitAddress(sender);
  const plain = local.replaceAll(FOLDED_BY_SQLGREY, NUMBER);
  if (plain === local) return keyOf(foldSender(sender, ""), origin);
  return keyOf(coarseSender(foldSender(`${plain}@${domain}`, ""), ""), origin);
}

/** The key of a domain that sqlgrey auto-whitelisted. */
export function knownDomainKey(domain: string, origin: string): RelationKey {
  return keyOf(`@${canonicalDomain(domain)}`, origin);
}

/** The relations by which an attempt may be known whatever its recipient. */
export function knownSenderKeys(
  { sender, recipient }: Attempt,
  { net, ip }: Origins,
): RelationKey[] {
  const forms = [foldSender(sender, recipient)];
  if (sender !== "") {
    const coarse = coarseSender(forms[0]!, recipient.toLowerCase());
    if (coarse !== forms[0]) forms.push(coarse);
    forms.push(`@${canonicalDomain(splitAddress(sender).domain)}`);
  }
  return [net, ip].flatMap((origin) => forms.map((form) => keyOf(form, origin)));
}
