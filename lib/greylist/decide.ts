/**
 * The greylisting decision (RFC 6647): a pure function of an attempt, the records, the rules and the
 * time.
 *
 * @module
 */
import { contains, isLoopback } from "../net/network.ts";
import { DAY } from "../text/duration.ts";
import { type Attempt, forRecipient, type Listing } from "./attempt.ts";
import {
  type Context,
  correspondentDomain,
  isAuthorisedServer,
  isCorrespondent,
  isListed,
  speaksForDomain,
} from "./context.ts";
import { type Evidence, NO_EVIDENCE } from "./evidence.ts";
import { type Memory, WorkingMemory } from "./memory.ts";
import {
  type Change,
  type Decision,
  keyText,
  type MessageRecord,
  pass,
  type Pending,
  type Question,
  type Reputation,
  type Verdict,
} from "./model.ts";
import { isAutomaticSender } from "./normalise.ts";
import { correspondentName, originsOf } from "./origins.ts";
import {
  candidatesOf,
  isAutoWhitelisted,
  isPromotion,
  isSample,
  seen,
  trapped,
} from "./reputation.ts";
import type { Rules } from "./rules.ts";
import { clearedPairs, listingChanges, wideAbandonments } from "./reputation_changes.ts";
import {
  deferralChanges,
  isFresh,
  isLate,
  isPrompt,
  isSettled,
  knownChanges,
  lateChanges,
  learnOrigins,
  matchPending,
  matchRelation,
  type PendingMatch,
  relationChanges,
  retryChanges,
} from "./triplets.ts";

/** A client that writes to a trap address is deferred for this long. */
const TRAP_PERIOD = DAY;

/** An attempt, and what is known of it besides the records. */
export interface Case {
  readonly attempt: Attempt;
  readonly listing: Listing;
  /** Absent while no evidence was gathered: the decision may ask for it. */
  readonly evidence?: Evidence | undefined;
  /** The DNS lists were asked for this very request. */
  readonly listsAreFresh?: boolean;
}

/**
 * The verdict before the lists are looked at: own users, trusted networks, requests out of scope.
 *
 * @returns undefined if the lists have to be looked at.
 */
export function precheckScope(attempt: Attempt, rules: Rules): Verdict | undefined {
  if (rules.mode === "off") return pass("out-of-scope");
  if (attempt.stage !== "RCPT" && !isGreylistStage(attempt, rules)) return pass("out-of-scope");
  if (attempt.authenticated) return pass("authenticated");
  if (isLoopback(attempt.address)) return pass("out-of-scope");
  if (rules.trustedNetworks.some((network) => contains(network, attempt.address))) {
    return pass("allowed");
  }
  return undefined;
}

/**
 * The verdict of the lists, for an attempt that {@linkcode precheckScope} did not decide.
 *
 * @returns undefined if the attempt has to be greylisted.
 */
export function precheckLists(
  attempt: Attempt,
  rules: Rules,
  listing: Listing,
): Verdict | undefined {
  if (listing.decisive === "allow") return pass("allowed");
  if (listing.decisive === "block") return inMode({ decision: "reject", reason: "blocked" }, rules);
  if (!listing.optedIn) return pass("not-opted-in");
  return isGreylistStage(attempt, rules) ? undefined : pass("out-of-scope");
}

/** Both prechecks. */
export function precheck(attempt: Attempt, rules: Rules, listing: Listing): Verdict | undefined {
  return precheckScope(attempt, rules) ?? precheckLists(attempt, rules, listing);
}

/** Attempts are greylisted at RCPT, those of the null sender possibly at DATA. */
export function isGreylistStage({ stage, sender }: Attempt, { nullSender }: Rules): boolean {
  return stage === (sender === "" && nullSender === "data" ? "DATA" : "RCPT");
}

/** The null sender's recipients are collected at RCPT for the decision at DATA. */
export function isCollected({ stage, sender }: Attempt, { nullSender }: Rules): boolean {
  return stage === "RCPT" && sender === "" && nullSender === "data";
}

/** In shadow mode every verdict passes, and so nothing was delayed. */
function inMode(verdict: Verdict, rules: Rules): Verdict {
  if (rules.mode !== "shadow") return verdict;
  const { delayed: _delayed, firstOfMessage: _first, ...rest } = verdict;
  return verdict.decision === "pass"
    ? rest
    : { ...rest, decision: "pass", shadow: verdict.decision };
}

/**
 * Decides one attempt that the prechecks left undecided.
 *
 * @returns the verdict with the changes to store before it is sent, or the lookup that it depends on.
 * With evidence and fresh lists it never asks.
 */
export function decide(
  about: Case,
  memory: Memory,
  rules: Rules,
  now: number,
): Decision | Question {
  const context = contextOf(about, memory, rules, now);
  const decision = about.attempt.recipient === ""
    ? decideRecipients(about, context)
    : greylist(about, context);
  if ("ask" in decision || rules.mode !== "shadow") return decision;
  return { verdict: inMode(decision.verdict, rules), changes: decision.changes };
}

/** The changes of evidence that came after the attempt was answered. */
export function learn(
  about: Case & { readonly evidence: Evidence },
  memory: Memory,
  rules: Rules,
  now: number,
): readonly Change[] {
  return learnOrigins(contextOf(about, memory, rules, now));
}

/** An attempt with everything that its decision looks at. */
export function contextOf(about: Case, memory: Memory, rules: Rules, now: number): Context {
  const { attempt, evidence } = about;
  return {
    attempt,
    evidence,
    origins: originsOf(attempt, attempt.senderDomain, evidence ?? NO_EVIDENCE, rules),
    memory,
    rules: about.listing.alwaysGreylist ? { ...rules, autoWhitelistClients: 0 } : rules,
    now,
  };
}

const ASK_EVIDENCE: Question = { ask: "evidence" };
const ASK_LISTS: Question = { ask: "lists" };

function greylist(about: Case, context: Context): Decision | Question {
  const { rules, now } = context;
  const { listing } = about;
  const relation = matchRelation(context);
  // Another customer of the same provider may have written to the trap: known mail still passes.
  if (!listing.released && (writesToTrap(about) || relation.kind !== "known")) {
    const trapped = trapDecision(about, context);
    if (trapped !== undefined) return trapped;
  }
  if (relation.kind === "known") {
    const verdict: Verdict = { ...pass("known"), origin: relation.origin };
    return { verdict, changes: knownChanges(context, relation) };
  }
  if (listing.released) return passUndelayed(context, pass("allowed"));
  const pending = matchPending(context);
  const isAnswered = context.evidence !== undefined;
  if (!isAnswered && (relation.kind === "evidence" || pending.needsEvidence)) return ASK_EVIDENCE;
  if (pending.record !== undefined && isLate(pending.record, rules, now)) {
    if (isSettled(pending.record, rules, now)) {
      return acceptRetry(about, context, pending, pending.record);
    }
    // Another message, which has to be retried itself.
    return decideStranger(about, context, { ...pending, record: undefined });
  }
  if (pending.record !== undefined) {
    const since = Math.min(pending.record.firstSeen, now);
    const needed = delayOf(context);
    const waited = now - since;
    const isLongEnough = waited >= longestDelay(rules);
    if (needed === undefined && waited >= rules.delay && !isLongEnough) return ASK_EVIDENCE;
    const wait = since + (needed ?? rules.delay) - now;
    if (wait <= 0) return acceptRetry(about, context, pending, pending.record);
  }
  return decideStranger(about, context, pending);
}

function longestDelay({ delay, delaySuspicious }: Rules): number {
  return Math.max(delay, delaySuspicious);
}

/**
 * The wait that the client has to keep, undefined where it depends on evidence that is not there. A
 * verified name that is not generic, and no listing, make it short.
 */
function delayOf({ attempt, evidence, origins, rules }: Context): number | undefined {
  const longest = longestDelay(rules);
  if (evidence !== undefined) {
    return origins.isNamed && !evidence.listings.isListed ? rules.delay : longest;
  }
  if (attempt.nameClass === "named" && origins.isNamed) {
    return rules.hasDnsLists ? undefined : rules.delay;
  }
  // SPF may show that the name is the sender's own, or that a well-known sender runs the client.
  return rules.spf === "off" ? longest : undefined;
}

function acceptRetry(
  about: Case,
  context: Context,
  pending: PendingMatch,
  record: Pending,
): Decision | Question {
  const { rules, now, evidence } = context;
  if (rules.hasDnsLists && about.listsAreFresh !== true) return ASK_LISTS;
  const delayed = now - Math.min(record.firstSeen, now);
  if (isListed(context) && evidence !== undefined) {
    const { action, zone } = evidence.listings;
    const by = zone === undefined ? {} : { by: zone };
    if (action === "reject") {
      const verdict: Verdict = { decision: "reject", reason: "listed", ...by };
      return { verdict, changes: listingChanges(context) };
    }
    if (action === "defer" && delayed < rules.listedWait) {
      const wait = Math.min(rules.delaySuspicious, rules.listedWait - delayed);
      const verdict: Verdict = { decision: "defer", reason: "listed", wait, ...by };
      return {
        verdict,
        changes: [...deferralChanges(context, record), ...listingChanges(context)],
      };
    }
  }
  if (isLate(record, rules, now)) {
    const verdict: Verdict = { ...pass("known"), origin: pending.origin };
    return { verdict, changes: lateChanges(context, record) };
  }
  const message = sameMessage(context);
  const changes = [...retryChanges(context, record), ...messageChanges(context, delayed)];
  const verdict: Verdict = {
    ...pass("retried"),
    delayed,
    firstOfMessage: message?.delayed === undefined,
    origin: pending.origin,
    ...(autoWhitelists(context, changes) ? { autoWhitelisted: true } : {}),
  };
  return { verdict, changes };
}

function autoWhitelists(
  { attempt, origins, memory, rules, now }: Context,
  changes: readonly Change[],
): boolean {
  const earned = new Map<string, Reputation>();
  for (const change of changes) {
    if (change.kind === "reputation") earned.set(change.key, change.record);
  }
  if (earned.size === 0) return false;
  const candidates = candidatesOf(origins, attempt.senderDomain);
  return isPromotion(candidates, earned, (name) => memory.reputation(name), rules, now);
}

/** Decides an attempt that nothing known lets pass. */
function decideStranger(
  about: Case,
  context: Context,
  pending: PendingMatch,
): Decision | Question {
  const { now, evidence } = context;
  const trusted = trustedPass(about, context);
  if (trusted !== undefined) return trusted;
  const message = sameMessage(context);
  if (message?.delayed !== undefined && isPrompt(message.delayed) && mayShare(context)) {
    const verdict: Verdict = {
      ...pass("retried"),
      delayed: message.delayed,
      firstOfMessage: false,
    };
    return { verdict, changes: relationChanges(context) };
  }
  if (evidence === undefined) return ASK_EVIDENCE;
  const isNew = pending.record === undefined;
  const decided = applyEvidence(about, context, evidence, isNew);
  if (decided !== undefined) return decided;
  const since = Math.min(pending.record?.firstSeen ?? now, now);
  const verdict: Verdict = {
    decision: "defer",
    reason: isNew ? "new" : "early",
    wait: Math.max(1, since + delayOf(context)! - now),
    ...(isNew ? {} : { origin: pending.origin }),
  };
  return { verdict, changes: deferralChanges(context, pending.record) };
}

/** A pass by a reputation or as a correspondent. */
function trustedPass(
  about: Case,
  context: Context,
): Decision | Question | undefined {
  const { attempt, origins, memory, rules, now, evidence } = context;
  if (isListed(context)) return undefined;
  const isOwn = speaksForDomain(context) || isAuthorisedServer(context);
  if (isOwn && !origins.isContradicted && isCorrespondent(context)) {
    // The name alone does not show that SPF agrees.
    if (evidence === undefined && rules.spf !== "off") return ASK_EVIDENCE;
    const origin = correspondentName(correspondentDomain(attempt)!);
    return passUndelayed(context, { ...pass("correspondent"), origin });
  }
  const lookup = (name: string) => memory.reputation(name);
  const found = candidatesOf(origins, attempt.senderDomain)
    .find((candidate) => isAutoWhitelisted(candidate, lookup, rules, now));
  if (found === undefined) return undefined;
  // A name, a neighbour in the network or a client without a name does not show that SPF agrees.
  const needsSpf = found.kind === "domain" || found.kind === "unnamed-host";
  if (needsSpf && evidence === undefined && rules.spf !== "off") return ASK_EVIDENCE;
  // A sample is deferred like a stranger, so that the reputation stays measured.
  if (isSample(keyText(attempt.pendingKey), rules.sampleKey)) return undefined;
  if (rules.hasDnsLists && about.listsAreFresh !== true) return ASK_LISTS;
  const record = memory.reputation(found.name)!;
  const renewal: Change[] = isFresh(record.lastSeen, now) ? [] : [{
    kind: "reputation",
    key: found.name,
    record: seen(record, now),
  }];
  const verdict: Verdict = { ...pass("auto-whitelisted"), origin: found.name };
  return { verdict, changes: [...relationChanges(context), ...renewal] };
}

/** Decides by evidence: SPF, DNS lists, the suspicion score. */
function applyEvidence(
  about: Case,
  context: Context,
  evidence: Evidence,
  isNew: boolean,
): Decision | undefined {
  const { attempt, origins, rules } = context;
  if (rules.spf !== "off" && rules.spfFail === "block" && evidence.spf === "fail") {
    return { verdict: { decision: "reject", reason: "blocked", by: "spf_fail" }, changes: [] };
  }
  if (evidence.listings.isListed || about.listing.alwaysGreylist) return undefined;
  if (evidence.wellKnown !== undefined && origins.via !== undefined) {
    const by = `builtin:${evidence.wellKnown}`;
    return passUndelayed(context, { ...pass("allowed"), origin: origins.via, by });
  }
  if (origins.spf !== undefined) {
    const verdict: Verdict = { ...pass("spf-pass"), origin: origins.spf };
    if (rules.spf === "pass") return passUndelayed(context, verdict);
    if (rules.codes === "spf" && isAutomaticSender(attempt.sender)) {
      return passUndelayed(context, { ...verdict, by: "codes" });
    }
  }
  if (!isNew) return undefined;
  if (evidence.listings.isTrusted) {
    const { zone } = evidence.listings;
    const by = zone === undefined ? {} : { by: zone };
    return passUndelayed(context, { ...pass("low-suspicion"), ...by });
  }
  const isSelective = rules.mode === "suspicious" ||
    rules.mode === "auto" && evidence.listings.hasAnswer;
  return isSelective && evidence.suspicionScore < rules.suspicionThreshold
    ? passUndelayed(context, pass("low-suspicion"))
    : undefined;
}

/** A stranger that passes is known from then on, and earns nothing. */
function passUndelayed(context: Context, verdict: Verdict): Decision {
  return { verdict, changes: relationChanges(context) };
}

/**
 * Whether an attempt marks its client. A bounce does not: a forger of the trap as a sender makes
 * other people's servers send one.
 */
function writesToTrap({ attempt, listing }: Case): boolean {
  return listing.isTrap && attempt.sender !== "";
}

/** A client that writes to a trap address, or did within the last day. */
function trapDecision(about: Case, context: Context): Decision | undefined {
  const { memory, now, origins, rules } = context;
  const isTrap = writesToTrap(about);
  const record = memory.reputation(origins.ip);
  const until = isTrap ? now + TRAP_PERIOD : record?.trappedUntil ?? 0;
  if (until <= now) return undefined;
  const verdict: Verdict = {
    decision: "defer",
    reason: "trap",
    wait: until - now,
    origin: origins.ip,
  };
  if (!isTrap) return { verdict, changes: [] };
  const change: Change = {
    kind: "reputation",
    key: origins.ip,
    record: trapped(record, rules, now, until),
  };
  const lost = [...clearedPairs(context), ...wideAbandonments(context, TRAP_PERIOD)];
  return { verdict, changes: [change, ...lost] };
}

/** The record of the message that the attempt belongs to. */
function sameMessage(
  { attempt, memory }: Pick<Context, "attempt" | "memory">,
): MessageRecord | undefined {
  const record = attempt.instance === "" ? undefined : memory.message(attempt.instance);
  const isSame = record?.address === attempt.ip && record.sender === attempt.pendingKey.sender;
  return isSame ? record : undefined;
}

/** Recipients of one message share a retry of a named client, or one that few share an SPF pass with. */
function mayShare(context: Context): boolean {
  const { attempt, origins } = context;
  return attempt.nameClass === "named" || origins.isNamed || isAuthorisedServer(context);
}

function messageChanges(context: Context, delayed: number): Change[] {
  const { attempt } = context;
  if (attempt.instance === "") return [];
  const before = sameMessage(context);
  const record: MessageRecord = {
    address: attempt.ip,
    sender: attempt.pendingKey.sender,
    delayed: Math.max(before?.delayed ?? 0, delayed),
    ...(before?.recipients === undefined ? {} : { recipients: before.recipients }),
  };
  return [{ kind: "message", key: attempt.instance, record }];
}

/** Maximum recipients collected for one message. */
const MAX_RECIPIENTS = 100;

/**
 * The recipient of a null sender's message that is decided at DATA, where Postfix names no recipient if
 * there are several.
 *
 * @param isExempt the lists let the recipient's mail pass: it does not count at DATA.
 */
export function collectRecipient(attempt: Attempt, memory: Memory, isExempt = false): Change[] {
  if (attempt.instance === "" || attempt.recipient === "") return [];
  const collected = sameMessage({ attempt, memory })?.recipients;
  const recipients = collected ?? [];
  if (isExempt ? collected !== undefined : recipients.includes(attempt.recipient)) return [];
  if (recipients.length >= MAX_RECIPIENTS) return [];
  const record: MessageRecord = {
    address: attempt.ip,
    sender: attempt.pendingKey.sender,
    recipients: isExempt ? [] : [...recipients, attempt.recipient],
  };
  return [{ kind: "message", key: attempt.instance, record }];
}

/** Decides a message for all of its recipients: it passes only if each of them does. */
function decideRecipients(about: Case, context: Context): Decision | Question {
  const { attempt, memory } = context;
  // Undefined if none was given at RCPT.
  const recipients = sameMessage(context)?.recipients;
  if (recipients?.length === 0) return { verdict: pass("allowed"), changes: [] };
  if (recipients === undefined) {
    // Without recipients all such mail of a network would share one relation.
    const unknown = { ...attempt, relationKeys: [] };
    return greylist({ ...about, attempt: unknown }, { ...context, attempt: unknown });
  }
  const working = new WorkingMemory(memory);
  let worst: Verdict | undefined;
  for (const recipient of recipients) {
    const one = forRecipient(attempt, recipient, context.rules.recipientDelimiter);
    const decision = greylist({ ...about, attempt: one }, {
      ...context,
      attempt: one,
      memory: working,
    });
    if ("ask" in decision) return decision;
    working.apply(decision.changes);
    if (worst === undefined || isWorse(decision.verdict, worst)) worst = decision.verdict;
  }
  return { verdict: worst!, changes: working.changes() };
}

function isWorse(one: Verdict, other: Verdict): boolean {
  const order = ["pass", "defer", "reject"];
  const [a, b] = [one, other].map(({ decision }) => order.indexOf(decision)) as [number, number];
  if (a !== b) return a > b;
  return (one.wait ?? 0) > (other.wait ?? 0) ||
    one.delayed !== undefined && other.delayed === undefined;
}
