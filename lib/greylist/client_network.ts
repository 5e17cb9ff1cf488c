/**
 * The network of a client: the IPv4 /24 or IPv6 /64 by default.
 *
 * @module
 */
import { formatNetwork, type IpAddress, networkOf } from "../net/network.ts";
import type { Rules } from "./rules.ts";

type Prefixes = Pick<Rules, "ipv4Prefix" | "ipv6Prefix">;

function prefixFor({ family }: IpAddress, { ipv4Prefix, ipv6Prefix }: Prefixes): number {
  return family === 4 ? ipv4Prefix : ipv6Prefix;
}

/** The text of the network of an address, such as `192.0.2.0/24`. */
export function networkText(address: IpAddress, rules: Prefixes): string {
  return formatNetwork(networkOf(address, prefixFor(address, rules)));
}

/** The network of one client. Its text is made once for a prefix length. */
export class ClientNetwork {
  readonly #address: IpAddress;
  #prefix = -1;
  #origin = "";

  constructor(address: IpAddress) {
    this.#address = address;
  }

  /** The origin, such as `net:192.0.2.0/24`. */
  origin(rules: Prefixes): string {
    const prefix = prefixFor(this.#address, rules);
    if (prefix !== this.#prefix) {
      this.#prefix = prefix;
      this.#origin = `net:${networkText(this.#address, rules)}`;
    }
    return this.#origin;
  }
}
