/**
 * Read access to the store for the pages and the API.
 *
 * @module
 */
import { type FixedRule, readFixedRules } from "../../admin/fixed_rules.ts";
import {
  baselineDays,
  type Bucket,
  type Period,
  type Summary,
  type Today,
  todayOf,
  todaySince,
  trendOf,
  trendSince,
} from "../../admin/statistics.ts";
import {
  type AutoWhitelisted,
  deferralNumbered,
  findAutoWhitelisted,
  findKnown,
  findLost,
  findWaiting,
  type Lost,
  LOST_AFTER,
  type PageQuery,
  summaryOf,
} from "../../admin/queries.ts";
import { type Suggestion, suggestionsFor } from "../../admin/suggestions.ts";
import type { DecisionSearch, Deferral, Page, StoredDecision } from "../../store/history.ts";
import { collectPage } from "../../store/pages.ts";
import type {
  Credential,
  EntrySearch,
  StoredEntry,
  StoredRelation,
  StoreSize,
} from "../../store/store.ts";
import { DAY } from "../../text/duration.ts";
import type { StatusSettings } from "../settings.ts";
import { QueryCache } from "./query_cache.ts";
import type { Reader } from "./reader.ts";

/** A request that cannot be served as it is; the message is shown and may hold hostile text. */
export class RefusedError extends Error {
  constructor(readonly status: 400 | 404 | 409, message: string) {
    super(message);
    this.name = "RefusedError";
  }
}

/** A search that takes longer returns what it has found so far. */
const SEARCH_TIMEOUT_MS = 250;

/** The queries of one status page. Statistics are cached. */
export class StatusQueries {
  readonly #reader: Reader;
  readonly #clock: () => number;
  readonly #cache = new QueryCache();
  #settings: StatusSettings;

  /** @param clock milliseconds since the epoch. */
  constructor(reader: Reader, settings: StatusSettings, clock: () => number) {
    this.#reader = reader;
    this.#settings = settings;
    this.#clock = clock;
  }

  get settings(): StatusSettings {
    return this.#settings;
  }

  set settings(settings: StatusSettings) {
    this.#settings = settings;
    this.#cache.clear();
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#clock();
  }

  /** Forgets cached results: the database is another file. */
  clearCache(): void {
    this.#cache.clear();
  }

  credentials(): readonly Credential[] {
    return this.#reader.use((store) => store.credentials.all());
  }

  /** Pending mail, newest first. */
  waiting(query: PageQuery): Page<Deferral> {
    return this.#reader.use((store) =>
      findWaiting(store.history, withTimeout(query), this.#settings.rules, this.now)
    );
  }

  /** @throws {RefusedError} if there is none with this number. */
  deferral(id: number): Deferral {
    const found = this.#reader.use((store) => deferralNumbered(store.history, id));
    if (found === undefined) {
      throw new RefusedError(404, `there is no deferred message ${id}, or it has expired`);
    }
    return found;
  }

  /** Newest first. */
  decisions(query: PageQuery, reasons?: DecisionSearch["reasons"]): Page<StoredDecision> {
    const { text } = query;
    return this.#reader.use((store) =>
      collectPage(
        (after, limit) => store.history.findDecisions({ text, limit, after, reasons }),
        withTimeout(query),
      )
    );
  }

  /** @throws {RefusedError} if there is none with this number. */
  decision(id: number): StoredDecision {
    const { rows } = this.#reader.use((store) =>
      store.history.findDecisions({ text: "", limit: 1, after: String(id + 1) })
    );
    const found = rows.find((row) => row.id === id);
    if (found === undefined) {
      throw new RefusedError(404, `there is no decision ${id}, or it has expired`);
    }
    return found;
  }

  /** Mail that was not retried, most likely legitimate first. */
  lost(query: PageQuery): Page<Lost> {
    return this.#reader.use((store) =>
      findLost(store.history, withTimeout(query), this.now - LOST_AFTER)
    );
  }

  /** Senders and recipients whose mail passes without delay. */
  known(query: PageQuery): Page<StoredRelation> {
    return this.#reader.use((store) =>
      findKnown(store.greylist, withTimeout(query), this.#settings.rules, this.now)
    );
  }

  autoWhitelisted(query: PageQuery): Page<AutoWhitelisted> {
    return this.#reader.use((store) =>
      findAutoWhitelisted(store.greylist, withTimeout(query), this.#settings.rules, this.now)
    );
  }

  /** Newest first. */
  entries(search: EntrySearch): Page<StoredEntry> {
    return this.#reader.use((store) => store.lists.find(search));
  }

  /** @throws {RefusedError} if there is none with this number. */
  entry(id: number): StoredEntry {
    const found = this.#reader.use((store) => store.lists.entry(id));
    if (found === undefined) throw new RefusedError(404, `there is no entry ${id}`);
    return found;
  }

  /** The rules of the list files and of the built-in list. */
  fixedRules(): FixedRule[] {
    return this.#reader.use(({ lists }) =>
      readFixedRules(this.#settings, lists.ruleHits(), lists.keptFiles())
    );
  }

  /** The last 24 hours and their baseline. */
  today(): Today {
    return this.#cache.get("today", () =>
      this.#reader.use(({ history }) => {
        const { now } = this;
        const since = todaySince(now);
        const tallies = history.tallies(since);
        // A deferral counts in the period in which its retry window ended.
        const end = now - this.#settings.rules.retryWindow;
        const notRetried = (from: number, to: number) =>
          history.countDeferrals(from, now + DAY, to).lost;
        const last = notRetried(end - DAY, end);
        const before = notRetried(end - (baselineDays(tallies, now) + 1) * DAY, end - DAY);
        return todayOf(tallies, history.delayTallies(since), { last, before }, now);
      }));
  }

  trend(period: Period): readonly Bucket[] {
    return this.#cache.get(`trend ${period}`, () => {
      const { now } = this;
      const since = trendSince(period, now);
      return trendOf(this.#reader.use((store) => store.history.tallies(since)), period, now);
    });
  }

  /** @param length of the period until now, in milliseconds. */
  summary(length: number): Summary {
    return this.#cache.get(`summary ${length}`, () => {
      const { retryWindow } = this.#settings.rules;
      const { now } = this;
      return this.#reader.use((store) => summaryOf(store.history, now - length, now, retryWindow));
    });
  }

  /** A number that changes with every change of the list entries. */
  entriesRevision(): number {
    return this.#reader.use((store) => store.lists.revision());
  }

  size(): StoreSize {
    return this.#cache.get("size", () => this.#reader.use((store) => store.size()));
  }

  /** List patterns that match a message; none where only hashes are stored. */
  suggestions(mail: Deferral | StoredDecision): Suggestion[] {
    return this.#settings.store.privacy ? [] : suggestionsFor(mail, this.#settings.rules);
  }
}

function withTimeout(query: PageQuery): PageQuery {
  return { timeoutMs: SEARCH_TIMEOUT_MS, ...query };
}
