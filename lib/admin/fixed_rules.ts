/**
 * List rules that are not entries of the database: those of list files and the built-in list.
 *
 * @module
 */
import { BUILTIN, formatBuiltin, nameBuiltinEntry } from "../lists/builtin.ts";
import { type ListFilePaths, nameFileRule } from "../lists/list_file.ts";
import { formatPattern, type MatchOn } from "../lists/pattern.ts";
import type { KeptFile, RuleHits } from "../store/store.ts";
import { type ReadListFile, readListFiles } from "./list_checks.ts";

export interface FixedRule {
  /** The file and line, or the origin of a built-in rule. */
  readonly source: string;
  readonly matchOn: MatchOn;
  readonly pattern: string;
  /** The provider of a built-in rule; empty for rules of files. */
  readonly reason: string;
  readonly hits: number;
}

export interface FixedRuleSettings extends ListFilePaths {
  readonly builtinList: boolean;
}

/** A rule of a list file that the daemon uses. */
export interface RuleInForce {
  readonly path: string;
  readonly line: number;
  readonly matchOn: MatchOn;
  readonly pattern: string;
  /** The daemon cannot use its file, and keeps what it read before. */
  readonly isKept: boolean;
}

/** The rules of list files as the daemon uses them. */
export function rulesInForce(
  files: readonly ReadListFile[],
  keptFiles: readonly KeptFile[],
): RuleInForce[] {
  return files.flatMap(({ path, matchOn, rules }) => {
    const kept = keptFiles.find((file) => file.path === path && file.matchOn === matchOn);
    const isKept = kept?.problem !== undefined;
    const lines = isKept
      ? kept.rules
      : rules.map(({ line, pattern }) => [line, formatPattern(pattern)] as const);
    return lines.map(([line, pattern]) => ({ path, line, matchOn, pattern, isKept }));
  });
}

/**
 * Reads the list files and adds the built-in rules, with their hits. A file that the daemon cannot use
 * has the rules that it kept.
 */
export function readFixedRules(
  settings: FixedRuleSettings,
  ruleHits: readonly RuleHits[],
  keptFiles: readonly KeptFile[],
): FixedRule[] {
  const hits = new Map(ruleHits.map(({ rule, hits }) => [rule, hits]));
  const hitsOf = (name: string) => hits.get(name) ?? 0;
  return [
    ...rulesInForce(readListFiles(settings), keptFiles).map((rule) => ({
      source: nameFileRule(rule),
      matchOn: rule.matchOn,
      pattern: rule.pattern,
      reason: "",
      hits: hitsOf(nameFileRule(rule)),
    })),
    ...(settings.builtinList ? BUILTIN : []).map((entry) => ({
      source: `built in (${entry.source}, ${entry.date})`,
      matchOn: entry.matchOn === "recipient" ? "recipient" as const : "client" as const,
      pattern: formatBuiltin(entry),
      reason: entry.provider,
      hits: hitsOf(nameBuiltinEntry(entry)),
    })),
  ];
}
