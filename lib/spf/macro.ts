/** SPF macros (RFC 7208, section 7). */
import { formatAddress, type IpAddress } from "../net/network.ts";

export type MacroLetter = "s" | "l" | "o" | "d" | "i" | "p" | "h" | "v" | "c" | "r" | "t";

export type MacroPiece =
  | { readonly kind: "text"; readonly text: string }
  | {
    readonly kind: "macro";
    readonly letter: MacroLetter;
    /** The value is percent-encoded; written as a capital letter. */
    readonly encoded: boolean;
    /** The number of rightmost parts taken; 0 for all. */
    readonly digits: number;
    readonly reversed: boolean;
    /** The characters that separate the parts. */
    readonly delimiters: string;
  };

/** A parsed `macro-string`. */
export type MacroString = readonly MacroPiece[];

export type ParsedMacro =
  | { readonly ok: true; readonly pieces: MacroString }
  | { readonly ok: false; readonly why: string };

const MACRO = /^%\{([slodiphvcrt])(\d*)(r?)([.\-+,/_=]*)\}/i;

/** The last label and its dot: letters, digits and inner hyphens, not digits only. */
const DOMAIN_END = /\.(?!\d+\.?$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?$/;

function pieceAt(text: string, inExplanation: boolean): [MacroPiece, length: number] | string {
  const two = text.slice(0, 2);
  if (two === "%%") return [{ kind: "text", text: "%" }, 2];
  if (two === "%_") return [{ kind: "text", text: " " }, 2];
  if (two === "%-") return [{ kind: "text", text: "%20" }, 2];
  const match = MACRO.exec(text);
  if (match === null) return `"${text.slice(0, 12)}" is not a macro`;
  const [whole, given, count, reversed, delimiters] = match;
  const letter = given!.toLowerCase() as MacroLetter;
  if (!inExplanation && "crt".includes(letter)) {
    return `%{${letter}} is allowed in explanations only`;
  }
  const digits = count === "" ? 0 : Number(count);
  if (count !== "" && digits === 0) return "a macro cannot take 0 parts";
  return [{
    kind: "macro",
    letter,
    encoded: given !== letter,
    digits,
    reversed: reversed !== "",
    delimiters: delimiters === "" ? "." : delimiters!,
  }, whole!.length];
}

/** Parses a `macro-string`, or an `explain-string`, which allows spaces and more macros (section 7.1). */
export function parseMacro(text: string, inExplanation = false): ParsedMacro {
  const pieces: MacroPiece[] = [];
  const literal = inExplanation ? /^[\x20-\x24\x26-\x7e]+/ : /^[\x21-\x24\x26-\x7e]+/;
  for (let rest = text; rest !== "";) {
    const plain = literal.exec(rest)?.[0];
    if (plain !== undefined) {
      pieces.push({ kind: "text", text: plain });
      rest = rest.slice(plain.length);
      continue;
    }
    if (!rest.startsWith("%")) return { ok: false, why: "invalid character" };
    const piece = pieceAt(rest, inExplanation);
    if (typeof piece === "string") return { ok: false, why: piece };
    pieces.push(piece[0]);
    rest = rest.slice(piece[1]);
  }
  return { ok: true, pieces };
}

/** Whether a name has several labels and the last one is not a number. */
export function endsLikeDomain(name: string): boolean {
  return DOMAIN_END.test(name);
}

/** Parses a `domain-spec`: it ends in a macro or a top-level label (section 7.1). */
export function parseDomainSpec(text: string): ParsedMacro {
  if (text === "") return { ok: false, why: "no domain is given" };
  const parsed = parseMacro(text);
  if (!parsed.ok) return parsed;
  const last = parsed.pieces.at(-1)!;
  const endsInMacro = last.kind === "macro" || text.endsWith("%%") || text.endsWith("%_") ||
    text.endsWith("%-");
  if (!endsInMacro && !endsLikeDomain(text)) {
    return { ok: false, why: `"${text}" does not end like a domain` };
  }
  return parsed;
}

export interface MacroValues {
  /** Of the client. */
  readonly ip: IpAddress;
  readonly helo: string;
  /** The sender's local part. */
  readonly local: string;
  readonly senderDomain: string;
  /** The domain whose record is evaluated. */
  readonly domain: string;
  /** The client's forward-confirmed name; `unknown` if there is none. */
  readonly validatedName: string;
  /** This host's name. */
  readonly receiver: string;
  /** Seconds since the epoch. */
  readonly time: number;
}

/** An address with dots between its octets, or between the nibbles of IPv6 (section 7.3). */
export function dotted(ip: IpAddress): string {
  if (ip.family === 4) return ip.bytes.join(".");
  return ip.bytes.flatMap((byte) => [byte >> 4, byte & 15]).map((nibble) => nibble.toString(16))
    .join(".");
}

function valueOf(letter: MacroLetter, values: MacroValues): string {
  switch (letter) {
    case "s":
      return `${values.local}@${values.senderDomain}`;
    case "l":
      return values.local;
    case "o":
      return values.senderDomain;
    case "d":
      return values.domain;
    case "i":
      return dotted(values.ip);
    case "p":
      return values.validatedName;
    case "h":
      return values.helo;
    case "v":
      return values.ip.family === 4 ? "in-addr" : "ip6";
    case "c":
      return formatAddress(values.ip);
    case "r":
      return values.receiver;
    case "t":
      return String(values.time);
  }
}

/** Encodes all but the unreserved characters (RFC 3986, section 2.3). */
function percentEncode(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(char)
      ? char
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

function replaceMacros(pieces: MacroString, valueOf: (letter: MacroLetter) => string): string {
  return pieces.map((piece) => {
    if (piece.kind === "text") return piece.text;
    let parts: string[] = [""];
    for (const char of valueOf(piece.letter)) {
      if (piece.delimiters.includes(char)) parts.push("");
      else parts[parts.length - 1] += char;
    }
    if (piece.reversed) parts.reverse();
    if (piece.digits > 0) parts = parts.slice(-piece.digits);
    const text = parts.join(".");
    return piece.encoded ? percentEncode(text) : text;
  }).join("");
}

/** An explanation; the nibbles of IPv6 are upper-case in it, as in the RFC 7208 test suite. */
export function expandExplanation(pieces: MacroString, values: MacroValues): string {
  return replaceMacros(pieces, (letter) => {
    const value = valueOf(letter, values);
    return letter === "i" ? value.toUpperCase() : value;
  });
}

/** The maximum length of a name without its final dot (RFC 1035, section 2.3.4). */
const MAX_NAME = 253;

/** A domain name without its final dot; one that is too long loses labels from the left (section 7.3). */
export function expandDomain(pieces: MacroString, values: MacroValues): string {
  let name = replaceMacros(pieces, (letter) => valueOf(letter, values)).replace(/\.$/, "");
  while (name.length > MAX_NAME) {
    const dot = name.indexOf(".");
    if (dot === -1) break;
    name = name.slice(dot + 1);
  }
  return name;
}

/** Whether a macro string contains one of these letters. */
export function uses(pieces: MacroString, letters: string): boolean {
  return pieces.some((piece) => piece.kind === "macro" && letters.includes(piece.letter));
}

/** Whether the value depends on the client: its address, names, HELO name or IP version. */
export function dependsOnClient(pieces: MacroString): boolean {
  return uses(pieces, "icphv");
}

export function dependsOnLocalPart(pieces: MacroString): boolean {
  return uses(pieces, "sl");
}
