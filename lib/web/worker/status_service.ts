/**
 * What the status page shows and does, for its pages and its API alike.
 *
 * @module
 */
import { BUILTIN } from "../../lists/builtin.ts";
import type { ListName } from "../../lists/matcher.ts";
import { parseListFile } from "../../lists/list_file.ts";
import { formatPattern, guessMatchOn, type MatchOn } from "../../lists/pattern.ts";
import {
  deferralNumbered,
  findAutoWhitelisted,
  findKnown,
  findLost,
  findWaiting,
  LOST_AFTER,
  type PageQuery,
} from "../../admin/queries.ts";
import {
  baselineDays,
  type Bucket,
  type Period,
  type Today,
  todayOf,
  todaySince,
  trendOf,
  trendSince,
} from "../../admin/figures.ts";
import { nameRule } from "../../daemon/lists.ts";
import type { Lost } from "../../admin/possibly_lost.ts";
import { EXPECTED_FOR, newEntry, releaseOf, type Remarks } from "../../admin/new_entry.ts";
import { formatSender } from "../../admin/format.ts";
import { type Summary, summaryOf } from "../../admin/summary.ts";
import type { DecisionSearch, Deferral, Page, StoredDecision } from "../../store/history.ts";
import { collectPage } from "../../store/pages.ts";
import type {
  Credential,
  EntrySearch,
  NewEntry,
  RuleHits,
  StoredEntry,
  StoredOrigin,
  StoredTriplet,
} from "../../store/store.ts";
import { DAY } from "../../text/duration.ts";
import type { DaemonLink } from "./daemon_link.ts";
import { Reader } from "./reader.ts";
import type { StatusSettings } from "../settings.ts";
import { type Suggestion, suggestionsFor } from "../pages/suggestions.ts";

/** What is wrong with what somebody asked for, in words for that person. */
export class RefusedError extends Error {
  /** An error with its message, which may hold hostile text, and the HTTP status that fits. */
  constructor(readonly status: 400 | 404 | 409, message: string) {
    super(message);
    this.name = "RefusedError";
  }
}

/** A rule that is not an entry of the database. */
export interface FixedRule {
  /** Where it stands: in the built-in list, or in a line of a file. */
  readonly source: string;
  /** What it is about. */
  readonly matchOn: MatchOn;
  /** What it matches. */
  readonly pattern: string;
  /** Why it is there; empty if nobody says. */
  readonly why: string;
  /** How often it decided. */
  readonly hits: number;
}

/** An entry that somebody wants. */
export interface WantedEntry {
  /** The list that it is for. */
  readonly list: ListName;
  /** What it is about; guessed, if it is absent. */
  readonly matchOn?: MatchOn | undefined;
  /** What it matches. */
  readonly pattern: string;
  /** Why. */
  readonly note: string;
  /** After so many milliseconds it ends; absent for never. */
  readonly lasts?: number | undefined;
}

/** A page of a search ends after so many milliseconds where it has come to. */
const TIMEOUT_MS = 250;

/** Figures are kept for so long, in milliseconds, since some take a look at everything … */
const FIGURES_KEPT = 1000;

/** … or for so many times as long as it took to make them. */
const FIGURES_SHARE = 30;

/** The page's own view of the daemon and its store. */
export class StatusService {
  readonly #link: DaemonLink;
  readonly #reader: Reader;
  readonly #clock: () => number;
  readonly #kept = new Map<string, { readonly until: number; readonly value: Promise<unknown> }>();
  #settings: StatusSettings;

  /** A desk; `clock` tells milliseconds since the epoch. */
  constructor(settings: StatusSettings, link: DaemonLink, clock: () => number = Date.now) {
    this.#settings = settings;
    this.#link = link;
    this.#reader = new Reader(settings.store);
    this.#clock = clock;
  }

  /** Takes new settings. */
  configure(settings: StatusSettings): void {
    this.#settings = settings;
    this.#kept.clear();
  }

  /** Opens the database again when it is needed next. */
  reopen(): void {
    this.#kept.clear();
    this.#reader.close();
  }

  /** The settings in force. */
  get settings(): StatusSettings {
    return this.#settings;
  }

  /** The daemon. */
  get daemon(): DaemonLink {
    return this.#link;
  }

  /** The moment, in milliseconds since the epoch. */
  get now(): number {
    return this.#clock();
  }

  /** The password and the tokens. */
  credentials(): Promise<readonly Credential[]> {
    return this.#reader.use((store) => store.credentials.all());
  }

  /** What waits, the newest first. */
  waiting(query: PageQuery): Promise<Page<Deferral>> {
    return this.#reader.use((store) =>
      findWaiting(
        store.history,
        { timeoutMs: TIMEOUT_MS, ...query },
        this.#settings.rules,
        this.now,
      )
    );
  }

  /** What was put off under a number. */
  async deferral(id: number): Promise<Deferral> {
    const found = await this.#reader.use((store) => deferralNumbered(store.history, id));
    if (found === undefined) {
      throw new RefusedError(404, `nothing was put off under number ${id}, or too long ago`);
    }
    return found;
  }

  /** Decisions, the newest first. */
  decisions(query: PageQuery, reasons?: DecisionSearch["reasons"]): Promise<Page<StoredDecision>> {
    const { text } = query;
    return this.#reader.use((store) =>
      collectPage(
        (after, limit) => store.history.findDecisions({ text, limit, after, reasons }),
        { timeoutMs: TIMEOUT_MS, ...query },
      )
    );
  }

  /** The decision of that number. */
  async decision(id: number): Promise<StoredDecision> {
    const { rows } = await this.#reader.use((store) =>
      store.history.findDecisions({ text: "", limit: 1, after: String(id + 1) })
    );
    const found = rows.find((row) => row.id === id);
    if (found === undefined) {
      throw new RefusedError(404, `there is no decision ${id}, or it was too long ago`);
    }
    return found;
  }

  /** What never came back, the most likely real mail first. */
  lost(query: PageQuery): Promise<Page<Lost>> {
    return this.#reader.use((store) =>
      findLost(store.history, { timeoutMs: TIMEOUT_MS, ...query }, this.now - LOST_AFTER)
    );
  }

  /** Triplets that pass at once. */
  known(query: PageQuery): Promise<Page<StoredTriplet>> {
    return this.#reader.use((store) =>
      findKnown(store.greylist, { timeoutMs: TIMEOUT_MS, ...query }, this.#settings.rules, this.now)
    );
  }

  /** Origins whose mail passes at once. */
  proven(query: PageQuery): Promise<Page<StoredOrigin>> {
    return this.#reader.use((store) =>
      findAutoWhitelisted(
        store.greylist,
        { timeoutMs: TIMEOUT_MS, ...query },
        this.#settings.rules,
        this.now,
      )
    );
  }

  /** Entries of the lists, the newest first. */
  entries(search: EntrySearch): Promise<Page<StoredEntry>> {
    return this.#reader.use((store) => store.lists.find(search));
  }

  /** The entry of that number. */
  async entry(id: number): Promise<StoredEntry> {
    const found = await this.#reader.use((store) => store.lists.entry(id));
    if (found === undefined) throw new RefusedError(404, `there is no entry ${id}`);
    return found;
  }

  /** The built-in rules and those of the files; a line that cannot be understood is left out. */
  async rules(): Promise<FixedRule[]> {
    const { whitelistClients, whitelistRecipients, builtinList } = this.#settings;
    const counted = await this.#reader.use((store) => store.lists.ruleHits());
    const hits = new Map(counted.map((one): [string, RuleHits] => [one.rule, one]));
    const hitsOf = (name: string) => hits.get(name)?.hits ?? 0;
    const files = [
      ...whitelistClients.map((path) => [path, "client"] as const),
      ...whitelistRecipients.map((path) => [path, "recipient"] as const),
    ];
    const ofFiles = files.flatMap(([path, matchOn]) => {
      try {
        return parseListFile(path, Deno.readTextFileSync(path), matchOn).rules;
      } catch {
        // That a list cannot be read is told by the daemon.
        return [];
      }
    });
    return [
      ...ofFiles.map((rule) => ({
        source: nameRule(rule),
        matchOn: rule.matchOn,
        pattern: formatPattern(rule.pattern),
        why: "",
        hits: hitsOf(nameRule(rule)),
      })),
      ...(builtinList ? BUILTIN : []).map((rule) => ({
        source: `built in (${rule.source}, ${rule.date})`,
        matchOn: rule.matchOn,
        pattern: rule.text,
        why: rule.reason,
        hits: hitsOf(nameRule(rule)),
      })),
    ];
  }

  /** What was in the last 24 hours, and what is usual. */
  today(): Promise<Today> {
    return this.#keep("today", () =>
      this.#reader.use(({ history }) => {
        const { now } = this;
        const since = todaySince(now);
        const tallies = history.tallies(since);
        // A deferral counts in the period in which its retry window ended.
        const end = now - this.#settings.rules.retryWindow;
        const lost = (from: number, to: number) => history.countDeferrals(from, now + DAY, to).lost;
        const last = lost(end - DAY, end);
        const before = lost(end - (baselineDays(tallies, now) + 1) * DAY, end - DAY);
        return todayOf(tallies, history.delayTallies(since), { last, before }, now);
      }));
  }

  /** The figures of a period, piece by piece. */
  trend(period: Period): Promise<readonly Bucket[]> {
    return this.#keep(`trend ${period}`, async () => {
      const { now } = this;
      const since = trendSince(period, now);
      return trendOf(await this.#reader.use((store) => store.history.tallies(since)), period, now);
    });
  }

  /** What happened within the last so many milliseconds, in numbers. */
  summary(length: number): Promise<Summary> {
    return this.#keep(`summary ${length}`, () => {
      const { retryWindow } = this.#settings.rules;
      const { now } = this;
      return this.#reader.use((store) => summaryOf(store.history, now - length, now, retryWindow));
    });
  }

  /** A number that changes whenever an entry does. */
  revision(): Promise<number> {
    return this.#reader.use((store) => store.lists.revision());
  }

  /** How much is stored: triplets and origins. */
  size(): Promise<{ readonly triplets: number; readonly origins: number }> {
    return this.#keep("size", () => this.#reader.use((store) => store.size()));
  }

  /** What an administrator may want to allow or block who looks at a piece of mail. */
  suggestions(mail: Deferral | StoredDecision): Suggestion[] {
    return this.#settings.store.privacy ? [] : suggestionsFor(mail, this.#settings.rules);
  }

  /** Lets in what waits, at its next try. */
  async release(id: number, by: string): Promise<StoredEntry> {
    if (this.#settings.store.privacy) {
      throw new RefusedError(
        409,
        "with privacy = true only hashes are stored: greylag release SENDER RECIPIENT",
      );
    }
    const deferral = await this.deferral(id);
    const remarks = this.#remarks(by, "", this.#settings.rules.retryWindow);
    return await this.#add(releaseOf(deferral, remarks), by);
  }

  /** Adds an entry. */
  async add(wanted: WantedEntry, by: string): Promise<StoredEntry> {
    const { list, pattern, note, lasts } = wanted;
    const matchOn = wanted.matchOn ?? guessMatchOn(pattern);
    if (matchOn === undefined) {
      throw new RefusedError(400, "say what the /expression/ is about");
    }
    if (list === "always-greylist" && matchOn !== "client") {
      throw new RefusedError(400, "only a client can be kept from being proven");
    }
    const entered = newEntry(list, matchOn, pattern, this.#remarks(by, note, lasts));
    if (!entered.ok) throw new RefusedError(400, entered.why);
    return await this.#add(entered.entry, by);
  }

  /** Lets one recipient's mail pass for a while. */
  expect(recipient: string, lasts = EXPECTED_FOR, note: string, by: string): Promise<StoredEntry> {
    return this.add({ list: "allow", matchOn: "recipient", pattern: recipient, note, lasts }, by);
  }

  /** Gives an entry another note and another end. */
  async edit(
    id: number,
    { note, expires }: Pick<NewEntry, "note" | "expires">,
    by: string,
  ): Promise<StoredEntry> {
    const { list, matchOn, pattern } = await this.entry(id);
    const created = this.now;
    const entry = { list, matchOn, pattern, note, addedBy: by, created };
    return await this.#add(expires === undefined ? entry : { ...entry, expires }, by);
  }

  /** Removes an entry. */
  async remove(id: number, by: string): Promise<StoredEntry> {
    const entry = await this.entry(id);
    await this.#reader.use((store) => store.lists.remove(id));
    this.#changed(by, `removed ${describeEntry(entry)}`);
    return entry;
  }

  /** Puts back an entry that was removed or changed. */
  restore(entry: NewEntry, by: string): Promise<StoredEntry> {
    return this.#add(entry, by);
  }

  /** Closes the database. */
  close(): void {
    this.#reader.close();
  }

  #remarks(addedBy: string, note: string, lasts: number | undefined): Remarks {
    return { addedBy, note: note.slice(0, 500), now: this.now, lasts };
  }

  async #add(entry: NewEntry, by: string): Promise<StoredEntry> {
    const stored = await this.#reader.use((store) => store.lists.add(entry));
    this.#changed(by, describeEntry(stored));
    return stored;
  }

  #changed(by: string, what: string): void {
    this.#link.tell({ kind: "changed", by, what });
  }

  #keep<T>(name: string, make: () => Promise<T>): Promise<T> {
    const now = performance.now();
    const kept = this.#kept.get(name);
    if (kept !== undefined && now < kept.until) return kept.value as Promise<T>;
    for (const [other, { until }] of this.#kept) if (until <= now) this.#kept.delete(other);
    const value = make();
    this.#kept.set(name, { until: Infinity, value });
    value.then(() => {
      const end = performance.now();
      const until = end + Math.max(FIGURES_KEPT, FIGURES_SHARE * (end - now));
      this.#kept.set(name, { until, value });
    }, () => this.#kept.delete(name));
    return value;
  }
}

/** An entry in a few words. */
export function describeEntry({ id, list, matchOn, pattern }: StoredEntry): string {
  if (list !== "release") return `entry ${id}: ${list} ${matchOn} ${pattern}`;
  const [sender, ...recipient] = pattern.split(" ");
  return `entry ${id}: ${formatSender(sender!)} may write to ${recipient.join(" ")}`;
}
