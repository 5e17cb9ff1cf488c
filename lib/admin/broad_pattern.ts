/**
 * Patterns that match so much that they are likely a mistake. Pure.
 *
 * @module
 */
import type { MatchOn, Pattern } from "../lists/pattern.ts";
import { registrableDomain } from "../net/hostname.ts";

/** Shortest prefix lengths of one network of mail: the largest allocations of the registries. */
const SHORTEST_PREFIX = { 4: 8, 6: 16 };

const ADDRESSES = ["o@q.test", "4471@u2.invalid", "zv-9_3.first+last@mx.w-88.b.example"];

/**
 * Values of an attribute with nothing in common but its syntax: an expression that matches all of them
 * matches every value.
 */
const UNRELATED: Readonly<Record<MatchOn, readonly string[]>> = {
  client: ["q.test", "mx-7.u2.invalid", "a192-0-2-1.first.w-88.b.example"],
  sender: ADDRESSES,
  recipient: ADDRESSES,
};

const ALL: Readonly<Record<MatchOn, string>> = {
  client: "every host name",
  sender: "every sender",
  recipient: "every recipient",
};

/** @returns what the pattern covers, or undefined if it is narrow enough. */
export function breadthOf(matchOn: MatchOn, pattern: Pattern): string | undefined {
  switch (pattern.kind) {
    case "network": {
      const { family, prefix } = pattern.network;
      if (prefix >= SHORTEST_PREFIX[family]) return undefined;
      return prefix === 0
        ? `every IPv${family} address`
        : `more than a /${SHORTEST_PREFIX[family]} of IPv${family}`;
    }
    case "domain":
    case "organisation":
    case "spf": {
      const { domain } = pattern;
      if (registrableDomain(domain) !== undefined || !/[a-z]/.test(domain)) return undefined;
      return `every name below ${domain}, which is a public suffix`;
    }
    case "expression":
      return UNRELATED[matchOn].every((text) => pattern.expression.test(text))
        ? ALL[matchOn]
        : undefined;
    default:
      return undefined;
  }
}
