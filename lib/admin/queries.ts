/**
 * Queries shared by the command line and the status page.
 *
 * @module
 */
import { originsOf } from "../greylist/origin.ts";
import type { Rules } from "../greylist/rules.ts";
import { isAutoWhitelisted, tripletState } from "../greylist/triplet_state.ts";
import { parseAddress } from "../net/network.ts";
import type { Deferral, HistoryStore, Page } from "../store/history.ts";
import type { GreylistStore, StoredOrigin, StoredTriplet } from "../store/store.ts";
import { collectPage } from "../store/pages.ts";
import { HOUR } from "../text/duration.ts";
import { legitimacyWithTries } from "../evidence/legitimacy.ts";
import { summarise, type Summary } from "./statistics.ts";

export interface PageQuery {
  /** Part of an address or a name; empty matches all. */
  readonly text: string;
  /** Maximum number of rows. */
  readonly limit: number;
  /** End of the page before; absent for the first. */
  readonly after?: string | undefined;
  /** Time after which a page ends early; absent for no limit. */
  readonly timeoutMs?: number;
}

/** Newest rows that {@linkcode findLost} ranks. */
export const RANKED = 20_000;

/** Default time without a retry after which deferred mail counts as lost, in milliseconds. */
export const LOST_AFTER = 6 * HOUR;

/** The store has networks, not addresses. */
function originText(text: string, rules: Rules): string {
  const address = parseAddress(text);
  return address === undefined ? text : originsOf(address, undefined, rules)[0]!.name;
}

/** Newest first. */
export function findWaiting(
  store: HistoryStore,
  query: PageQuery,
  rules: Rules,
  now: number,
): Page<Deferral> {
  const { text } = query;
  const lastSeenFrom = now - rules.retryWindow;
  return collectPage(
    (after, limit) => store.findDeferrals({ text, limit, after, open: true, lastSeenFrom }),
    query,
  );
}

export function findKnown(
  store: GreylistStore,
  query: PageQuery,
  rules: Rules,
  now: number,
): Page<StoredTriplet> {
  const text = originText(query.text, rules);
  return collectPage((after, limit) => store.findTriplets({ text, limit, after }), {
    ...query,
    fits: (triplet) => tripletState(triplet, rules, now).kind === "known",
  });
}

export function findAutoWhitelisted(
  store: GreylistStore,
  query: PageQuery,
  rules: Rules,
  now: number,
): Page<StoredOrigin> {
  const text = originText(query.text, rules);
  return collectPage((after, limit) => store.findOrigins({ text, limit, after }), {
    ...query,
    fits: (record) => isAutoWhitelisted(record, rules, now),
  });
}

/**
 * Deferred mail that was not retried, by descending legitimacy: the best of {@linkcode RANKED} rows, so
 * that the next page has older mail.
 *
 * @param before time of the last attempt, in milliseconds since the epoch.
 */
export function findLost(
  store: HistoryStore,
  query: PageQuery,
  before: number,
): Page<Lost> {
  const { text } = query;
  const { rows, next } = collectPage(
    (after, limit) =>
      store.findDeferrals({ text, limit, after, open: true, lastSeenBefore: before }),
    { ...query, limit: RANKED },
  );
  return { rows: rankLost(rows).slice(0, query.limit), next };
}

export function deferralNumbered(store: HistoryStore, id: number): Deferral | undefined {
  const { rows } = store.findDeferrals({ text: "", limit: 1, after: String(id + 1) });
  return rows.find((row) => row.id === id);
}

export interface Lost {
  readonly deferral: Deferral;
  /** From 0 to 10. */
  readonly legitimacy: number;
}

/** Recipients of one sender from which its mail counts as bulk. */
const BULK_RECIPIENTS = 4;

const BULK_PENALTY = 3;

/** By descending legitimacy, newest first among equals. */
export function rankLost(deferrals: readonly Deferral[]): Lost[] {
  const recipients = new Map<string, number>();
  for (const { sender } of deferrals) recipients.set(sender, (recipients.get(sender) ?? 0) + 1);
  return deferrals.map((deferral) => {
    const isBulk = recipients.get(deferral.sender)! >= BULK_RECIPIENTS;
    const legitimacy = legitimacyWithTries(deferral.legitimacy, deferral.tries);
    return { deferral, legitimacy: Math.max(0, legitimacy - (isBulk ? BULK_PENALTY : 0)) };
  }).sort((a, b) => b.legitimacy - a.legitimacy || b.deferral.lastSeen - a.deferral.lastSeen);
}

/**
 * @param since in milliseconds since the epoch, rounded down to a full hour.
 * @param retryWindow in milliseconds: deferred pairs not retried for longer count as lost.
 */
export function summaryOf(
  store: HistoryStore,
  since: number,
  now: number,
  retryWindow: number,
): Summary {
  const hour = since - since % HOUR;
  const deferrals = store.countDeferrals(hour, now - retryWindow);
  return summarise(store.tallies(hour), store.delayTallies(hour), deferrals, hour);
}

/** Recipients that {@linkcode recipientsOf} returns at most. */
const MAX_RECIPIENTS = 5;

/** The recipients of the history with this local part, in any domain. */
export function recipientsOf(store: HistoryStore, local: string): readonly string[] {
  const user = local.toLowerCase();
  const found = new Set<string>();
  let after: string | undefined;
  do {
    const page = store.findDecisions({ text: `${user}@`, limit: 1000, after });
    for (const { recipient } of page.rows) {
      const address = recipient.toLowerCase();
      if (address.startsWith(`${user}@`)) found.add(address);
    }
    after = page.next;
  } while (after !== undefined && found.size < MAX_RECIPIENTS);
  return [...found].sort();
}
