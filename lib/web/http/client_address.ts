/**
 * The address of a client, as limits count it.
 *
 * @module
 */
import {
  contains,
  formatAddress,
  formatNetwork,
  type Network,
  networkOf,
  parseAddress,
} from "../../net/network.ts";

/** One subscriber has at least this much of IPv6 (RFC 6177). */
const IPV6_PREFIX = 64;

/** The part of an address that one visitor has alone: IPv4 address or IPv6 /64. */
export function limitKey(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === undefined) return address;
  return parsed.family === 4
    ? formatAddress(parsed)
    : formatNetwork(networkOf(parsed, IPV6_PREFIX));
}

/**
 * The address of a client behind reverse proxies: the last of `X-Forwarded-For` that is no trusted
 * proxy. Addresses before it are the client's own claim.
 *
 * @param peer the address that connects; anything else, such as a Unix socket, is a trusted proxy.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | undefined,
  trustedProxies: readonly Network[],
): string {
  const isTrusted = (text: string) => {
    const address = parseAddress(text);
    return address === undefined
      ? text === peer
      : trustedProxies.some((network) => contains(network, address));
  };
  const hops = (forwardedFor ?? "").split(",").map((hop) => hop.trim()).filter(Boolean);
  let client = peer;
  while (hops.length > 0 && isTrusted(client)) {
    const hop = hops.pop()!;
    if (parseAddress(hop) === undefined) break;
    client = hop;
  }
  return client;
}
