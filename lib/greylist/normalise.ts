/**
 * Comparable forms of senders and recipients. All of them ignore case.
 *
 * @module
 */
import {
  canonicalDomain,
  isPlain,
  mayHaveExtension,
  splitAddress,
  withoutExtension,
} from "../net/email_address.ts";
import { registrableDomain } from "../net/hostname.ts";

/**
 * BATV (draft-levine-smtp-batv): `prvs=TAG=local`, the twisted form `prvs=local=TAG`, Barracuda's
 * `btv1==HASH==local` and Momentum's `msprvs1=TAG=local`.
 */
const BATV = /^(?:prvs=[0-9a-z]+=|btv1==[^=]*==|msprvs1=[^=]*=)(.+)$/s;
const TWISTED_BATV = /^prvs=([^=]+)=[0-9]{4}[0-9a-f]{6}$/;

/** The Sender Rewriting Scheme: `SRS0=HASH=DAY=domain=local`; the first `=` may be `+` or `-`. */
const SRS0 = /^srs0[=+-][^=]*=[^=]*=([^=]+)=(.+)$/s;

/** A second forwarder: `SRS1=HASH=forwarder==HASH=DAY=domain=local`. */
const SRS1 = /^srs1[=+-][^=]*=[^=]+=[=+-][^=]*=[^=]*=([^=]+)=(.+)$/s;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Any form that is undone or folded contains one of these. */
const FOLDABLE = /[0-9=+]|[a-f]{12}|_at_|\.at\.|#/;

/** Providers whose domain many unrelated people share: their addresses are people, and never fold. */
const MAILBOX_PROVIDERS: ReadonlySet<string> = new Set(
  ("aol.com bluewin.ch daum.net fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de " +
    "gmx.net googlemail.com hanmail.net hotmail.co.uk hotmail.com hotmail.de hotmail.fr hotmail.it icloud.com " +
    "laposte.net libero.it live.com mac.com mail.com mail.ru mailbox.org me.com msn.com naver.com orange.fr " +
    "outlook.com outlook.de outlook.fr pm.me posteo.de proton.me protonmail.com qq.com rambler.ru sfr.fr " +
    "t-online.de tutanota.com wanadoo.fr web.de yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.fr " +
    "yandex.com yandex.ru ymail.com zoho.com 126.com 163.com").split(" "),
);

const AT_SIGN = 0x40;

/** Maximum letters of a word in a plain sender; fewer than a hexadecimal run. */
const PLAIN_WORD = 11;

/**
 * Whether a sender is its own comparable form, which most are: in lower case, its local part one or two
 * short words of letters. The null sender is plain.
 */
export function isPlainSender(sender: string): boolean {
  if (sender === "") return true;
  let letters = 0;
  let words = 1;
  for (let at = 0; at < sender.length; at++) {
    const code = sender.charCodeAt(at);
    if (code >= 0x61 && code <= 0x7a) {
      if (++letters > PLAIN_WORD) return false;
    } else if (letters === 0) {
      return false;
    } else if (code === AT_SIGN) {
      return at + 1 < sender.length && sender.indexOf("@", at + 1) === -1 && isPlain(sender);
    } else if (code === 0x2e || code === 0x2d || code === 0x5f) {
      if (++words > 2) return false;
      letters = 0;
    } else {
      return false;
    }
  }
  return false;
}

/** A NUL separates the parts of a key. */
function withoutNul(address: string): string {
  return address.includes("\0") ? address.replaceAll("\0", "") : address;
}

function joined(local: string, domain: string): string {
  return domain === "" ? local : `${local}@${canonicalDomain(domain)}`;
}

function withoutBatv(local: string): string {
  return TWISTED_BATV.exec(local)?.[1] ?? BATV.exec(local)?.[1] ?? local;
}

/**
 * The sender as a retry repeats it: in lower case, without a BATV tag and without the hash and day of
 * SRS, which a server makes anew for each delivery. Everything else stays.
 */
export function retrySender(sender: string): string {
  const { local, domain } = splitAddress(withoutNul(sender).toLowerCase());
  if (!local.includes("=")) return joined(local, domain);
  const plain = withoutBatv(local);
  const rewritten = SRS0.exec(plain) ?? SRS1.exec(plain);
  if (rewritten === null) return joined(plain, domain);
  return joined(`srs0===${rewritten[1]}=${rewritten[2]}`, domain);
}

/** By far the most common delimiter; that of a sender's site is unknown. */
const SENDER_DELIMITER = "+";

function foldWord(word: string): string {
  if (/^[0-9]+$/.test(word)) return "#";
  if (/^[0-9a-f]+$/.test(word) && word.length >= (/[0-9]/.test(word) ? 4 : 12)) return "#";
  const numbers = word.match(/[0-9]+/g) ?? [];
  // Letters and digits in turns are a number in base 32, 36 or 64.
  if (word.length >= 8 && numbers.length >= 2) return "#";
  return word.replaceAll(/[0-9]{3,}/g, "#");
}

function foldNumbers(local: string): string {
  return local.replaceAll(UUID, "#").replaceAll(/[0-9a-z]+/g, foldWord).replaceAll(
    /#(?:[-._=]#)+/g,
    "#",
  );
}

function escapeForPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** Variable Envelope Return Path: the sender contains the recipient as `user=example.org`. */
function foldRecipient(local: string, recipient: string): string {
  const { local: user, domain } = splitAddress(recipient.toLowerCase());
  if (user === "" || domain === "" || local.length < user.length + domain.length) return local;
  const embedded = new RegExp(
    `${escapeForPattern(user)}(?:=|_at_|\\.at\\.|#)${escapeForPattern(domain)}`,
  );
  return local.replace(embedded, "#");
}

/**
 * The sender of a relation: BATV and SRS undone, an embedded recipient, extensions, numbers and
 * hexadecimal runs folded to `#`.
 *
 * @param sender the sender as Postfix passes it; empty for the null sender.
 */
export function foldSender(sender: string, recipient: string): string {
  let { local, domain } = splitAddress(withoutNul(sender).toLowerCase());
  // Most senders are people with nothing to fold.
  if (!FOLDABLE.test(local)) return joined(local, domain);
  local = withoutBatv(local);
  const rewritten = SRS0.exec(local) ?? SRS1.exec(local);
  if (rewritten !== null) [, domain, local] = rewritten as unknown as [string, string, string];
  local = withoutExtension(foldRecipient(local, recipient), SENDER_DELIMITER);
  const canonical = canonicalDomain(domain);
  if (!MAILBOX_PROVIDERS.has(canonical)) local = foldNumbers(local);
  return canonical === "" ? local : `${local}@${canonical}`;
}

/** A local part that a person or a role keeps: up to three short words, and a number at the end. */
const STABLE = /^[a-z]{1,15}(?:[._-][a-z]{1,15}){0,2}[0-9]{0,4}$/;

/** A name such as `JohnMcDonald` changes to upper case twice; a token does so more often. */
const MAX_CASE_CHANGES = 2;
const CASE_CHANGE = /[a-z][A-Z]/g;

/** Maximum length of a local part (RFC 5321, 4.5.3.1.1). */
const MAX_LOCAL = 64;

/**
 * Whether a local part looks as if it changes from message to message, such as a bounce address with
 * a token in it.
 *
 * @param local the local part as given: mixed case counts.
 */
export function isUnstable(local: string): boolean {
  if (local.length > MAX_LOCAL || !STABLE.test(local.toLowerCase())) return true;
  return (local.match(CASE_CHANGE)?.length ?? 0) > MAX_CASE_CHANGES;
}

/**
 * The sender of a relation with a whole domain, `@example.org`, for a sender with an unstable local
 * part.
 *
 * @returns undefined for a stable local part, a mailbox provider, the null sender and a domain that is
 * a public suffix.
 */
export function domainSender(sender: string): string | undefined {
  const { local, domain } = splitAddress(sender);
  if (domain === "" || !isUnstable(local)) return undefined;
  const registrable = registrableDomain(canonicalDomain(domain));
  if (registrable === undefined || MAILBOX_PROVIDERS.has(registrable)) return undefined;
  return `@${registrable}`;
}

/**
 * The recipient in lower case, without its extension, its domain in A-labels.
 *
 * @param delimiter the setting `recipient_delimiter`.
 */
export function normaliseRecipient(recipient: string, delimiter: string): string {
  if (isPlain(recipient) && !mayHaveExtension(recipient, delimiter) && !recipient.endsWith("@")) {
    return recipient;
  }
  const { local, domain } = splitAddress(withoutNul(recipient).toLowerCase());
  return joined(withoutExtension(local, delimiter), domain);
}

/** Words by which automatic senders of codes and notices name themselves. */
const AUTOMATIC_WORDS: ReadonlySet<string> = new Set(
  ("2fa account accounts alert alerts auth authentication code codes confirm confirmation donotreply " +
    "login mfa noreply notification notifications notify otp password passwort registration security " +
    "service signin signup sicherheit verification verify").split(" "),
);

/** Whether the local part is one that sends login codes, such as `no-reply` or `security`. */
export function isAutomaticSender(sender: string): boolean {
  const local = splitAddress(sender).local.toLowerCase();
  const words = local.split(/[^a-z0-9]+/);
  return words.some((word) => AUTOMATIC_WORDS.has(word)) ||
    /(?:no|do[-_.]?not)[-_.]?reply/.test(local);
}
