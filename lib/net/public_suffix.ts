/**
 * Registrable domains by the Public Suffix List (https://publicsuffix.org/list/).
 *
 * @module
 */
import LIST from "./public_suffixes.txt" with { type: "text" };

/** Kinds of rules for a name, as bits: `name`, `*.name` and `!name`. */
const RULE = 1;
const WILDCARD = 2;
const EXCEPTION = 4;

/** Bits of one section. The ICANN section has the lower bits, the private section the upper ones. */
const SECTION_BITS = 3;

/**
 * Bits by name, without the top-level domain. The parents of a rule's name are in the map as well, with
 * no bit set: a lookup ends at the first name that is missing.
 */
type Rules = ReadonlyMap<string, number>;

function parseRules(text: string): Rules {
  const rules = new Map<string, number>();
  const add = (name: string, bits: number) => rules.set(name, (rules.get(name) ?? 0) | bits);
  for (const [section, list] of text.split("|").entries()) {
    for (const rule of list.split(" ")) {
      if (rule === "") continue;
      const kind = rule.startsWith("*") ? WILDCARD : rule.startsWith("!") ? EXCEPTION : RULE;
      const name = kind === WILDCARD ? rule.slice(2) : kind === EXCEPTION ? rule.slice(1) : rule;
      add(name, kind << section * SECTION_BITS);
      for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
        add(name.slice(dot + 1), 0);
      }
    }
  }
  return rules;
}

/** Rules by top-level domain, as text until a name below it is looked up. */
const domains = new Map<string, string | Rules>(
  LIST.split("\n").filter((line) => !line.startsWith("//")).map((line) => {
    const space = line.indexOf(" ");
    return [line.slice(0, space), line.slice(space + 1)];
  }),
);

function rulesOf(domain: string): Rules | undefined {
  const found = domains.get(domain);
  if (typeof found !== "string") return found;
  const rules = parseRules(found);
  domains.set(domain, rules);
  return rules;
}

const DOT = 0x2e;

/** The index of the label that ends at `end`; faster than `lastIndexOf`. */
function labelBefore(name: string, end: number): number {
  let start = end;
  while (start > 0 && name.charCodeAt(start - 1) !== DOT) start--;
  return start;
}

/** The index of the public suffix in a name; the last label begins at `last`. */
function suffixIn(name: string, last: number, withPrivate: boolean): number {
  const rules = rulesOf(name.slice(last));
  if (rules === undefined) return last;
  const sections = withPrivate ? 1 | 1 << SECTION_BITS : 1;
  let suffix = last;
  let isWildcard = ((rules.get("") ?? 0) & WILDCARD * sections) !== 0;
  for (let start = last; start > 0;) {
    const right = start;
    start = labelBefore(name, right - 1);
    const bits = rules.get(name.slice(start, last - 1));
    if (bits === undefined) return isWildcard ? start : suffix;
    if ((bits & EXCEPTION * sections) !== 0) return right;
    if (isWildcard || (bits & RULE * sections) !== 0) suffix = start;
    isWildcard = (bits & WILDCARD * sections) !== 0;
  }
  return suffix;
}

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/**
 * The public suffix and the label left of it.
 *
 * @param given a name in lower case, in ASCII form; a final dot is ignored.
 * @param withPrivate also the suffixes of the private section, such as `github.io`.
 * @returns undefined for a public suffix, an IPv4 address and an empty label.
 */
export function domainBelowSuffix(given: string, withPrivate: boolean): string | undefined {
  const name = given.endsWith(".") ? given.slice(0, -1) : given;
  const last = labelBefore(name, name.length);
  if (last === 0 || last === name.length || IPV4.test(name)) return undefined;
  const suffix = suffixIn(name, last, withPrivate);
  if (suffix === 0) return undefined;
  const start = labelBefore(name, suffix - 1);
  const isEmpty = start === suffix - 1;
  return isEmpty ? undefined : name.slice(start);
}
