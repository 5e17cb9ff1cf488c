/**
 * List rules that are not entries of the database: those of list files and the built-in list.
 *
 * @module
 */
import { BUILTIN, formatBuiltin, nameBuiltinEntry } from "../lists/builtin.ts";
import { nameFileRule, parseListFile } from "../lists/list_file.ts";
import { formatPattern, type MatchOn } from "../lists/pattern.ts";
import type { RuleHits } from "../store/store.ts";

export interface FixedRule {
  /** The file and line, or the origin of a built-in rule. */
  readonly source: string;
  readonly matchOn: MatchOn;
  readonly pattern: string;
  /** The provider of a built-in rule; empty for rules of files. */
  readonly reason: string;
  readonly hits: number;
}

export interface FixedRuleSettings {
  readonly whitelistClients: readonly string[];
  readonly whitelistRecipients: readonly string[];
  readonly builtinList: boolean;
}

/**
 * Reads the list files and adds the built-in rules, with their hits. Leaves out unreadable files and
 * invalid lines: the daemon reports them.
 */
export function readFixedRules(
  { whitelistClients, whitelistRecipients, builtinList }: FixedRuleSettings,
  ruleHits: readonly RuleHits[],
): FixedRule[] {
  const hits = new Map(ruleHits.map(({ rule, hits }) => [rule, hits]));
  const hitsOf = (name: string) => hits.get(name) ?? 0;
  const files = [
    ...whitelistClients.map((path) => [path, "client"] as const),
    ...whitelistRecipients.map((path) => [path, "recipient"] as const),
  ];
  const fileRules = files.flatMap(([path, matchOn]) => {
    try {
      return parseListFile(path, Deno.readTextFileSync(path), matchOn).rules;
    } catch {
      return [];
    }
  });
  return [
    ...fileRules.map((rule) => ({
      source: nameFileRule(rule),
      matchOn: rule.matchOn,
      pattern: formatPattern(rule.pattern),
      reason: "",
      hits: hitsOf(nameFileRule(rule)),
    })),
    ...(builtinList ? BUILTIN : []).map((entry) => ({
      source: `built in (${entry.source}, ${entry.date})`,
      matchOn: entry.matchOn === "recipient" ? "recipient" as const : "client" as const,
      pattern: formatBuiltin(entry),
      reason: entry.provider,
      hits: hitsOf(nameBuiltinEntry(entry)),
    })),
  ];
}
