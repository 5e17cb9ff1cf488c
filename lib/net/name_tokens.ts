/** Splitting of a host name into the pieces that naming schemes are made of. */
import { domainBelowSuffix } from "./public_suffix.ts";

/** A run of letters or a run of digits, inside one part. */
export interface Token {
  readonly text: string;
  /** Decimal value of a run of digits, -1 for a word. */
  readonly value: number;
  /** Index of its label, the leftmost is 0. */
  readonly label: number;
}

/** Letters and digits between two dots, dashes or other characters. */
export interface Part {
  readonly text: string;
  readonly label: number;
  /** Number of decimal digits. */
  readonly digits: number;
  /** Whether it has hexadecimal digits only. */
  readonly isHex: boolean;
  /** Number of changes between letter and digit. */
  readonly switches: number;
}

export interface HostName {
  /** The whole name in lower case, without a final dot. */
  readonly name: string;
  /** Registrable domain by the ICANN section of the Public Suffix List; empty if there is none. */
  readonly domain: string;
  /** Tokens left of the registrable domain. */
  readonly tokens: readonly Token[];
  /** Parts left of the registrable domain. */
  readonly parts: readonly Part[];
  /** Letters and digits left of the registrable domain, without separators. */
  readonly compact: string;
  /** Whether any part has a digit. */
  readonly hasDigit: boolean;
}

const LETTER_A = 0x61;
const LETTER_F = 0x66;
const LETTER_Z = 0x7a;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const DOT = 0x2e;

/**
 * The private section of the Public Suffix List is left out: its entries are mostly hosters' zones
 * (`compute.amazonaws.com`). Their customers' labels show the naming scheme.
 */
function icannDomain(name: string): string {
  if (name === "" || name.length > 253) return "";
  return domainBelowSuffix(name, false) ?? "";
}

export function parseHostName(text: string): HostName {
  const lower = text.toLowerCase();
  const name = lower.endsWith(".") ? lower.slice(0, -1) : lower;
  const domain = icannDomain(name);
  const end = name.length - domain.length;
  const tokens: Token[] = [];
  const parts: Part[] = [];
  let compact = "";
  let hasDigit = false;
  let label = 0;
  let partStart = 0;
  let tokenStart = 0;
  let inDigits = false;
  let digits = 0;
  let switches = 0;
  let isHex = true;

  const endToken = (at: number) => {
    const run = name.slice(tokenStart, at);
    tokens.push({ text: run, value: inDigits ? Number(run) : -1, label });
    tokenStart = at;
  };

  for (let at = 0; at <= end; at++) {
    const code = at < end ? name.charCodeAt(at) : DOT;
    const isDigit = code >= DIGIT_0 && code <= DIGIT_9;
    if (isDigit || code >= LETTER_A && code <= LETTER_Z) {
      if (at > partStart && isDigit !== inDigits) {
        endToken(at);
        switches++;
      }
      inDigits = isDigit;
      if (isDigit) digits++;
      else if (code > LETTER_F) isHex = false;
      continue;
    }
    if (at > partStart) {
      endToken(at);
      const part = name.slice(partStart, at);
      parts.push({ text: part, label, digits, isHex, switches });
      compact += part;
      if (digits > 0) hasDigit = true;
      digits = 0;
      switches = 0;
      isHex = true;
    }
    partStart = tokenStart = at + 1;
    if (code === DOT) label++;
  }
  return { name, domain, tokens, parts, compact, hasDigit };
}
