/** The patterns of list entries: clients, senders and recipients. */
import { RE2JS } from "re2js";
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import { formatNetwork, isSingle, type Network, parseNetwork } from "../net/network.ts";
import { messageOf } from "../text/error_message.ts";

/** The attributes that a pattern is matched against. */
export const MATCH_ON = ["client", "sender", "recipient"] as const;

export type MatchOn = typeof MATCH_ON[number];

/** A regular expression that takes linear time. */
export interface Expression {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
}

/** A parsed pattern; domains are canonical, addresses in lower case. */
export type Pattern =
  /** A client's address or network. */
  | { readonly kind: "network"; readonly network: Network }
  /** A verified host name, or the domain of a sender or recipient, with everything below it. */
  | { readonly kind: "domain"; readonly domain: string }
  /** Verified host names; only in the built-in list. */
  | { readonly kind: "glob"; readonly glob: string }
  /** A client's organisation. */
  | { readonly kind: "organisation"; readonly domain: string }
  /** Every client that a domain's SPF record authorises. */
  | { readonly kind: "spf"; readonly domain: string }
  /** An email address, a recipient's with any extension; empty for the null sender. */
  | { readonly kind: "address"; readonly address: string }
  /** A recipient at any domain, with any extension. */
  | { readonly kind: "user"; readonly user: string }
  /** Every client without a verified name; only in list files. */
  | { readonly kind: "unverified" }
  | { readonly kind: "expression"; readonly source: string; readonly expression: Expression };

export type Parsed =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly why: string };

const no = (why: string): Parsed => ({ ok: false, why });
const yes = (pattern: Pattern): Parsed => ({ ok: true, pattern });

const DOMAIN = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*$/;

/** An address literal (RFC 5321, section 4.1.3), loosely: enough to distinguish it from a domain. */
const ADDRESS_LITERAL = /^\[[a-z0-9.:-]{1,60}\]$/;

const NO_WILDCARD = "* is no wildcard; write example.org for all hosts, or @example.org for all " +
  "addresses, of a domain and everything below it";

function domainOf(text: string): string | undefined {
  const domain = canonicalDomain(text.replace(/^\./, ""));
  return DOMAIN.test(domain) ? domain : undefined;
}

/** Parses `/…/`; null for other texts. */
function parseExpression(text: string): Parsed | null {
  const source = /^\/(.+)\/$/s.exec(text)?.[1];
  if (source === undefined) return null;
  try {
    const expression = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
    return yes({ kind: "expression", source, expression });
  } catch (error) {
    return no(
      `${messageOf(error)} (the syntax is RE2's, which has no look-around and no back-references)`,
    );
  }
}

function parseClient(text: string): Parsed {
  if (text.toLowerCase() === "unknown") {
    return no("a client without a verified name has no pattern; only list files match `unknown`");
  }
  if (text.startsWith("org:")) {
    const domain = domainOf(text.slice(4));
    return domain === undefined
      ? no("org: must be followed by a domain, such as org:example.org")
      : yes({ kind: "organisation", domain });
  }
  if (text.startsWith("spf:")) {
    const domain = domainOf(text.slice(4));
    return domain === undefined || !domain.includes(".")
      ? no("spf: must be followed by a domain, such as spf:example.org")
      : yes({ kind: "spf", domain });
  }
  // postgrey's short forms: 192.0.2 is a /24, 10.1 a /16.
  const numbers = /^\d{1,3}(?:\.\d{1,3}){1,2}$/.test(text) ? text.split(".") : undefined;
  const whole = numbers === undefined
    ? text
    : `${[...numbers, "0", "0"].slice(0, 4).join(".")}/${numbers.length * 8}`;
  const network = parseNetwork(whole);
  if (network !== undefined) return yes({ kind: "network", network });
  if (/^[\d.]+(?:\/\d+)?$/.test(text) || text.includes(":")) {
    return no("not an address or network; write 192.0.2.1 or 2001:db8::/32");
  }
  const domain = domainOf(text);
  if (domain === undefined && text.includes("*")) return no(NO_WILDCARD);
  return domain === undefined
    ? no("not an address, network, host name, org:domain, spf:domain or /expression/")
    : yes({ kind: "domain", domain });
}

function parseMailbox(text: string, matchOn: "sender" | "recipient"): Parsed {
  if (matchOn === "sender" && text === "<>") return yes({ kind: "address", address: "" });
  const at = text.lastIndexOf("@");
  if (at === -1 || at === 0) {
    const domain = domainOf(text.slice(at + 1));
    if (domain === undefined && text.includes("*")) return no(NO_WILDCARD);
    return domain === undefined
      ? no("not an address, domain or /expression/")
      : yes({ kind: "domain", domain });
  }
  const { local, domain } = splitAddress(text);
  if (local === "*" || domain.includes("*")) return no(NO_WILDCARD);
  if (/[\s\p{Cc}]/u.test(text)) {
    return no("an address must not contain white space or control characters");
  }
  if (domain === "") {
    return matchOn === "recipient"
      ? yes({ kind: "user", user: local.toLowerCase() })
      : no("user@ without a domain matches recipients only");
  }
  const canonical = canonicalDomain(domain);
  if (!DOMAIN.test(canonical) && !ADDRESS_LITERAL.test(canonical)) {
    return no("the text after the @ is not a domain");
  }
  return yes({ kind: "address", address: `${local.toLowerCase()}@${canonical}` });
}

/**
 * Parses a pattern.
 *
 * - Clients: address, network, postgrey's short forms, verified host name, `org:domain`, `spf:domain`.
 * - Senders: address, `<>`, domain.
 * - Recipients: address, `user@`, domain.
 * - All: `/expression/` in RE2's syntax.
 *
 * Names and domains include their subdomains.
 */
export function parsePattern(matchOn: MatchOn, text: string): Parsed {
  const expression = parseExpression(text);
  if (expression !== null) return expression;
  return matchOn === "client" ? parseClient(text) : parseMailbox(text, matchOn);
}

/**
 * The attribute that a pattern is probably meant for.
 *
 * @returns undefined for an expression, which can be for any.
 */
export function guessMatchOn(text: string): MatchOn | undefined {
  if (text.startsWith("/")) return undefined;
  if (text.endsWith("@")) return "recipient";
  return text === "<>" || text.includes("@") ? "sender" : "client";
}

export function formatPattern(pattern: Pattern): string {
  switch (pattern.kind) {
    case "network": {
      const text = formatNetwork(pattern.network);
      return isSingle(pattern.network) ? text.slice(0, text.lastIndexOf("/")) : text;
    }
    case "domain":
      return pattern.domain;
    case "glob":
      return pattern.glob;
    case "organisation":
      return `org:${pattern.domain}`;
    case "spf":
      return `spf:${pattern.domain}`;
    case "address":
      return pattern.address === "" ? "<>" : pattern.address;
    case "user":
      return `${pattern.user}@`;
    case "unverified":
      return "unknown";
    case "expression":
      return `/${pattern.source}/`;
  }
}

/** The pattern of a released pair: a normalised sender, empty for the null sender, and recipient. */
export function formatPair(sender: string, recipient: string): string {
  return `${sender === "" ? "<>" : sender} ${recipient}`;
}

/** A sender and a recipient, as {@linkcode formatPair} writes them, and the origin of the client. */
export interface BoundPair {
  readonly pair: string;
  /** `spf:domain`, `org:domain` or `ip:address`. */
  readonly origin: string;
}

/** The pattern of an entry for one sender, recipient and origin. */
export function formatBoundPair({ pair, origin }: BoundPair): string {
  return `${pair} ${origin}`;
}

/** @returns undefined if the pattern has no origin. */
export function parseBoundPair(pattern: string): BoundPair | undefined {
  const at = pattern.lastIndexOf(" ");
  const origin = pattern.slice(at + 1);
  return /^(?:spf|org|ip):./.test(origin) ? { pair: pattern.slice(0, at), origin } : undefined;
}
