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

function escaped(text: string, unsafe: RegExp, max: number): string {
  const shown = text.replaceAll(
    unsafe,
    (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`,
  );
  return shown.length <= max ? shown : `${shown.slice(0, max)}…`;
}

/** Everything but letters, digits and signs that do not separate words or begin a link. */
const NOT_LOCAL = /[^\p{L}\p{N}._+=#-]|\p{Default_Ignorable_Code_Point}/gu;
const NOT_DOMAIN = /[^\p{L}\p{N}.-]|\p{Default_Ignorable_Code_Point}/gu;

/** A mail address; the null sender as `<>`. */
export function addressText(address: string): string {
  if (address === "") return "<>";
  const { local, domain } = splitAddress(address);
  const shown = escaped(local, NOT_LOCAL, MAX_LOCAL);
  return domain === "" ? shown : `${shown}@${escaped(domain, NOT_DOMAIN, MAX_DOMAIN)}`;
}

/** A host name or an IP address. */
export function hostText(name: string): string {
  return escaped(name, /[^A-Za-z0-9.:_-]/gu, MAX_DOMAIN);
}
