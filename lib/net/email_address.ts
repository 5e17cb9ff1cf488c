/** Email addresses and their domains. */

export interface AddressParts {
  /** The text before the last `@`; everything if there is none. */
  readonly local: string;
  /** The text after it, as given; empty if there is no `@`. */
  readonly domain: string;
}

/**
 * Splits an address as Postfix passes it: without angle brackets, the local part unquoted, so that
 * only the last `@` separates (RFC 5321, section 4.1.2).
 */
export function splitAddress(address: string): AddressParts {
  const at = address.lastIndexOf("@");
  if (at === -1) return { local: address, domain: "" };
  return { local: address.slice(0, at), domain: address.slice(at + 1) };
}

/** Greylag's default of Postfix's recipient_delimiter. */
export const DEFAULT_RECIPIENT_DELIMITER = "+";

/** Local parts that Postfix never splits (postconf(5), recipient_delimiter and owner_request_special). */
const UNSPLIT = /^(?:postmaster|mailer-daemon|double-bounce)$/;
const OWNER_OR_REQUEST = /^owner-|.-request$/;

/**
 * The local part without its extension: Postfix splits at the first character of its delimiters, never
 * at the beginning.
 *
 * @param local in lower case.
 * @param delimiter any of these characters.
 */
export function withoutExtension(local: string, delimiter: string): string {
  let end = local.length;
  for (let at = 0; at < delimiter.length; at++) {
    const found = local.indexOf(delimiter[at]!);
    if (found !== -1 && found < end) end = found;
  }
  if (end === 0 || end === local.length || UNSPLIT.test(local)) return local;
  if (delimiter.includes("-") && OWNER_OR_REQUEST.test(local)) return local;
  return local.slice(0, end);
}

/** Whether an address may have an extension. */
export function mayHaveExtension(address: string, delimiter: string): boolean {
  for (let at = 0; at < delimiter.length; at++) {
    const found = address.indexOf(delimiter[at]!);
    if (found > 0) {
      const end = address.lastIndexOf("@");
      if (end === -1 || found < end) return true;
    }
  }
  return false;
}

const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const DELETE = 0x7f;

/**
 * Whether a text is ASCII without a NUL, in lower case and without a final dot: most domains and
 * addresses are.
 */
export function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0 || code > DELETE || code >= UPPER_A && code <= UPPER_Z) return false;
  }
  return !text.endsWith(".");
}

/**
 * The form in which domains are compared: lower case, without a final dot, international labels as
 * A-labels (RFC 5890; UTS 46 mapping). Invalid domains are only converted to lower case.
 */
export function canonicalDomain(domain: string): string {
  if (isPlain(domain)) return domain;
  const lower = domain.toLowerCase().replace(/\.$/, "");
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(lower)) return lower;
  // The URL parser applies UTS 46, but takes these characters for delimiters.
  if (/[\s/\\?#@:%[\]<>^|]/.test(lower)) return lower;
  const url = URL.parse(`http://${lower}/`);
  return url === null || url.hostname === "" ? lower : url.hostname.replace(/\.$/, "");
}
