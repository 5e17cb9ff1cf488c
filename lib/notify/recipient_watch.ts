/**
 * Notices for recipients: mail that was deferred and looks urgent, or was not retried in its usual
 * time; and their digests.
 *
 * @module
 */
import { LOST_THRESHOLD, rankLost } from "../admin/queries.ts";
import type { DecisionEvent } from "../daemon/events.ts";
import { legitimacyOf } from "../evidence/legitimacy.ts";
import type { Attempt } from "../greylist/attempt.ts";
import { isAutomaticSender, isUnstable } from "../greylist/normalise.ts";
import { splitAddress } from "../net/email_address.ts";
import { LRUCache } from "lru-cache";
import type { Deferral, HistoryStore } from "../store/history.ts";
import { collectPage } from "../store/pages.ts";
import { DAY, SECOND } from "../text/duration.ts";
import { digestBoundary, itemOf, makeDigest } from "./digest.ts";
import { CANDIDATE_FLOOD, FloodWatch, lateAfter, NOTICE_PERIOD } from "./limits.ts";
import type { Notice } from "./notice.ts";
import type { Target } from "./target.ts";
import { DailyLimit, type NoticeTimes } from "./times.ts";
import { targetOf, type User, type Users } from "./user.ts";

type ReadHistory = Pick<
  HistoryStore,
  "findDeferrals" | "findDecisions" | "retriedDomains" | "retryDelays" | "topDeferrals"
>;

export interface RecipientWatchOptions {
  readonly history: ReadHistory;
  readonly times: NoticeTimes;
  readonly post: (notice: Notice, target: Target) => void;
  /** In milliseconds: retries later than this are first attempts. */
  readonly retryWindow: number;
  /** The time at which the process started. */
  readonly started: number;
}

/** A notice waits for this time, so that a flood is noticed before it leaves. */
const HOLD = 3 * SECOND;

/** Recipients with a notice that waits. */
const MAX_DUE = 1000;

/** Messages of one notice. */
const MAX_ITEMS = 5;

/** Deferrals that are looked at for lateness. */
const MAX_CANDIDATES = 200;

/** Older deferrals are left to the digest. */
const OLDEST = DAY;

/** Least legitimacy of a deferral in a notice, as stored. */
const STORED_THRESHOLD = 5;

/** Retries of a sender domain whose delays count, and the least number that says anything. */
const RETRIES_CONSIDERED = 20;
const MIN_RETRIES = 3;

/** Deferrals read for a notice or digest, and the time that a query may take on the path of mail. */
const MAX_DEFERRALS = 2000;
const QUERY_TIMEOUT_MS = 40;

/** Recipients of user domains that get digests, and digests of one pass. */
const MAX_DOMAIN_RECIPIENTS = 100;
const MAX_DIGESTS = 20;

/** Machines that send codes name themselves, or use a sender with a token in it. */
export function isUrgent(
  attempt: Pick<Attempt, "sender"> & Parameters<typeof legitimacyOf>[0],
  evidence: DecisionEvent["evidence"],
): boolean {
  const { sender } = attempt;
  if (sender === "") return false;
  return (isAutomaticSender(sender) || isUnstable(splitAddress(sender).local)) &&
    legitimacyOf(attempt, evidence) >= LOST_THRESHOLD;
}

export class RecipientWatch {
  readonly #options: RecipientWatchOptions;
  #users: Users;
  #retryWindow: number;
  readonly #flood = new FloodWatch(CANDIDATE_FLOOD);
  readonly #daily: DailyLimit;
  /** Recipients with something to tell, and since when. */
  readonly #due = new Map<string, number>();
  /** The time at which the digests were due that all left. */
  #digestsSent: number | undefined;
  /** Deferrals that were in a notice of this process. */
  readonly #told = new LRUCache<number, true>({ max: 10_000 });

  constructor(users: Users, options: RecipientWatchOptions) {
    this.#users = users;
    this.#retryWindow = options.retryWindow;
    this.#options = options;
    this.#daily = new DailyLimit(options.times);
  }

  configure(users: Users, retryWindow: number): void {
    this.#users = users;
    this.#retryWindow = retryWindow;
    this.#digestsSent = undefined;
  }

  /** True while notices are suspended, since too many would leave. */
  isFlooded(now: number): boolean {
    return this.#flood.isOn(now);
  }

  /** Takes a first contact that was deferred. */
  take({ request, evidence }: DecisionEvent, now: number): void {
    const { attempt } = request;
    if (attempt === undefined || this.#users.isEmpty || !isUrgent(attempt, evidence)) return;
    this.#suggest(attempt.pendingKey.recipient, now);
  }

  #suggest(recipient: string, now: number): void {
    const user = this.#users.find(recipient);
    if (user === undefined || targetOf(user, recipient) === undefined) return;
    if (this.#flood.count(now)) {
      this.#due.clear();
      return;
    }
    if (this.#due.size < MAX_DUE && !this.#due.has(recipient)) this.#due.set(recipient, now);
  }

  /** Posts the notices whose time has come. */
  sendDue(now: number): void {
    for (const [recipient, since] of this.#due) {
      if (Math.abs(now - since) < HOLD) continue;
      if (this.#options.times.isWithin(`notice ${recipient}`, NOTICE_PERIOD, now)) {
        // What is still late in an hour is told then.
        if (now - since >= NOTICE_PERIOD) this.#due.delete(recipient);
        continue;
      }
      this.#due.delete(recipient);
      if (!this.#daily.isReached(recipient, now)) this.#notify(recipient, now);
    }
  }

  #notify(recipient: string, now: number): void {
    const user = this.#users.find(recipient);
    const target = user && targetOf(user, recipient);
    if (user === undefined || target === undefined) return;
    if (!user.address.includes("@") && !this.#hasMail(recipient)) return;
    const waiting = this.#deferralsOf(recipient, now - OLDEST).filter((one) =>
      one.ended === undefined && one.legitimacy >= STORED_THRESHOLD
    );
    const fresh = waiting.filter((one) => !this.#isTold(one, recipient));
    if (fresh.length === 0) return;
    for (const { id } of waiting) this.#told.set(id, true);
    this.#daily.add(recipient, now);
    const { times, post } = this.#options;
    times.set(`notice ${recipient}`, now);
    const items = fresh.slice(0, MAX_ITEMS).map(itemOf);
    post({ kind: "deferred", recipient, language: user.language, items }, target);
  }

  #isTold({ id, firstSeen }: Deferral, recipient: string): boolean {
    if (this.#told.has(id)) return true;
    const { times, started } = this.#options;
    const last = times.last(`notice ${recipient}`);
    // A notice of the process before had all that waited then.
    return last !== undefined && last < started && firstSeen <= last;
  }

  /** Looks for mail that was not retried in its usual time. */
  findLate(now: number): void {
    if (this.#users.isEmpty || this.isFlooded(now)) return;
    const { history } = this.#options;
    const { rows } = history.findDeferrals({
      text: "",
      state: "waiting",
      quietSince: now - this.#retryWindow,
      legitimacyFrom: STORED_THRESHOLD,
      from: now - OLDEST,
      limit: MAX_CANDIDATES,
    });
    const fresh = rows.filter((one) => {
      const recipient = this.#users.normalise(one.recipient);
      return this.#users.find(recipient) !== undefined && !this.#isTold(one, recipient);
    });
    if (fresh.length === 0) return;
    for (const { deferral, legitimacy } of rankLost(fresh, history.retriedDomains())) {
      if (legitimacy < LOST_THRESHOLD) break;
      // Its queue works if it was tried again lately.
      if (now - deferral.lastSeen < lateAfter(this.#usualDelay(deferral.senderDomain))) continue;
      this.#suggest(this.#users.normalise(deferral.recipient), now);
    }
  }

  #usualDelay(senderDomain: string): number | undefined {
    const delays = this.#options.history.retryDelays(senderDomain, RETRIES_CONSIDERED);
    if (delays.length < MIN_RETRIES) return undefined;
    return delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)];
  }

  /** Posts the digests that are due, some at a time. */
  sendDigests(now: number): void {
    const boundary = digestBoundary(now, "day");
    if (this.#digestsSent === boundary) return;
    let left = MAX_DIGESTS;
    for (const { user, recipient } of this.#digestRecipients(now)) {
      if (left === 0) return;
      if (this.#sendDigest(user, recipient, now)) left--;
    }
    this.#digestsSent = boundary;
  }

  *#digestRecipients(now: number): Generator<{ user: User; recipient: string }> {
    let hasDomains = false;
    for (const user of this.#users.all) {
      if (user.digest === "off") continue;
      if (user.address.includes("@")) yield { user, recipient: user.address };
      else hasDomains = true;
    }
    if (!hasDomains) return;
    const period = { from: now - 7 * DAY, until: now + 1, quietSince: now };
    const top = this.#options.history.topDeferrals("recipient", period, MAX_DOMAIN_RECIPIENTS);
    for (const { value, retried } of top) {
      const recipient = this.#users.normalise(value);
      const user = this.#users.find(recipient);
      // Spam to addresses that do not exist must not cause mail to them.
      if (user === undefined || user.address.includes("@") || retried === 0) continue;
      yield { user, recipient };
    }
  }

  #sendDigest(user: User, recipient: string, now: number): boolean {
    const { digest: period } = user;
    const target = targetOf(user, recipient);
    if (period === "off" || target === undefined) return false;
    const { times, history, post } = this.#options;
    const subject = `digest ${recipient}`;
    const last = times.lastUntil(subject, now);
    if (last !== undefined && last >= digestBoundary(now, period)) return false;
    times.set(subject, now);
    // The first one would report a time in which nobody asked for it.
    if (last === undefined) return false;
    const from = Math.max(last, now - (period === "day" ? 2 : 8) * DAY);
    const deferrals = this.#deferralsOf(recipient, from);
    const notice = makeDigest(user, recipient, period, deferrals, history.retriedDomains(), now);
    if (notice !== undefined) post(notice, target);
    return true;
  }

  #deferralsOf(recipient: string, from: number): readonly Deferral[] {
    const { history } = this.#options;
    return collectPage(
      (after, rows) =>
        history.findDeferrals({ text: "", mailbox: recipient, from, limit: rows, after }),
      { limit: MAX_DEFERRALS, timeoutMs: QUERY_TIMEOUT_MS },
    ).rows;
  }

  /** True if mail to the recipient was accepted before. */
  #hasMail(recipient: string): boolean {
    const { history } = this.#options;
    return collectPage(
      (after, limit) =>
        history.findDecisions({ text: "", recipient, decision: "pass", limit, after }),
      { limit: 1, timeoutMs: QUERY_TIMEOUT_MS },
    ).rows.length > 0;
  }
}
