/**
 * The record of SPF (RFC 7208, 4.5 and 4.6.1, 5, 6, 12).
 *
 * @module
 */
import { type Network, networkOf, parseAddress } from "../net/network.ts";
import { type MacroString, parseDomainSpec, parseMacro } from "./macro.ts";

/** What a mechanism that matches stands for. */
export type Qualifier = "+" | "-" | "~" | "?";

/** How many bits of an address have to agree. */
export interface Prefixes {
  /** Of an IPv4 address: 0 to 32. */
  readonly ipv4: number;
  /** Of an IPv6 address: 0 to 128. */
  readonly ipv6: number;
}

/** What is asked of a client. */
export type Mechanism =
  & {
    /** What it stands for if it matches. */
    readonly qualifier: Qualifier;
    /** How it stands in the record. */
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

/** A record without an error. */
export interface SpfRecord {
  /** In their order. */
  readonly mechanisms: readonly Mechanism[];
  readonly redirect?: Redirect;
  /** Where the explanation of a fail stands: `exp=`. */
  readonly explanation?: { readonly domain: MacroString; readonly text: string };
}

/** A record, or the term that is wrong and why. */
export type ParsedRecord =
  | { readonly ok: true; readonly record: SpfRecord }
  | { readonly ok: false; readonly term: string; readonly why: string };

/** Whether a TXT record is an SPF record: its version, and then a space or nothing (4.5). */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

const no = (why: string): string => why;

const PREFIXES = /^(.*?)(?:\/(\d+))?(?:\/\/(\d+))?$/s;

function prefixNumber(text: string | undefined, most: number): number | undefined {
  if (text === undefined) return most;
  return /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** The bits that have to agree, and what stands before them. */
function splitPrefixes(text: string): { rest: string; prefixes: Prefixes } | string {
  const [, rest, four, six] = PREFIXES.exec(text)!;
  const ipv4 = prefixNumber(four, 32);
  const ipv6 = prefixNumber(six, 128);
  if (ipv4 === undefined) return no(`/${four} is no prefix length of IPv4`);
  if (ipv6 === undefined) return no(`//${six} is no prefix length of IPv6`);
  return { rest: rest!, prefixes: { ipv4, ipv6 } };
}

function networkFrom(kind: "ip4" | "ip6", text: string): Network | string {
  const [, host, length] = /^(.*?)(?:\/(.*))?$/s.exec(text)!;
  const [family, most] = kind === "ip4" ? [4, 32] : [6, 128];
  const prefix = prefixNumber(length, most!);
  if (prefix === undefined) return no(`/${length} is no prefix length`);
  const hasColon = host!.includes(":");
  const address = hasColon === (kind === "ip6") ? parseAddress(host!) : undefined;
  if (address === undefined) return no(`"${host}" is no ${kind} address`);
  if (address.family !== family) {
    // A client with a mapped address is of IPv4, and in no network of IPv6 (5).
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
      return argument === "" ? { kind: "all" } : no("all takes nothing");
    case "include":
    case "exists": {
      if (!argument.startsWith(":")) return no(`${name} needs a domain`);
      const pieces = domain(argument.slice(1));
      return typeof pieces === "string" ? pieces : { kind: name, domain: pieces };
    }
    case "ptr": {
      if (argument === "") return { kind: name, domain: undefined };
      if (!argument.startsWith(":")) return no("ptr takes nothing but a domain");
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
      return no("there is no such mechanism");
  }
}

/**
 * Maximum number of characters in the records of one evaluation. Ordinary records have some hundred (RFC
 * 7208, 3.4, wants them to fit into a datagram); parsing longer ones would let a hostile domain delay
 * other mail (11.1).
 */
export const MAX_RECORD_TEXT = 16_384;

/**
 * Reads a record, all of it: an error anywhere makes the whole record wrong (4.6).
 *
 * @param text the record with its version.
 */
export function parseRecord(text: string): ParsedRecord {
  const wrong = (term: string, why: string): ParsedRecord => ({ ok: false, term, why });
  const mechanisms: Mechanism[] = [];
  let redirect: SpfRecord["redirect"];
  let explanation: SpfRecord["explanation"];
  for (const term of text.slice("v=spf1".length).split(" ")) {
    if (term === "") continue;
    if (!/^[\x21-\x7e]*$/.test(term)) return wrong(term, "a character that is not allowed");
    const modifier = /^([A-Za-z][A-Za-z0-9._-]*)=(.*)$/.exec(term);
    if (modifier !== null) {
      const name = modifier[1]!.toLowerCase();
      const value = modifier[2]!;
      const isKnown = name === "redirect" || name === "exp";
      const parsed = isKnown ? parseDomainSpec(value) : parseMacro(value);
      if (!parsed.ok) return wrong(term, parsed.why);
      if (!isKnown) continue;
      if ((name === "redirect" ? redirect : explanation) !== undefined) {
        return wrong(term, `${name} stands there twice`);
      }
      const target = { domain: parsed.pieces, text: term };
      if (name === "redirect") redirect = { kind: "redirect", ...target };
      else explanation = target;
      continue;
    }
    const match = /^([+?~-]?)([A-Za-z][A-Za-z0-9._-]*)(.*)$/.exec(term);
    if (match === null) return wrong(term, "this is neither a mechanism nor a modifier");
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
