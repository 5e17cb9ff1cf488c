/**
 * `deno task suffixes` writes the Public Suffix List for the program from the one in the package tldts.
 *
 * A line has a top-level domain, a space, and the rules below it without that domain: those of the ICANN
 * section, `|`, those of the private section. A top-level domain without rules below it has no line: the
 * suffix is the last label.
 *
 * @module
 */
import * as trie from "tldts/dist/es6/src/data/trie.js";

interface Rule {
  /** Without `!`. */
  readonly name: string;
  readonly isException: boolean;
  readonly isPrivate: boolean;
}

/** Flags of a node. */
const ICANN = 1;
const PRIVATE = 2;

/** The rules in ASCII form. */
export function suffixRules(): readonly Rule[] {
  const rules: Rule[] = [];
  const { nodeFlags, edgeStart, edgeLength, edgeChild, labelText } = trie;
  const offsets: number[] = [];
  let offset = 0;
  for (const length of edgeLength) {
    offsets.push(offset);
    offset += length;
  }
  const visit = (node: number, name: string, isException: boolean) => {
    for (const flag of [ICANN, PRIVATE]) {
      if ((nodeFlags[node]! & flag) !== 0) {
        rules.push({ name, isException, isPrivate: flag === PRIVATE });
      }
    }
    for (let edge = edgeStart[node]!; edge < edgeStart[node + 1]!; edge++) {
      const label = labelText.slice(offsets[edge], offsets[edge]! + edgeLength[edge]!);
      visit(edgeChild[edge]!, name === "" ? label : `${label}.${name}`, isException);
    }
  };
  visit(trie.rulesRoot, "", false);
  visit(trie.exceptionsRoot, "", true);
  // deno-lint-ignore no-control-regex
  return rules.filter(({ name }) => /^[\x00-\x7f]+$/.test(name));
}

const HEADER = `\
// The Public Suffix List (https://publicsuffix.org/list/), Mozilla Public License 2.0
// (https://mozilla.org/MPL/2.0/), in the format of tests/net/suffix_rules.ts
`;

export function suffixText(): string {
  const lines = new Map<string, [icann: string[], byOwner: string[]]>();
  for (const { name, isException, isPrivate } of suffixRules()) {
    const dot = name.lastIndexOf(".");
    if (dot === -1) continue;
    const domain = name.slice(dot + 1);
    const line = lines.get(domain) ?? [[], []];
    line[isPrivate ? 1 : 0].push(`${isException ? "!" : ""}${name.slice(0, dot)}`);
    lines.set(domain, line);
  }
  return HEADER +
    [...lines].sort(([a], [b]) => a < b ? -1 : 1).map(([domain, sections]) =>
      `${domain} ${sections.map((rules) => rules.sort().join(" ")).join("|")}\n`
    ).join("");
}

if (import.meta.main) {
  await Deno.writeTextFile(
    new URL("../../lib/net/public_suffixes.txt", import.meta.url),
    suffixText(),
  );
}
