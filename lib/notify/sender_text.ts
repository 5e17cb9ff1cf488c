/**
 * Addresses and names from outside in notices. A mail program or a phone makes links of what looks
 * like one, so nothing that a stranger chooses may look like a link or run on as a sentence.
 *
 * @module
 */
import { splitAddress } from "../net/email_address.ts";

/** Characters of a local part, a domain and a host name that are shown. */
const MAX_LOCAL = 40;
const MAX_DOMAIN = 80;

/** @param max number of characters; an escaped one counts as all that it is written with. */
function escaped(text: string, unsafe: RegExp, max: number): string {
  let shown = "";
  let length = 0;
  for (const char of text) {
    const written = char.replace(unsafe, (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`);
    length += written.length;
    // Neither an escape nor a surrogate pair is cut.
    if (length > max) return `${shown}…`;
    shown += written;
  }
  return shown;
}

/** A host name that mail programs make a link of without a scheme: its full stop is escaped. */
const LIKE_HOST = /(www|ftp)(\d*)\./gi;

/** Everything but letters, digits and signs that do not separate words or begin a link. */
const NOT_LOCAL = /[^\p{L}\p{N}._+=#-]|\p{Default_Ignorable_Code_Point}/gu;
const NOT_DOMAIN = /[^\p{L}\p{N}.-]|\p{Default_Ignorable_Code_Point}/gu;

/** A mail address; the null sender as `<>`. */
export function addressText(address: string): string {
  if (address === "") return "<>";
  const { local, domain } = splitAddress(address);
  const shown = escaped(local, NOT_LOCAL, MAX_LOCAL).replaceAll(LIKE_HOST, "$1$2\\u{2e}");
  return domain === "" ? shown : `${shown}@${escaped(domain, NOT_DOMAIN, MAX_DOMAIN)}`;
}

/** A host name or an IP address. */
export function hostText(name: string): string {
  return escaped(name, /[^A-Za-z0-9.:_-]/gu, MAX_DOMAIN);
}
