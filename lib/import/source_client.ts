/**
 * Clients of other greylisting servers, which store an address or the first address of a network.
 *
 * @module
 */
import { networkText } from "../greylist/client_network.ts";
import type { Rules } from "../greylist/rules.ts";
import { formatAddress, type IpAddress } from "../net/network.ts";

export interface SourceClient {
  /** Its network, such as `net:192.0.2.0/24`. */
  readonly network: string;
  /** Its address, such as `ip:192.0.2.7`; absent where only the network is known. */
  readonly ip?: string;
  /** The narrowest of both. */
  readonly origin: string;
}

/** @param isNetwork the source stored a network of its own size. */
export function sourceClient(
  address: IpAddress,
  rules: Pick<Rules, "ipv4Prefix" | "ipv6Prefix">,
  isNetwork = isFirst(address, rules),
): SourceClient {
  const network = `net:${networkText(address, rules)}`;
  if (isNetwork) return { network, origin: network };
  const ip = `ip:${formatAddress(address)}`;
  return { network, ip, origin: ip };
}

/** True for the first address of a network: these servers store a network so. */
function isFirst(
  address: IpAddress,
  rules: Pick<Rules, "ipv4Prefix" | "ipv6Prefix">,
): boolean {
  return networkText(address, rules).split("/")[0] === formatAddress(address);
}
