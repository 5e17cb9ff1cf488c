/** The built-in list: hosts and SPF records of well-known senders, and required recipients. */
import { GlobMap } from "./glob.ts";
import type { Rule } from "./matcher.ts";
import { parsePattern, type Pattern } from "./pattern.ts";
import { WELL_KNOWN } from "./well_known.ts";
import type { WellKnownTable } from "./well_known_sender.ts";

export interface BuiltinEntry {
  readonly provider: string;
  /** A `host` matches a verified name, a `via` the domain of the SPF record that names the client. */
  readonly matchOn: "host" | "via" | "recipient";
  readonly pattern: string;
  readonly source: string;
  /** Year or day (ISO 8601) of the newest evidence. */
  readonly date: string;
}

/** The rule of an entry that the lists match. */
export interface BuiltinRule extends Rule {
  readonly builtin: BuiltinEntry;
}

/** RFCs require these recipients to accept mail from everybody. */
const DUTIES: readonly BuiltinEntry[] = [
  ["postmaster@", "RFC 5321, section 4.5.1", "2008-10-01"],
  ["abuse@", "RFC 2142, section 4", "1997-05-01"],
].map(([pattern = "", source = "", date = ""]) => (
  { provider: "every domain", matchOn: "recipient", pattern, source, date }
));

/** Clients on postgrey's list that are not in the table of well-known senders. */
const POSTGREY: readonly BuiltinEntry[] = [
  ["Alibaba", "mail.alibaba.com", "2015-08-19"],
  ["Battle.net", "battle.net", "2017-01-11"],
  ["AFNIC", "nic.fr", "2004-07-01"],
  ["kernel.org", "vger.kernel.org", "2004-05-20"],
  ["Mailchimp", "systemalerts.mailchimp.com", "2018-04-25"],
  ["Reflexion", "reflexion.net", "2018-09-02"],
  ["SMTP2GO", "smtp2go.com", "2022-01-22"],
  ["SpamExperts", "mailspamprotection.com", "2022-01-22"],
  ["UPC", "upcmail.net", "2011-05-02"],
].map(([provider = "", pattern = "", date = ""]) => (
  { provider, matchOn: "host", pattern, source: "postgrey 1.37, whitelist_clients", date }
));

/** The rows of a table as entries, hosts first. */
export function entriesOf({ hosts, via }: WellKnownTable): BuiltinEntry[] {
  return [
    ...Object.values(hosts).flat().map(([provider, pattern, _example, source, year]) => (
      { provider, matchOn: "host" as const, pattern, source, date: String(year) }
    )),
    ...Object.values(via).flat().map(([provider, pattern, source, year]) => (
      { provider, matchOn: "via" as const, pattern, source, date: String(year) }
    )),
  ];
}

export const BUILTIN: readonly BuiltinEntry[] = [
  ...DUTIES,
  ...entriesOf(WELL_KNOWN),
  ...POSTGREY,
];

/** The pattern with its kind, where it is not plain: `via:_spf.google.com`. */
export function formatBuiltin({ matchOn, pattern }: BuiltinEntry): string {
  return matchOn === "via" ? `via:${pattern}` : pattern;
}

/** The entry's name in the log and in the counts of hits. */
export function nameBuiltinEntry(entry: BuiltinEntry): string {
  return `builtin:${formatBuiltin(entry)}`;
}

function patternOf({ matchOn, pattern }: BuiltinEntry): Pattern {
  if (pattern.includes("*")) return { kind: "glob", glob: pattern };
  const parsed = parsePattern(matchOn === "host" ? "client" : "recipient", pattern);
  if (!parsed.ok) throw new Error(`built-in entry ${pattern}: ${parsed.why}`);
  return parsed.pattern;
}

/** The rules of entries for hosts and recipients. */
export function builtinRules(entries: readonly BuiltinEntry[] = BUILTIN): BuiltinRule[] {
  return entries.filter(({ matchOn }) => matchOn !== "via").map((builtin) => ({
    list: "builtin",
    matchOn: builtin.matchOn === "host" ? "client" : "recipient",
    pattern: patternOf(builtin),
    builtin,
  }));
}

/** Entries by the domain of the SPF record that names the client. */
export class ViaIndex {
  readonly #exact = new Map<string, BuiltinEntry>();
  readonly #globs = new GlobMap<BuiltinEntry>();

  constructor(entries: Iterable<BuiltinEntry>) {
    for (const entry of entries) {
      const { matchOn, pattern } = entry;
      if (matchOn !== "via") continue;
      if (pattern.includes("*")) this.#globs.add(pattern, entry);
      else this.#exact.set(pattern, entry);
    }
  }

  /** @param domain in lower case, without a final dot. */
  find(domain: string): BuiltinEntry | undefined {
    return this.#exact.get(domain) ?? this.#globs.find(domain)[0];
  }
}

const VIA = new ViaIndex(BUILTIN);

/** The built-in entry of an SPF record, as {@linkcode formatBuiltin} writes it. */
export function wellKnownVia(domain: string): string | undefined {
  const entry = VIA.find(domain);
  return entry && formatBuiltin(entry);
}
