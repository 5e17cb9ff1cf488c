import { type Network, parseNetwork } from "../net/network.ts";

/**
 * Networks as Postfix's `mynetworks` lists them: separated by commas or spaces, IPv6 in brackets.
 *
 * @returns the first word that is no network instead, such as a table.
 */
export function parseOwnNetworks(
  text: string,
): { readonly networks: readonly Network[] } | { readonly invalid: string } {
  const networks: Network[] = [];
  for (const word of text.split(/[\s,]+/).filter((one) => one !== "")) {
    const network = parseNetwork(word.replace(/^\[(.*)\]/, "$1"));
    if (network === undefined) return { invalid: word };
    networks.push(network);
  }
  return { networks };
}
