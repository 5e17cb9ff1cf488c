/** SPF records (RFC 7208, sections 4.5, 4.6.1, 5, 6 and 12). */
import { type Network, networkOf, parseAddress } from "../net/network.ts";
import { type MacroString, parseDomainSpec, parseMacro } from "./macro.ts";

export type Qualifier = "+" | "-" | "~" | "?";

/** Prefix lengths. */
export interface Prefixes {
  /** 0 to 32. */
  readonly ipv4: number;
  /** 0 to 128. */
  readonly ipv6: number;
}

export type Mechanism =
  & {
    readonly qualifier: Qualifier;
    /** As in the record. */
    readonly text: string;
  }
  & (
    | { readonly kind: "all" }
    | { readonly kind: "include" | "exists"; readonly domain: MacroString }
    | {
      readonly kind: "a" | "mx";
      readonly domain: MacroString | undefined;
      readonly prefixes: Prefixes;
    }
    | { readonly kind: "ptr"; readonly domain: MacroString | undefined }
    | { readonly kind: "ip4" | "ip6"; readonly network: Network }
  );

export interface Redirect {
  readonly kind: "redirect";
  readonly domain: MacroString;
  readonly text: string;
}

export interface SpfRecord {
  readonly mechanisms: readonly Mechanism[];
  readonly redirect?: Redirect;
  /** `exp=` */
  readonly explanation?: { readonly domain: MacroString; readonly text: string };
}

export type ParsedRecord =
  | { readonly ok: true; readonly record: SpfRecord }
  | { readonly ok: false; readonly term: string; readonly why: string };

/** Whether a TXT record is an SPF record: the version is followed by a space or nothing (section 4.5). */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

const no = (why: string): string => why;

const PREFIXES = /^(.*?)(?:\/(\d+))?(?:\/\/(\d+))?$/s;

function prefixNumber(text: string | undefined, most: number): number | undefined {
  if (text === undefined) return most;
  return /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** Separates the prefix lengths from the text before them. */
function splitPrefixes(text: string): { rest: string; prefixes: Prefixes } | string {
  const [, rest, four, six] = PREFIXES.exec(text)!;
  const ipv4 = prefixNumber(four, 32);
  const ipv6 = prefixNumber(six, 128);
  if (ipv4 === undefined) return no(`/${four} is not an IPv4 prefix length`);
  if (ipv6 === undefined) return no(`//${six} is not an IPv6 prefix length`);
  return { rest: rest!, prefixes: { ipv4, ipv6 } };
}

function networkFrom(kind: "ip4" | "ip6", text: string): Network | string {
  const [, host, length] = /^(.*?)(?:\/(.*))?$/s.exec(text)!;
  const [family, most] = kind === "ip4" ? [4, 32] : [6, 128];
  const prefix = prefixNumber(length, most!);
  if (prefix === undefined) return no(`/${length} is not a prefix length`);
  const hasColon = host!.includes(":");
  const address = hasColon === (kind === "ip6") ? parseAddress(host!) : undefined;
  if (address === undefined) return no(`"${host}" is not an ${kind} address`);
  if (address.family !== family) {
    // A client with a mapped address counts as IPv4, and never matches ip6 (section 5).
    const bytes = [...Array(10).fill(0), 255, 255, ...address.bytes];
    return networkOf({ family: 6, bytes }, prefix);
  }
  return networkOf(address, prefix);
}

type Body<M = Mechanism> = M extends Mechanism ? Omit<M, "qualifier" | "text"> : never;

function mechanismFrom(name: string, argument: string): Body | string {
  const domain = (text: string) => {
    const parsed = parseDomainSpec(text);
    return parsed.ok ? parsed.pieces : parsed.why;
  };
  switch (name) {
    case "all":
      return argument === "" ? { kind: "all" } : no("all takes no argument");
    case "include":
    case "exists": {
      if (!argument.startsWith(":")) return no(`${name} needs a domain`);
      const pieces = domain(argument.slice(1));
      return typeof pieces === "string" ? pieces : { kind: name, domain: pieces };
    }
    case "ptr": {
      if (argument === "") return { kind: name, domain: undefined };
      if (!argument.startsWith(":")) return no("ptr takes a domain only");
      const pieces = domain(argument.slice(1));
      return typeof pieces === "string" ? pieces : { kind: name, domain: pieces };
    }
    case "a":
    case "mx": {
      const split = splitPrefixes(argument);
      if (typeof split === "string") return split;
      const { rest, prefixes } = split;
      if (rest === "") return { kind: name, domain: undefined, prefixes };
      if (!rest.startsWith(":")) return no(`"${rest}" is neither a domain nor a prefix length`);
      const pieces = domain(rest.slice(1));
      return typeof pieces === "string" ? pieces : { kind: name, domain: pieces, prefixes };
    }
    case "ip4":
    case "ip6": {
      if (!argument.startsWith(":")) return no(`${name} needs an address`);
      const network = networkFrom(name, argument.slice(1));
      return typeof network === "string" ? network : { kind: name, network };
    }
    default:
      return no("unknown mechanism");
  }
}

/**
 * Maximum number of characters in the records of one evaluation. Ordinary records have some hundred (RFC
 * 7208, 3.4, wants them to fit into a datagram); parsing longer ones would let a hostile domain delay
 * other mail (11.1).
 */
export const MAX_RECORD_TEXT = 16_384;

/** Parses a record with its version; an error in any term makes the record invalid (section 4.6). */
export function parseRecord(text: string): ParsedRecord {
  const wrong = (term: string, why: string): ParsedRecord => ({ ok: false, term, why });
  const mechanisms: Mechanism[] = [];
  let redirect: SpfRecord["redirect"];
  let explanation: SpfRecord["explanation"];
  for (const term of text.slice("v=spf1".length).split(" ")) {
    if (term === "") continue;
    if (!/^[\x21-\x7e]*$/.test(term)) return wrong(term, "invalid character");
    const modifier = /^([A-Za-z][A-Za-z0-9._-]*)=(.*)$/.exec(term);
    if (modifier !== null) {
      const name = modifier[1]!.toLowerCase();
      const value = modifier[2]!;
      const isKnown = name === "redirect" || name === "exp";
      const parsed = isKnown ? parseDomainSpec(value) : parseMacro(value);
      if (!parsed.ok) return wrong(term, parsed.why);
      if (!isKnown) continue;
      if ((name === "redirect" ? redirect : explanation) !== undefined) {
        return wrong(term, `${name} occurs twice`);
      }
      const target = { domain: parsed.pieces, text: term };
      if (name === "redirect") redirect = { kind: "redirect", ...target };
      else explanation = target;
      continue;
    }
    const match = /^([+?~-]?)([A-Za-z][A-Za-z0-9._-]*)(.*)$/.exec(term);
    if (match === null) return wrong(term, "not a mechanism or a modifier");
    const body = mechanismFrom(match[2]!.toLowerCase(), match[3]!);
    if (typeof body === "string") return wrong(term, body);
    const qualifier = (match[1] === "" ? "+" : match[1]) as Qualifier;
    mechanisms.push({ ...body, qualifier, text: term });
  }
  return {
    ok: true,
    record: {
      mechanisms,
      ...(redirect === undefined ? {} : { redirect }),
      ...(explanation === undefined ? {} : { explanation }),
    },
  };
}
