/**
 * Read access to the store for the pages and the API.
 *
 * @module
 */
import type { Step } from "../../admin/explanation.ts";
import { type FixedRule, readFixedRules } from "../../admin/fixed_rules.ts";
import { type Outcome, OUTCOME_PERIOD, outcomeOf } from "../../admin/deferral_outcome.ts";
import {
  type Bucket,
  type Period,
  type Report,
  reportOf,
  reportSince,
  type Summary,
  type Today,
  todayOf,
  todaySince,
  trendOf,
  trendSince,
} from "../../admin/statistics.ts";
import {
  type AutoWhitelisted,
  clientSelection,
  type DecisionQuery,
  deferralNumbered,
  type DeferralQuery,
  findAutoWhitelisted,
  findDecisions,
  findDeferred,
  findKnown,
  findLost,
  type Lost,
  LOST_AFTER,
  LOST_THRESHOLD,
  type PageQuery,
  rankLost,
  summaryOf,
} from "../../admin/queries.ts";
import { type Suggestion, suggestionsFor } from "../../admin/suggestions.ts";
import { type NamedClient, nameTerms } from "../../evidence/terms.ts";
import {
  type Deferral,
  type DeferralState,
  deferralState,
  type Page,
  type Selection,
  type StoredDecision,
  type StoredEvidence,
  type TopKey,
  type TopRow,
} from "../../store/history.ts";
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
import { type Mail, stepsFor } from "./record_steps.ts";
import type { Reader } from "./reader.ts";

/** A request that cannot be served as it is; the message is shown and may hold hostile text. */
export class RefusedError extends Error {
  constructor(readonly status: 400 | 404 | 409, message: string) {
    super(message);
    this.name = "RefusedError";
  }
}

/** Attempts of one message that are shown. */
const MAX_ATTEMPTS = 100;

/** Newest retries of a sender domain whose delays count. */
const RETRIES_CONSIDERED = 50;

/** Fewer retries say nothing. */
const MIN_RETRIES = 3;

/** Released pairs whose rows are marked. */
const MAX_RELEASED = 1000;

/** A search that takes longer returns what it has found so far. */
const SEARCH_TIMEOUT_MS = 150;

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

  isLinkUsed(tag: string): boolean {
    return this.#reader.use((store) => store.notices.isUsed(tag));
  }

  credentials(): readonly Credential[] {
    return this.#reader.use((store) => store.credentials.all());
  }

  /** Deferred mail that is still being retried, newest first. */
  waiting(query: PageQuery): Page<Deferral> {
    return this.deferred({ ...query, state: "waiting" });
  }

  /** @throws {RefusedError} if there is none with this number. */
  deferral(id: number): Deferral {
    const found = this.deferralIfStored(id);
    if (found === undefined) {
      throw new RefusedError(404, `there is no deferred message ${id}, or it has expired`);
    }
    return found;
  }

  /** A deferral, or undefined if it has expired. */
  deferralIfStored(id: number): Deferral | undefined {
    return this.#reader.use((store) => deferralNumbered(store.history, id));
  }

  /**
   * The evidence stored with the first attempt, or the terms of host name and HELO; empty with privacy.
   */
  evidenceOf(
    mail: NamedClient,
    stored: StoredEvidence | undefined,
  ): StoredEvidence {
    if (this.#settings.store.privacy) return [];
    return stored ?? nameTerms(mail);
  }

  /** The rules that a message meets now, without DNS; empty with privacy. */
  recordSteps(mail: Mail): readonly Step[] {
    const { store: { privacy }, rules } = this.#settings;
    if (privacy) return [];
    return this.#reader.use(({ greylist }) => stepsFor(mail, greylist, rules, this.now));
  }

  /** Newest first. */
  decisions(query: DecisionQuery): Page<StoredDecision> {
    return this.#reader.use((store) => findDecisions(store.history, withTimeout(query)));
  }

  /** Deferred mail in any state, newest first. */
  deferred(query: DeferralQuery): Page<Deferral> {
    return this.#reader.use((store) => findDeferred(store.history, withTimeout(query), this.now));
  }

  /** The selection of a client, given by its address or network. */
  clientSelection(client: string): Selection {
    return clientSelection(client, this.#settings.rules);
  }

  /** The state of a deferral now. */
  stateOf(deferral: Deferral): DeferralState {
    return deferralState(deferral, this.now - LOST_AFTER);
  }

  /** The decisions on the attempts of a deferral, the oldest first. */
  attempts(deferral: number): readonly StoredDecision[] {
    const { rows } = this.decisions({ text: "", limit: MAX_ATTEMPTS, deferral });
    return rows.toReversed();
  }

  /** Median delay of the newest accepted retries of a domain, in milliseconds; undefined for too few. */
  usualRetryDelay(senderDomain: string): number | undefined {
    const delays = this.#cache.get(
      `delays ${senderDomain}`,
      () =>
        this.#reader.use((store) => store.history.retryDelays(senderDomain, RETRIES_CONSIDERED)),
    );
    return delays.length < MIN_RETRIES
      ? undefined
      : delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)];
  }

  /** The entry that accepts the next retry of each released pair, by its pattern. */
  released(): ReadonlyMap<string, StoredEntry> {
    const { rows } = this.entries({ text: "", list: "release", limit: MAX_RELEASED });
    const active = rows.filter(({ expires }) => expires === undefined || expires > this.now);
    return new Map(active.map((entry) => [entry.pattern, entry]));
  }

  /** Whether Postfix has sent no request within the history. */
  isIdle(): boolean {
    return this.trend("30d").every((bucket) =>
      bucket.passedUndelayed + bucket.deferred + bucket.retried + bucket.blocked === 0
    );
  }

  /** The figures of a period and of the one before. */
  report(period: Period): Report {
    return this.#cache.get(`report ${period}`, () =>
      this.#reader.use(({ history }) => {
        const { now } = this;
        const since = reportSince(period, now);
        const count = (from: number, until: number) =>
          history.countDeferrals(from, now - LOST_AFTER, until);
        return reportOf(history.tallies(since), history.delayTallies(since), count, period, now);
      }));
  }

  /** The values with the most deferrals of a period. */
  top(by: TopKey, period: Period, limit: number): readonly TopRow[] {
    return this.#cache.get(`top ${by} ${period} ${limit}`, () => {
      const { now } = this;
      const window = {
        from: trendSince(period, now),
        until: now + 1,
        quietSince: now - LOST_AFTER,
      };
      return this.#reader.use((store) => store.history.topDeferrals(by, window, limit));
    });
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

  /** Mail that was not retried and may be legitimate, most likely first. */
  lost(query: PageQuery): Page<Lost> {
    const { text, limit, after = "" } = query;
    return this.#cache.get(
      `lost ${limit} ${after} ${text}`,
      () =>
        this.#reader.use((store) =>
          findLost(
            store.history,
            { ...withTimeout(query), threshold: LOST_THRESHOLD },
            this.now - LOST_AFTER,
          )
        ),
    );
  }

  /** Deferred mail by its likelihood of being legitimate. */
  rankLost(deferrals: readonly Deferral[]): readonly Lost[] {
    return this.#reader.use(({ history }) => rankLost(deferrals, history.retriedDomains()));
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
        const { retryWindow } = this.#settings.rules;
        // A deferral counts in the period in which its retry window ended.
        const notRetried = (from: number, until: number) =>
          history.countDeferrals(from - retryWindow, now + DAY, until - retryWindow)["not-retried"];
        return todayOf(history.tallies(since), history.delayTallies(since), notRetried, now);
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
      const { now } = this;
      return this.#reader.use((store) => summaryOf(store.history, now - length, now, LOST_AFTER));
    });
  }

  /** The outcome of deferred mail; undefined if nothing is known yet. */
  outcome(): Outcome | undefined {
    return outcomeOf(this.summary(OUTCOME_PERIOD));
  }

  /** A number that changes with every change of the list entries. */
  entriesRevision(): number {
    return this.#reader.use((store) => store.lists.revision());
  }

  size(): StoreSize {
    return this.#cache.get("size", () => this.#reader.use((store) => store.size()));
  }

  /** List patterns that match a message; empty with privacy. */
  suggestions(mail: Deferral | StoredDecision): Suggestion[] {
    return this.#settings.store.privacy ? [] : suggestionsFor(mail, this.#settings.rules);
  }
}

function withTimeout(query: PageQuery): PageQuery {
  return { timeoutMs: SEARCH_TIMEOUT_MS, ...query };
}
