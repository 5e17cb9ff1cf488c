/**
 * Who may ask the status server, and what a browser may do with its answers.
 *
 * @module
 */
import { isLoopback, parseAddress } from "../mail/network.ts";

/** The host of a `Host` header (RFC 9110, 7.2) without its port, in lower case. */
function hostOf(header: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(header);
  return (bracketed?.[1] ?? header.replace(/:\d*$/, "")).toLowerCase().replace(/\.$/, "");
}

/**
 * Whether a request names a host that this server goes by. A web page on the Internet can have its own
 * name resolved to a loopback address, and would then read what its visitor can reach (DNS rebinding);
 * the name in `Host` gives it away.
 *
 * @param header the `Host` header; null if there is none.
 * @param names the names of the settings, in lower case. Loopback addresses and `localhost` are known.
 */
export function isKnownHost(header: string | null, names: readonly string[]): boolean {
  if (header === null || header === "") return false;
  const host = hostOf(header);
  if (host === "localhost" || names.includes(host)) return true;
  const address = parseAddress(host);
  return address !== undefined && isLoopback(address);
}

/** What every answer tells a browser: nothing from elsewhere, in no frame, nothing to guess or to tell. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; " +
    "form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};
