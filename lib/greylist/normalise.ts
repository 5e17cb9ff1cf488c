/**
 * Senders and recipients in the form in which they are compared, so that each new message of a
 * mailing list or a newsletter is not taken for a new sender.
 *
 * @module
 */
import { canonicalDomain, splitAddress } from "../net/email_address.ts";

/** BATV (draft-levine-smtp-batv): `prvs=KDDDSSSSSS=local`, and Barracuda's `btv1==HASH==local`. */
const BATV = /^(?:prvs=[0-9a-z]+=|btv1==[^=]*==)(.+)$/is;

/** The Sender Rewriting Scheme: `SRS0=HASH=DAY=domain=local`; `=` may be `+` or `-` at first. */
const SRS0 = /^SRS0[=+-][^=]*=[^=]*=([^=]+)=(.+)$/is;

/** A forwarder behind a forwarder: `SRS1=HASH=forwarder==HASH=DAY=domain=local`. */
const SRS1 = /^SRS1[=+-][^=]*=[^=]+=[=+-][^=]*=[^=]*=([^=]+)=(.+)$/is;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** What every form that is folded has in it. */
const FOLDABLE = /[0-9=+]|[a-f]{12}|_at_|\.at\.|#/i;

/** A NUL separates the parts of a triplet. */
function withoutNul(address: string): string {
  return address.includes("\0") ? address.replaceAll("\0", "") : address;
}

function withoutExtension(local: string, delimiter = "+"): string {
  const at = local.indexOf(delimiter);
  return at > 0 ? local.slice(0, at) : local;
}

function foldWord(word: string): string {
  if (/^[0-9]+$/.test(word)) return "#";
  if (/^[0-9a-f]+$/i.test(word) && word.length >= (/[0-9]/.test(word) ? 4 : 12)) return "#";
  const numbers = word.match(/[0-9]+/g) ?? [];
  // Letters and digits in turns are somebody's numbering in base 32, 36 or 64.
  if (word.length >= 8 && numbers.length >= 2) return "#";
  return word.replaceAll(/[0-9]{3,}/g, "#");
}

function foldNumbers(local: string): string {
  return local.replaceAll(UUID, "#").replaceAll(/[0-9a-z]+/gi, foldWord).replaceAll(
    /#(?:[-._=]#)+/g,
    "#",
  );
}

function escapeForPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** Variable Envelope Return Path: the recipient stands in the sender as `user=example.org`. */
function foldRecipient(local: string, recipient: string): string {
  const { local: user, domain } = splitAddress(recipient);
  if (user === "" || domain === "" || local.length < user.length + domain.length) return local;
  const embedded = new RegExp(
    `${escapeForPattern(user)}(?:=|_at_|\\.at\\.|#)${escapeForPattern(domain)}`,
    "i",
  );
  return local.replace(embedded, "#");
}

/**
 * The sender in the form in which it is compared: lower-case domain in A-labels; BATV and SRS
 * undone; the recipient inside the sender, extensions, numbers and hex runs folded.
 *
 * @param sender the sender as Postfix passes it; empty for the null sender.
 * @param recipient the recipient as Postfix passes it.
 */
export function normaliseSender(sender: string, recipient: string): string {
  let { local, domain } = splitAddress(withoutNul(sender));
  // Most senders are people, and there is nothing to fold.
  if (!FOLDABLE.test(local)) return domain === "" ? local : `${local}@${canonicalDomain(domain)}`;
  local = BATV.exec(local)?.[1] ?? local;
  const rewritten = SRS0.exec(local) ?? SRS1.exec(local);
  if (rewritten !== null) [, domain, local] = rewritten as unknown as [string, string, string];
  local = foldNumbers(withoutExtension(foldRecipient(local, recipient)));
  return domain === "" ? local : `${local}@${canonicalDomain(domain)}`;
}

/**
 * The recipient in the form in which it is compared: case folded, without `+extension`, its domain
 * in A-labels.
 */
export function normaliseRecipient(recipient: string): string {
  const { local, domain } = splitAddress(withoutNul(recipient));
  const user = withoutExtension(local.toLowerCase());
  return domain === "" ? user : `${user}@${canonicalDomain(domain)}`;
}
