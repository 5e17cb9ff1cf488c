/**
 * The effect that a list entry would have had on the mail of the history.
 *
 * @module
 */
import { Clients } from "../greylist/client.ts";
import { Matcher, type Rule } from "../lists/matcher.ts";
import { parsePattern } from "../lists/pattern.ts";
import type { HistoryStore, StoredDecision } from "../store/history.ts";
import type { ListStore, NewEntry } from "../store/store.ts";
import { formatDuration } from "../text/duration.ts";
import { dateOf } from "./format.ts";

export interface EntryPreview {
  /** Messages that the entry would have decided otherwise; the tries of a message count once. */
  readonly messages: number;
  /** Senders of these messages. */
  readonly senders: number;
  /** Senders of these messages whose mail was accepted. */
  readonly knownSenders: number;
  /** Time of the oldest decision that was examined; undefined if there is none. */
  readonly since: number | undefined;
}

/** Newest decisions that are examined. */
const MAX_DECISIONS = 100_000;

/** Decisions read at once. */
const PAGE = 1000;

interface Candidate extends Rule {
  readonly isNew: boolean;
}

function candidate(entry: NewEntry, isNew: boolean): Candidate[] {
  const { list, matchOn, pattern } = entry;
  if ((list !== "allow" && list !== "block") || matchOn === "pair") return [];
  const parsed = parsePattern(matchOn, pattern);
  return parsed.ok ? [{ list, matchOn, pattern: parsed.pattern, isNew }] : [];
}

function decides(
  matcher: Matcher<Candidate>,
  clients: Clients,
  { reason, clientAddress, clientName, sender, recipient, time }: StoredDecision,
): boolean {
  // A fault is no decision of the lists.
  if (reason === "fault") return false;
  const client = clients.find(clientAddress, clientName);
  if (client === undefined) return false;
  const { decisive } = matcher.find({ ...client, sender, recipient }, time);
  return decisive?.rule.isNew === true;
}

function* newestDecisions(history: HistoryStore, timeoutMs: number): Generator<StoredDecision> {
  const begin = performance.now();
  let after: string | undefined;
  for (let read = 0; read < MAX_DECISIONS; read += PAGE) {
    const { rows, next } = history.findDecisions({ text: "", after, limit: PAGE });
    yield* rows;
    if (next === undefined || performance.now() - begin > timeoutMs) return;
    after = next;
  }
}

/**
 * Applies an entry to the history, together with the entries that are stored.
 *
 * @param delimiter the setting `recipient_delimiter`.
 * @param timeoutMs time after which older decisions are left out; absent for no limit.
 * @returns undefined if the history cannot tell: for `spf:` patterns, and lists other than allow and
 * block. With privacy it has hashes only.
 */
export function previewEntry(
  store: { readonly history: HistoryStore; readonly lists: ListStore },
  entry: NewEntry,
  delimiter: string,
  timeoutMs = Infinity,
): EntryPreview | undefined {
  const [added] = candidate(entry, true);
  if (added === undefined || added.pattern.kind === "spf") return undefined;
  const others = store.lists.entries().filter((one) =>
    one.list !== entry.list || one.matchOn !== entry.matchOn || one.pattern !== entry.pattern
  );
  const rules = [added, ...others.flatMap((one) => candidate(one, false))];
  const matcher = new Matcher(rules, delimiter);
  const clients = new Clients();
  const otherwise = entry.list === "block" ? "reject" : "pass";
  const messages = new Set<string>();
  const senders = new Set<string>();
  const known = new Set<string>();
  let since: number | undefined;
  for (const one of newestDecisions(store.history, timeoutMs)) {
    since = one.time;
    if (!decides(matcher, clients, one)) continue;
    const decision = one.shadow ?? one.decision;
    if (decision === "pass") known.add(one.sender);
    if (decision === otherwise) continue;
    messages.add(one.deferral === undefined ? `decision ${one.id}` : `deferral ${one.deferral}`);
    senders.add(one.sender);
  }
  const knownSenders = known.intersection(senders).size;
  return { messages: messages.size, senders: senders.size, knownSenders, since };
}

/** Why {@linkcode previewEntry} has no result for an entry; empty for lists that it does not apply to. */
export function noPreviewBecause({ list, pattern }: NewEntry, privacy: boolean): string {
  if (list !== "allow" && list !== "block") return "";
  if (privacy) {
    return "With privacy = true the history has hashes instead of addresses, so that it cannot tell " +
      "which mail the entry would have matched.";
  }
  return `The history has no SPF records, so that it cannot tell which mail ${pattern} would have ` +
    "matched.";
}

const counted = (count: number, one: string) => `${count} ${count === 1 ? one : `${one}s`}`;

/** @param now milliseconds since the epoch. */
export function describePreview(
  { messages, senders, knownSenders, since }: EntryPreview,
  list: NewEntry["list"],
  now: number,
): string {
  if (since === undefined) return "The history is empty: it cannot tell the effect.";
  const period = `In the last ${formatDuration(now - since)}`;
  const [done, without] = list === "block"
    ? ["refused", ""]
    : ["accepted", " that was deferred or rejected"];
  if (messages === 0) return `${period} it would have ${done} no other message.`;
  const known = knownSenders === 0 ? "none" : String(knownSenders);
  return `${period} it would have ${done} ${counted(messages, "message")}${without} of ` +
    `${counted(senders, "sender")}, ${known} of them known.`;
}

export function previewAsJson({ messages, senders, knownSenders, since }: EntryPreview) {
  return {
    messages,
    senders,
    known_senders: knownSenders,
    since: dateOf(since),
  };
}
