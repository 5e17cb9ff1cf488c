/**
 * The lists in force: entries of the database, list files, settings and the built-in list, read again
 * when they change.
 *
 * @module
 */
import type { Listing } from "../greylist/attempt.ts";
import { BUILTIN, type BuiltinRule } from "../lists/builtin.ts";
import { type FileError, type FileRule, parseListFile } from "../lists/list_file.ts";
import { type Finding, Matcher, type Rule, type Target } from "../lists/matcher.ts";
import { formatPair, formatPattern, type MatchOn, parsePattern } from "../lists/pattern.ts";
import type { Hits, ListStore, StoredEntry } from "../store/store.ts";

/** What the administrator says about the lists, besides the entries of the database. */
export interface ListSettings {
  /** Files of clients that pass, in postgrey's format. */
  readonly whitelistClients: readonly string[];
  /** Files of recipients whose mail passes, in postgrey's format. */
  readonly whitelistRecipients: readonly string[];
  /** Recipients that want greylisting; all, if there is none. */
  readonly optIn: readonly string[];
  /** Recipients that do not want it. */
  readonly optOut: readonly string[];
  /** Whether the built-in allow list is in force. */
  readonly builtinList: boolean;
}

/** An entry and where it comes from. */
export type ListedRule =
  | (Rule & { readonly entry: StoredEntry })
  | FileRule
  | BuiltinRule
  | (Rule & { readonly setting: string });

/** What the lists tell their owner. */
export interface ListEvents {
  /** A file was read; these of its lines cannot be understood. */
  fileRead(path: string, entries: number, errors: readonly FileError[]): void;
  /** A file cannot be read. */
  fileFailed(path: string, error: unknown): void;
}

/** How often is looked whether something changed, in milliseconds: changes count within a second. */
const POLL_PERIOD = 500;

/** How often the hits are written, in milliseconds. */
const HITS_PERIOD = 5000;

/** A short name for an entry, without white space: for the log. */
export function nameRule(rule: ListedRule): string {
  if ("entry" in rule) return `entry:${rule.entry.id}`;
  if ("path" in rule) return `${rule.path}:${rule.line}`;
  if ("setting" in rule) return rule.setting;
  return `builtin:${rule.text}`;
}

/** A few words that tell an entry from all others: for people. */
export function describeRule(rule: ListedRule): string {
  const pattern = formatPattern(rule.pattern);
  if ("entry" in rule) return `entry ${rule.entry.id} (${rule.matchOn} ${pattern})`;
  if ("path" in rule) return `${rule.path}:${rule.line} (${pattern})`;
  if ("setting" in rule) return `${rule.setting} (${pattern})`;
  return `built-in list (${rule.matchOn} ${pattern}: ${rule.reason})`;
}

/**
 * What the decision is told of what the lists found.
 *
 * @param released the entry that lets in this sender's mail to this recipient, if there is one.
 */
export function listingOf(
  { decisive, alwaysGreylist, optedIn }: Finding<ListedRule>,
  released?: StoredEntry,
): Listing {
  const list = decisive?.rule.list === "block" ? "block" : "allow";
  return {
    decisive: decisive === undefined ? undefined : list,
    alwaysGreylist: alwaysGreylist !== undefined,
    optedIn,
    released: released !== undefined,
  };
}

/** The rule of a stored entry; undefined for a released pair, and for an unknown pattern. */
export function ruleOf(entry: StoredEntry): ListedRule | undefined {
  const { list, matchOn } = entry;
  if (list === "release" || matchOn === "pair") return undefined;
  const parsed = parsePattern(matchOn, entry.pattern);
  if (!parsed.ok) return undefined;
  const expires = entry.expires === undefined ? {} : { expires: entry.expires };
  return { list, matchOn, pattern: parsed.pattern, ...expires, entry };
}

interface WatchedFile {
  readonly matchOn: MatchOn;
  /** Changes when the file does. */
  stamp: string;
  rules: readonly FileRule[];
}

function stampOf(path: string): string {
  // A file that could not be read may be permitted later without being written.
  const { mtime, size, ino, mode, uid, gid } = Deno.statSync(path);
  return [mtime?.getTime(), size, ino, mode, uid, gid].join(" ");
}

/** The lists of one daemon. */
export class Lists {
  readonly #store: ListStore;
  readonly #events: ListEvents;
  #settings: ListSettings;
  #matcher = new Matcher<ListedRule>([]);
  #revision = -1;
  #entries: readonly ListedRule[] = [];
  #spfDomains: readonly string[] = [];
  #released: ReadonlyMap<string, StoredEntry> = new Map();
  #files = new Map<string, WatchedFile>();
  #hits = new Map<number | string, Hits>();
  #poll: ReturnType<typeof setTimeout> | undefined;
  #hitsDue = 0;

  /** Lists that are empty until they are refreshed. */
  constructor(store: ListStore, settings: ListSettings, events: ListEvents) {
    this.#store = store;
    this.#settings = settings;
    this.#events = events;
  }

  /** Takes new settings, and reads every file again. */
  configure(settings: ListSettings): void {
    this.#settings = settings;
    this.#files = new Map();
    this.#readFiles();
    this.#rebuild();
  }

  /** What the lists say; `now` is in milliseconds since the epoch. */
  find(target: Target, now: number): Finding<ListedRule> {
    return this.#matcher.find(target, now);
  }

  /** The domains of the entries that mean whoever a domain's SPF record authorises. */
  get spfDomains(): readonly string[] {
    return this.#spfDomains;
  }

  /** The entry that lets in a sender's mail to a recipient, both normalised, if there is one. */
  released(sender: string, recipient: string, now: number): StoredEntry | undefined {
    if (this.#released.size === 0) return undefined;
    const entry = this.#released.get(formatPair(sender, recipient));
    return entry?.expires === undefined || now < entry.expires ? entry : undefined;
  }

  /** Counts that a rule or a released pair decided. */
  hit(decisive: ListedRule | StoredEntry, now: number): void {
    const rule = "id" in decisive
      ? decisive.id
      : "entry" in decisive
      ? decisive.entry.id
      : nameRule(decisive);
    const count = (this.#hits.get(rule)?.count ?? 0) + 1;
    this.#hits.set(rule, { rule, count, last: now });
  }

  /** Looks what changed and takes it. A store that is ill leaves the entries as they were. */
  refresh(): void {
    let isChanged = this.#readFiles() || this.#revision === -1;
    try {
      const revision = this.#store.revision();
      if (revision !== this.#revision) {
        const entries = this.#store.entries();
        this.#entries = entries.map(ruleOf).filter((rule) => rule !== undefined);
        const released = entries.filter(({ list }) => list === "release");
        this.#released = new Map(released.map((entry) => [entry.pattern, entry]));
        this.#revision = revision;
        isChanged = true;
      }
    } catch {
      // The store told of its illness itself.
    }
    if (isChanged) this.#rebuild();
  }

  /** Writes the hits that were counted. */
  flushHits(): void {
    if (this.#hits.size === 0) return;
    const hits = [...this.#hits.values()];
    this.#hits = new Map();
    try {
      this.#store.countHits(hits);
    } catch {
      // Hits are a convenience: what could not be counted is lost.
    }
  }

  /** Begins to look for changes. */
  start(): void {
    this.#hitsDue = performance.now() + HITS_PERIOD;
    this.#schedule();
  }

  /** Stops looking, and writes the last hits. */
  stop(): void {
    clearTimeout(this.#poll);
    this.#poll = undefined;
    this.flushHits();
  }

  #schedule(): void {
    this.#poll = setTimeout(() => {
      this.refresh();
      if (performance.now() >= this.#hitsDue) {
        this.#hitsDue = performance.now() + HITS_PERIOD;
        this.flushHits();
      }
      if (this.#poll !== undefined) this.#schedule();
    }, POLL_PERIOD);
  }

  #readFiles(): boolean {
    const { whitelistClients, whitelistRecipients } = this.#settings;
    const wanted = new Map<string, MatchOn>([
      ...whitelistClients.map((path) => [path, "client"] as const),
      ...whitelistRecipients.map((path) => [path, "recipient"] as const),
    ]);
    let isChanged = false;
    for (const [path, matchOn] of wanted) {
      const known = this.#files.get(path);
      let stamp: string;
      try {
        stamp = stampOf(path);
      } catch (error) {
        stamp = "missing";
        if (known?.stamp !== stamp) this.#events.fileFailed(path, error);
      }
      if (known?.stamp === stamp) continue;
      isChanged = true;
      this.#files.set(path, { matchOn, stamp, rules: this.#readFile(path, matchOn, stamp) });
    }
    return isChanged;
  }

  #readFile(path: string, matchOn: MatchOn, stamp: string): readonly FileRule[] {
    if (stamp === "missing") return [];
    try {
      const { rules, errors } = parseListFile(path, Deno.readTextFileSync(path), matchOn);
      this.#events.fileRead(path, rules.length, errors);
      return rules;
    } catch (error) {
      this.#events.fileFailed(path, error);
      return [];
    }
  }

  #rebuild(): void {
    const { optIn, optOut, builtinList } = this.#settings;
    const rules: ListedRule[] = [
      ...this.#entries,
      ...[...this.#files.values()].flatMap(({ rules }) => rules),
      ...optIn.flatMap((text) => chosen("opt-in", text)),
      ...optOut.flatMap((text) => chosen("opt-out", text)),
      ...(builtinList ? BUILTIN : []),
    ];
    this.#matcher = new Matcher(rules);
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
