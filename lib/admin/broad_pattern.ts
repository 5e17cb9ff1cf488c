/**
 * Patterns that match so much that they are likely a mistake. Pure.
 *
 * @module
 */
import type { Pattern } from "../lists/pattern.ts";
import { registrableDomain } from "../net/hostname.ts";

/** Shortest prefix lengths of one network of mail: the largest allocations of the registries. */
const SHORTEST_PREFIX = { 4: 8, 6: 16 };

/** Texts without anything in common that an expression might be meant for. */
const UNRELATED = ["mail.example.org", "a1b2.test", "quux@9.invalid"];

/** @returns what the pattern covers, or undefined if it is narrow enough. */
export function breadthOf(pattern: Pattern): string | undefined {
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
      return UNRELATED.every((text) => pattern.expression.test(text)) ? "every text" : undefined;
    default:
      return undefined;
  }
}
