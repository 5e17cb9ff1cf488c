/**
 * Mail addresses: their two parts, and domains in one form.
 *
 * @module
 */

/** The two parts of a mail address. */
export interface AddressParts {
  /** What stands before the last `@`; everything if there is none. */
  readonly local: string;
  /** What stands behind it, as given; empty if there is no `@`. */
  readonly domain: string;
}

/**
 * Splits an address as Postfix passes it: without angle brackets, its local part unquoted, so that
 * only the last `@` separates (RFC 5321, 4.1.2).
 */
export function splitAddress(address: string): AddressParts {
  const at = address.lastIndexOf("@");
  if (at === -1) return { local: address, domain: "" };
  return { local: address.slice(0, at), domain: address.slice(at + 1) };
}

/**
 * A domain in the one form in which domains are compared: lower case, without a final dot, and with
 * international labels as A-labels (RFC 5890; UTS 46 mapping). Text that is no domain is only made
 * lower case.
 */
export function canonicalDomain(domain: string): string {
  const lower = domain.toLowerCase().replace(/\.$/, "");
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(lower)) return lower;
  // The URL parser knows UTS 46, but it would also take these apart as parts of a URL.
  if (/[\s/\\?#@:%[\]<>^|]/.test(lower)) return lower;
  const url = URL.parse(`http://${lower}/`);
  return url === null || url.hostname === "" ? lower : url.hostname.replace(/\.$/, "");
}
