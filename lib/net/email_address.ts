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

/**
 * The form in which domains are compared: lower case, without a final dot, international labels as
 * A-labels (RFC 5890; UTS 46 mapping). Invalid domains are only converted to lower case.
 */
export function canonicalDomain(domain: string): string {
  const lower = domain.toLowerCase().replace(/\.$/, "");
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(lower)) return lower;
  // The URL parser applies UTS 46, but takes these characters for delimiters.
  if (/[\s/\\?#@:%[\]<>^|]/.test(lower)) return lower;
  const url = URL.parse(`http://${lower}/`);
  return url === null || url.hostname === "" ? lower : url.hostname.replace(/\.$/, "");
}
