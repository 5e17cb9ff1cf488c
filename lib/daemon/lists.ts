/**
 * The lists in force: entries of the database, list files, settings and the built-in list, reread when
 * they change.
 *
 * @module
 */
import type { Attempt, Listing } from "../greylist/attempt.ts";
import {
  type BuiltinRule,
  builtinRules,
  nameBuiltinEntry,
  wellKnownVia,
} from "../lists/builtin.ts";
import {
  type FileRule,
  type ListFilePaths,
  nameFileRule,
  type UnusableList,
} from "../lists/list_file.ts";
import { type Finding, Matcher, type Rule, type Target } from "../lists/matcher.ts";
import {
  type BoundPair,
  formatPair,
  formatPattern,
  parseBoundPair,
  parsePattern,
} from "../lists/pattern.ts";
import type { Hits, ListStore, StoredEntry } from "../store/store.ts";
import { HOUR, SECOND } from "../text/duration.ts";
import type { ListFileEvent } from "./events.ts";
import { ListFiles } from "./list_files.ts";

/** The lists besides the entries of the database. */
export interface ListSettings extends ListFilePaths {
  /** Patterns of recipients that want greylisting; empty for all. */
  readonly optIn: readonly string[];
  /** Patterns of recipients that do not. */
  readonly optOut: readonly string[];
  readonly builtinList: boolean;
  /** The setting `recipient_delimiter`. */
  readonly recipientDelimiter: string;
}

/** A rule and its source. */
export type ListedRule =
  | (Rule & { readonly entry: StoredEntry })
  | FileRule
  | BuiltinRule
  | (Rule & { readonly setting: string });

/** In milliseconds. */
export interface ListPeriods {
  /** Of looking for changes, which take effect within a second. */
  readonly poll: number;
  /** Of writing hits. */
  readonly hits: number;
  /** After which the entries of a file that was emptied are dropped. */
  readonly empty: number;
}

const PERIODS: ListPeriods = { poll: 500, hits: 5 * SECOND, empty: HOUR };

type UsedStore = Pick<
  ListStore,
  "revision" | "entries" | "countHits" | "keptFiles" | "keepFiles"
>;

/** The name of an entry in the log. */
export function nameEntry({ id }: StoredEntry): string {
  return `entry:${id}`;
}

/** The name of a rule in the log, without white space. */
export function nameRule(rule: ListedRule): string {
  if ("entry" in rule) return nameEntry(rule.entry);
  if ("path" in rule) return nameFileRule(rule);
  if ("setting" in rule) return rule.setting;
  return nameBuiltinEntry(rule.builtin);
}

/** Identifies a rule to people. */
export function describeRule(rule: ListedRule): string {
  const pattern = formatPattern(rule.pattern);
  if ("entry" in rule) return `entry ${rule.entry.id} (${rule.matchOn} ${pattern})`;
  if ("path" in rule) return `${rule.path}:${rule.line} (${pattern})`;
  if ("setting" in rule) return `${rule.setting} (${pattern})`;
  return `built-in list (${rule.matchOn} ${pattern}: ${rule.builtin.provider})`;
}

/** @param released the entry that releases this sender's mail to this recipient, if there is one. */
export function listingOf(
  { decisive, alwaysGreylist, optedIn, isTrap }: Finding<ListedRule>,
  released?: StoredEntry,
): Listing {
  const list = decisive?.rule.list === "block" ? "block" : "allow";
  return {
    decisive: decisive === undefined ? undefined : list,
    alwaysGreylist: alwaysGreylist !== undefined,
    optedIn,
    released: released !== undefined,
    isTrap,
  };
}

/** The rule of a stored entry; undefined for a released pair and for an invalid pattern. */
function ruleOf(entry: StoredEntry): ListedRule | undefined {
  const { list, matchOn } = entry;
  if (list === "release" || matchOn === "pair") return undefined;
  const parsed = parsePattern(matchOn, entry.pattern);
  if (!parsed.ok) return undefined;
  const expires = entry.expires === undefined ? {} : { expires: entry.expires };
  return { list, matchOn, pattern: parsed.pattern, ...expires, entry };
}

/** The parts of an attempt that match a recipient's entry for one sender. */
type Bound = Partial<Pick<Attempt, "relationKeys" | "baseOrigins" | "organisation">>;

/** An entry of a recipient for one sender, from one origin only. */
type BoundRule = Extract<ListedRule, { readonly entry: StoredEntry }> & BoundPair;

/** The rule of a recipient's entry for one sender; undefined for other entries. */
function boundRuleOf(entry: StoredEntry): BoundRule | undefined {
  const { list, matchOn, pattern, expires } = entry;
  if ((list !== "allow" && list !== "block") || matchOn !== "pair") return undefined;
  const bound = parseBoundPair(pattern);
  if (bound === undefined) return undefined;
  const [address = ""] = bound.pair.split(" ", 1);
  return {
    list,
    matchOn: "sender",
    pattern: { kind: "address", address },
    ...(expires === undefined ? {} : { expires }),
    entry,
    ...bound,
  };
}

const SPF = "spf:";

function comesFrom(origin: string, target: Target & Bound): boolean {
  if (origin.startsWith(SPF)) return target.authorisedBy?.has(origin.slice(SPF.length)) === true;
  return origin === target.baseOrigins?.ip ||
    target.organisation !== undefined && origin === `org:${target.organisation}`;
}

export class Lists {
  readonly #store: UsedStore;
  readonly #files: ListFiles;
  readonly #periods: ListPeriods;
  #settings: ListSettings;
  #matcher = new Matcher<ListedRule>([], "");
  #revision = -1;
  #entries: readonly ListedRule[] = [];
  #spfDomains: readonly string[] = [];
  /** By the pair of sender and recipient. */
  #bound: ReadonlyMap<string, readonly BoundRule[]> = new Map();
  #released: ReadonlyMap<string, StoredEntry> = new Map();
  #hits = new Map<number | string, Hits>();
  #poll: ReturnType<typeof setTimeout> | undefined;
  #hitsDue = 0;

  /** Lists that are empty until {@linkcode refresh}. */
  constructor(
    store: UsedStore,
    settings: ListSettings,
    publish: (event: ListFileEvent) => void,
    periods = PERIODS,
  ) {
    this.#store = store;
    this.#settings = settings;
    this.#files = new ListFiles(store, settings, publish, periods.empty);
    this.#periods = periods;
  }

  /** Takes new settings, and reads every file as it is now: entries of unusable files are dropped. */
  configure(settings: ListSettings): void {
    this.#settings = settings;
    this.#files.configure(settings);
    this.#rebuild();
  }

  /** The list files that cannot be used now. */
  get problems(): readonly UnusableList[] {
    return this.#files.problems;
  }

  /** @param now milliseconds since the epoch. */
  find(target: Target & Bound, now: number): Finding<ListedRule> {
    const finding = this.#matcher.find(target, now);
    const rules = this.#boundRules(target);
    const { decisive, alwaysGreylist } = finding;
    // The administrator's entries decide.
    if (rules.length === 0 || decisive !== undefined && decisive.rule.list !== "builtin") {
      return finding;
    }
    const live = rules.filter(({ expires, origin, list }) =>
      (expires === undefined || now < expires) && comesFrom(origin, target) &&
      (list === "block" || alwaysGreylist === undefined)
    );
    const rule = live.find(({ list }) => list === "block") ?? live[0];
    return rule === undefined ? finding : { ...finding, decisive: { rule, level: "exact" } };
  }

  /** The domains of `spf:` entries that may match an attempt. */
  spfDomainsFor(target: Bound): readonly string[] {
    const rules = this.#boundRules(target);
    if (rules.length === 0) return this.#spfDomains;
    const bound = rules.filter(({ origin }) => origin.startsWith(SPF))
      .map(({ origin }) => origin.slice(SPF.length));
    return [...new Set([...this.#spfDomains, ...bound])];
  }

  #boundRules({ relationKeys }: Bound): readonly BoundRule[] {
    const key = relationKeys?.[0];
    if (this.#bound.size === 0 || key === undefined) return [];
    return this.#bound.get(formatPair(key.sender, key.recipient)) ?? [];
  }

  /** The entry that releases a pair of normalised sender and recipient. */
  released(sender: string, recipient: string, now: number): StoredEntry | undefined {
    if (this.#released.size === 0) return undefined;
    const entry = this.#released.get(formatPair(sender, recipient));
    return entry?.expires === undefined || now < entry.expires ? entry : undefined;
  }

  /** The built-in entry of an SPF record's domain. */
  wellKnownVia(domain: string): string | undefined {
    return this.#settings.builtinList ? wellKnownVia(domain) : undefined;
  }

  /** Counts a hit of a rule or of a released pair. */
  hit(decisive: ListedRule | StoredEntry, now: number): void {
    const rule = "id" in decisive
      ? decisive.id
      : "entry" in decisive
      ? decisive.entry.id
      : nameRule(decisive);
    const count = (this.#hits.get(rule)?.count ?? 0) + 1;
    this.#hits.set(rule, { rule, count, last: now });
  }

  /** Rereads changed entries and files. While the database fails, its entries stay as they were. */
  refresh(): void {
    let isChanged = this.#files.refresh() || this.#revision === -1;
    try {
      const revision = this.#store.revision();
      if (revision !== this.#revision) {
        const entries = this.#store.entries();
        this.#entries = entries.map(ruleOf).filter((rule) => rule !== undefined);
        const released = entries.filter(({ list }) => list === "release");
        this.#released = new Map(released.map((entry) => [entry.pattern, entry]));
        const bound = entries.map(boundRuleOf).filter((rule) => rule !== undefined);
        this.#bound = Map.groupBy(bound, ({ pair }) => pair);
        this.#revision = revision;
        isChanged = true;
      }
    } catch {
      // The store reports its own errors.
    }
    if (isChanged) this.#rebuild();
  }

  /** Writes the hits. */
  flushHits(): void {
    if (this.#hits.size === 0) return;
    const hits = [...this.#hits.values()];
    this.#hits = new Map();
    try {
      this.#store.countHits(hits);
    } catch {
      // Hits are a convenience, and these are lost.
    }
  }

  /** Starts polling, and stores the entries of files. */
  start(): void {
    this.#files.store();
    this.#hitsDue = performance.now() + this.#periods.hits;
    this.#schedule();
  }

  /** Stops polling, and writes the last hits. */
  stop(): void {
    clearTimeout(this.#poll);
    this.#poll = undefined;
    this.flushHits();
  }

  #schedule(): void {
    this.#poll = setTimeout(() => {
      this.refresh();
      this.#files.store();
      if (performance.now() >= this.#hitsDue) {
        this.#hitsDue = performance.now() + this.#periods.hits;
        this.flushHits();
      }
      if (this.#poll !== undefined) this.#schedule();
    }, this.#periods.poll);
  }

  #rebuild(): void {
    const { optIn, optOut, builtinList, recipientDelimiter } = this.#settings;
    const rules: ListedRule[] = [
      ...this.#entries,
      ...this.#files.rules,
      ...optIn.flatMap((text) => chosen("opt-in", text)),
      ...optOut.flatMap((text) => chosen("opt-out", text)),
      ...(builtinList ? builtinRules() : []),
    ];
    this.#matcher = new Matcher(rules, recipientDelimiter);
    const domains = rules.map(({ pattern }) => pattern.kind === "spf" ? pattern.domain : undefined);
    this.#spfDomains = [...new Set(domains)].filter((domain) => domain !== undefined);
  }
}

function chosen(list: "opt-in" | "opt-out", text: string): ListedRule[] {
  const parsed = parsePattern("recipient", text);
  if (!parsed.ok) return [];
  const setting = list === "opt-in" ? "opt_in" : "opt_out";
  return [{ list, matchOn: "recipient", pattern: parsed.pattern, setting }];
}
