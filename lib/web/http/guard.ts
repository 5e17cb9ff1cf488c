/**
 * Who may ask the status page, from where a change may come, and what a browser may do with answers.
 *
 * @module
 */
import { isLoopback, parseAddress } from "../../net/network.ts";

/** What the page goes by. */
export interface Names {
  /** The names of the settings, in lower case. */
  readonly names: readonly string[];
  /** Whether it listens where others reach it: then it goes by any IP address. */
  readonly isOpen: boolean;
}

/** The host of a `Host` header (RFC 9110, 7.2) without its port, in lower case. */
function hostOf(header: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(header);
  return (bracketed?.[1] ?? header.replace(/:\d*$/, "")).toLowerCase().replace(/\.$/, "");
}

/**
 * Whether a request names a host that this server goes by. A web page on the Internet can have its own
 * name resolved to any address, and would then read what its visitor can reach (DNS rebinding); the
 * name in `Host` gives it away. An address cannot be rebound.
 *
 * @param header the `Host` header; null if there is none.
 */
export function isKnownHost(header: string | null, { names, isOpen }: Names): boolean {
  if (header === null || header === "") return false;
  const host = hostOf(header);
  if (host === "localhost" || names.includes(host)) return true;
  const address = parseAddress(host);
  return address !== undefined && (isOpen || isLoopback(address));
}

/** What a browser tells of where a request comes from. */
export interface Source {
  /** The `Host` header, which is known. */
  readonly host: string | null;
  /** The `Origin` header (RFC 6454). */
  readonly origin: string | null;
  /** The `Sec-Fetch-Site` header (W3C Fetch Metadata). */
  readonly fetchSite: string | null;
}

/**
 * Whether a change comes from one of our own pages, as the browser tells: not only from this machine,
 * since another server on it is another origin, though not another site.
 */
export function isOwnOrigin({ host, origin, fetchSite }: Source, { names }: Names): boolean {
  if (fetchSite !== null && fetchSite !== "same-origin") return false;
  // A browser leaves the origin out, or makes it `null`, where it is not to be told; the other header
  // it sends all the same.
  if (origin === null || origin === "null") return fetchSite === "same-origin";
  const from = /^https?:\/\/([^/]+)$/.exec(origin)?.[1]?.toLowerCase();
  if (from === undefined) return false;
  return from === host?.toLowerCase() || names.includes(hostOf(from));
}

/** What every answer tells a browser: nothing from elsewhere, in no frame, nothing to guess or to tell. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; " +
    "img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; " +
    "base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};
