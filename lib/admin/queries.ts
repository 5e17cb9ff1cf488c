/**
 * Queries shared by the command line and the status page.
 *
 * @module
 */
import { networkText } from "../greylist/client_network.ts";
import { autoWhitelistedAs, type Candidate, countsAt, isLive } from "../greylist/reputation.ts";
import type { Rules } from "../greylist/rules.ts";
import { formatAddress, parseAddress } from "../net/network.ts";
import type {
  DecisionSearch,
  Deferral,
  DeferralState,
  HistoryStore,
  Page,
  Selection,
  StoredDecision,
} from "../store/history.ts";
import type { GreylistStore, StoredRelation, StoredReputation } from "../store/store.ts";
import { collectPage } from "../store/pages.ts";
import { HOUR, MINUTE } from "../text/duration.ts";
import { MAX_LEGITIMACY } from "../evidence/legitimacy.ts";
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
const RANKED = 20_000;

/** Default time without a retry after which deferred mail counts as lost, in milliseconds. */
export const LOST_AFTER = 6 * HOUR;

/** An address is searched as itself and as its network. */
function originSearch(
  text: string,
  rules: Rules,
): { readonly text: string; readonly origins?: readonly string[] } {
  const address = parseAddress(text);
  if (address === undefined) return { text };
  return {
    text: "",
    origins: [`ip:${formatAddress(address)}`, `net:${networkText(address, rules)}`],
  };
}

/** Newest first. */
export function findWaiting(
  store: HistoryStore,
  query: PageQuery,
  rules: Rules,
  now: number,
): Page<Deferral> {
  const search = {
    text: query.text,
    state: "waiting",
    quietSince: now - rules.retryWindow,
  } as const;
  return collectPage((after, limit) => store.findDeferrals({ ...search, limit, after }), query);
}

export function findKnown(
  store: GreylistStore,
  query: PageQuery,
  rules: Rules,
  now: number,
): Page<StoredRelation> {
  const search = originSearch(query.text, rules);
  return collectPage((after, limit) => store.findRelations({ ...search, limit, after }), {
    ...query,
    fits: (relation) => isLive(relation, rules, now),
  });
}

/** The senders that may use an auto-whitelisted origin. */
export const KIND_TEXTS: Readonly<Record<Candidate["kind"], string>> = {
  address: "any sender",
  host: "its own domain",
  "unnamed-host": "its own domain",
  domain: "its own domain",
  organisation: "any sender",
  provider: "any sender",
};

/** An origin whose mail passes without delay. */
export interface AutoWhitelisted extends Pick<StoredReputation, "name" | "firstSeen" | "lastSeen"> {
  readonly kind: Candidate["kind"];
  /** Retried and abandoned messages, decayed to now. */
  readonly retried: number;
  readonly abandoned: number;
}

export function findAutoWhitelisted(
  store: GreylistStore,
  query: PageQuery,
  rules: Rules,
  now: number,
): Page<AutoWhitelisted> {
  const search = originSearch(query.text, rules);
  const { rows, next } = collectPage(
    (after, limit) => store.findReputations({ ...search, limit, after }),
    { ...query, fits: (record) => autoWhitelistedAs(record, rules, now) !== undefined },
  );
  return {
    rows: rows.map((record) => {
      const { name, firstSeen, lastSeen } = record;
      const kind = autoWhitelistedAs(record, rules, now)!;
      return { name, kind, firstSeen, lastSeen, ...countsAt(record, now) };
    }),
    next,
  };
}

/**
 * Deferred mail that was not retried, by descending legitimacy: the best of {@linkcode RANKED} rows, so
 * that the next page has older mail.
 *
 * @param before time of the last attempt, in milliseconds since the epoch.
 */
export function findLost(
  store: Pick<HistoryStore, "findDeferrals" | "retriedDomains">,
  query: PageQuery & { readonly threshold?: number },
  before: number,
): Page<Lost> {
  const { text, threshold = 0 } = query;
  const search = {
    text,
    state: "not-retried",
    quietSince: before,
    legitimacyFrom: threshold - KNOWN_BONUS - QUEUE_BONUS,
  } as const;
  const { rows, next } = collectPage(
    (after, limit) => store.findDeferrals({ ...search, limit, after }),
    { ...query, limit: RANKED },
  );
  const ranked = rankLost(rows, store.retriedDomains());
  const shown = ranked.filter(({ legitimacy }) => legitimacy >= threshold);
  return { rows: shown.slice(0, query.limit), next };
}

export interface DecisionQuery extends PageQuery, Selection {
  readonly reasons?: DecisionSearch["reasons"];
  readonly decision?: DecisionSearch["decision"];
  readonly deferral?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
}

/** Newest first. */
export function findDecisions(store: HistoryStore, query: DecisionQuery): Page<StoredDecision> {
  return collectPage((after, limit) => store.findDecisions({ ...query, limit, after }), query);
}

export interface DeferralQuery extends PageQuery, Selection {
  /** A recipient in normal form, with all its extensions. */
  readonly mailbox?: string | undefined;
  readonly state?: DeferralState | undefined;
  /** Beginning of the deferral, in milliseconds since the epoch. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
}

/** Deferred mail by its state, newest first. */
export function findDeferred(
  store: HistoryStore,
  query: DeferralQuery,
  now: number,
): Page<Deferral> {
  const quietSince = now - LOST_AFTER;
  return collectPage(
    (after, limit) => store.findDeferrals({ ...query, limit, after, quietSince }),
    query,
  );
}

/** The client of a query: its network, and its exact address if one is given. */
export function clientSelection(client: string, rules: Rules): Selection {
  const text = client.replace(/^net:/, "");
  const address = parseAddress(text);
  return address === undefined
    ? { network: `net:${text}` }
    : { network: `net:${networkText(address, rules)}`, clientAddress: text };
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

/** Deferrals of one sender domain from which its mail counts as bulk. */
const BULK_DEFERRALS = 4;

const BULK_PENALTY = 3;

/**
 * Several hosts of one domain that gave up: bulk mail spread over many addresses, also of a domain that
 * retried once. A mail server of some people retries.
 */
const SPREAD_PENALTY = 4;

/** Mail of a domain that retried before. */
const KNOWN_BONUS = 1;

/** Throwaway domains have good names and good SPF records, but no past. */
const UNKNOWN_PENALTY = 3;

/** Tries this far apart come from a queue, in milliseconds. */
const QUEUE_SPREAD = 5 * MINUTE;
const QUEUE_BONUS = 2;

/** Least legitimacy that is shown as possibly lost. */
export const LOST_THRESHOLD = 7;

/**
 * By descending legitimacy, newest first among equals.
 *
 * @param known sender domains with accepted retries.
 */
export function rankLost(deferrals: readonly Deferral[], known: ReadonlySet<string>): Lost[] {
  const counts = new Map<string, number>();
  const hosts = new Map<string, Set<string>>();
  for (const { senderDomain: domain, clientAddress } of deferrals) {
    counts.set(domain, (counts.get(domain) ?? 0) + 1);
    hosts.set(domain, (hosts.get(domain) ?? new Set()).add(clientAddress));
  }
  return deferrals.map((deferral) => {
    const { senderDomain, firstSeen, lastSeen } = deferral;
    const isKnown = known.has(senderDomain);
    const legitimacy = deferral.legitimacy + (isKnown ? KNOWN_BONUS : -UNKNOWN_PENALTY) +
      (lastSeen - firstSeen >= QUEUE_SPREAD ? QUEUE_BONUS : 0) -
      (counts.get(senderDomain)! >= BULK_DEFERRALS && !isKnown ? BULK_PENALTY : 0) -
      (hosts.get(senderDomain)!.size > 1 ? SPREAD_PENALTY : 0);
    return { deferral, legitimacy: Math.max(0, Math.min(MAX_LEGITIMACY, legitimacy)) };
  }).sort((a, b) => b.legitimacy - a.legitimacy || b.deferral.lastSeen - a.deferral.lastSeen);
}

/**
 * @param since in milliseconds since the epoch, rounded down to a full hour.
 * @param quiet in milliseconds: deferred pairs not retried for longer count as lost.
 */
export function summaryOf(
  store: HistoryStore,
  since: number,
  now: number,
  quiet: number,
): Summary {
  const hour = since - since % HOUR;
  const deferrals = store.countDeferrals(hour, now - quiet);
  const listed = store.countListed(hour);
  return summarise(store.tallies(hour), store.delayTallies(hour), deferrals, listed, hour);
}

/** Recipients after which no further page is read. */
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
