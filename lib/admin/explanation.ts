/**
 * The rules that apply to an attempt, one step each, in words.
 *
 * @module
 */
import type { ListAnswer, ZoneHealth } from "../dns/dnsbl.ts";
import type { Report } from "../evidence/service.ts";
import type { Attempt } from "../greylist/attempt.ts";
import { isForAnyRecipient } from "../greylist/known_sender.ts";
import { correspondentName, matchable } from "../greylist/origins.ts";
import {
  type Candidate,
  candidatesOf,
  countsAt,
  isLive,
  type Obstacle,
  obstacleOf,
  thresholdOf,
} from "../greylist/reputation.ts";
import type { Rules } from "../greylist/rules.ts";
import { type Context, correspondentDomain, speaksForDomain } from "../greylist/context.ts";
import { isPending, matchPending, matchRelation } from "../greylist/triplets.ts";
import { classifyName, RULES } from "../net/generic_name.ts";
import { formatAddress } from "../net/network.ts";
import { formatDuration } from "../text/duration.ts";
import { formatAgo, formatSender } from "./format.ts";

/** One rule that applies, and its result. */
export interface Step {
  readonly what: string;
  readonly found: string;
}

/** The client, and the forms in which sender and recipient are compared. */
export function envelopeSteps(attempt: Attempt): Step[] {
  const { pendingKey, relationKeys } = attempt;
  const relations = relationKeys.map(({ sender }) => formatSender(sender)).join(" or ");
  return [
    { what: "client", found: `${formatAddress(attempt.address)}, ${nameText(attempt)}` },
    {
      what: "sender",
      found: `${formatSender(attempt.sender)}; a retry repeats ${formatSender(pendingKey.sender)}` +
        `; known as ${relations}`,
    },
    { what: "recipient", found: `compared as ${pendingKey.recipient}` },
  ];
}

function nameText({ name, address }: Attempt): string {
  if (name === undefined) return "without a verified name";
  const { class: nameClass, rule } = classifyName(name, address);
  if (nameClass === "named") return `${name}, a name of its own`;
  const explanation = RULES.find(({ id }) => id === rule)?.explanation;
  const kind = nameClass === "weak" ? "generic unless the sender's SPF agrees" : "generic";
  return `${name}, ${kind}: ${explanation} (${rule})`;
}

/** The setting `mode`, and the resolution of `auto`. */
export function modeStep({ mode, hasDnsLists }: Rules, { listings }: Report): Step {
  const all = "auto: every unknown client is greylisted, since";
  const texts: Readonly<Record<Rules["mode"], string>> = {
    auto: !hasDnsLists
      ? `${all} no DNS list is set (greylag lists enable zen)`
      : listings.hasAnswer
      ? "auto: suspicious clients are greylisted, since a DNSBL answers"
      : `${all} no DNSBL answered`,
    all: "all: every unknown client is greylisted",
    suspicious: "suspicious: suspicious clients are greylisted",
    shadow: "shadow: decisions are logged, and all mail passes",
    off: "off: all mail passes",
  };
  return { what: "mode", found: texts[mode] };
}

/** SPF, the DNS lists and the suspicion score. */
export function evidenceSteps(
  report: Report,
  rules: Rules,
  lists: readonly ListAnswer[],
  health: readonly ZoneHealth[],
): Step[] {
  const { weighed, suspicionScore } = report;
  const sum = weighed.map(({ what, weight }) => `${what} ${weight}`).join(" + ");
  return [
    ...(rules.spf === "off" ? [] : [{ what: "SPF", found: spfText(report) }]),
    ...lists.map((answer) => ({
      what: "DNS list",
      found: `${answer.list.zone}: ${answerText(answer, health)}`,
    })),
    {
      what: "suspicion",
      found: `${sum === "" ? "no signals" : `${sum} = ${suspicionScore}`}, ` +
        `threshold ${rules.suspicionThreshold}`,
    },
  ];
}

function spfText({ spfAnswer, spfDomain, via, wellKnown, weakness }: Report): string {
  if (spfAnswer === undefined) return "no answer in time";
  const { result, mechanism, domain, error } = spfAnswer;
  const by = mechanism === undefined ? "" : ` by ${mechanism}`;
  return `${result}${by} for ${domain}` + (error === undefined ? "" : `: ${error}`) +
    (weakness === undefined ? "" : `, which identifies nobody: ${weakness}`) +
    (spfDomain === undefined ? "" : ", which identifies the client") +
    (via === undefined ? "" : `; the record of ${via} names it`) +
    (wellKnown === undefined ? "" : ` (built-in list: ${wellKnown})`);
}

function answerText(
  { list, result, answers }: ListAnswer,
  health: readonly ZoneHealth[],
): string {
  const why = health.find(({ zone }) => zone === list.zone)?.why;
  if (result === undefined) return why === undefined ? "no answer in time" : `not used: ${why}`;
  const shown = answers.length === 0 ? "" : ` (${answers.join(", ")})`;
  const proof = why === undefined ? "" : `; ${why}`;
  if (result !== "listed") return `not listed${shown}${proof}`;
  const action = list.action === undefined ? "" : `, action ${list.action}`;
  return `listed${shown}, weight ${list.weight}${action}${proof}`;
}

/** The origins, the records of the triplet and the reputations. */
export function recordSteps(context: Context): Step[] {
  const { attempt, origins, rules, memory, now } = context;
  const withDomain = candidatesOf(origins, attempt.senderDomain);
  return [
    {
      what: "origins",
      found: matchable(origins).join(", ") +
        (origins.isNamed ? "" : "; others need a verified name of its own") +
        (origins.earns ? "" : "; the address is not public and earns nothing"),
    },
    relationStep(context),
    ...pendingSteps(context),
    ...withDomain.map((candidate) => ({
      what: "reputation",
      found: `${candidate.name} (${candidate.kind}): ` +
        reputationText(candidate, memory.reputation(candidate.name), rules, now),
    })),
    ...correspondentSteps(context),
  ];
}

function relationStep(context: Context): Step {
  const { attempt, memory, rules, now } = context;
  const what = "known";
  const match = matchRelation(context);
  if (match.kind === "known") {
    const { firstSeen, lastSeen } = match.record;
    return {
      what,
      found:
        `${formatSender(match.key.sender)}${
          isForAnyRecipient(match.key) ? " for any recipient" : ""
        } since ${formatAgo(now - firstSeen)}, last used ` +
        `${formatAgo(now - lastSeen)}; ${match.origin} matches`,
    };
  }
  const others = attempt.relationKeys.flatMap((key) => {
    const record = memory.relation(key);
    return record !== undefined && isLive(record, rules, now) ? [record] : [];
  });
  if (others.length === 0) return { what, found: "no, this sender's mail to the recipient is new" };
  const known = others.flatMap((record) => record.origins).join(", ");
  return { what, found: `no, known from other clients only: ${known}` };
}

function pendingSteps(context: Context): Step[] {
  const { attempt, memory, now } = context;
  const { record: matching, origin } = matchPending(context);
  const records = memory.pending(attempt.pendingKey).filter((one) => isPending(one, now));
  if (records.length === 0) return [{ what: "pending", found: "no earlier attempt" }];
  return records.map((record) => ({
    what: "pending",
    found: `${record.network}, first tried ${formatAgo(now - record.firstSeen)}, deferred ` +
      `${record.tries} ${record.tries === 1 ? "time" : "times"}; ` +
      (record.network === matching?.network
        ? `${origin} matches`
        : "another client, or a newer attempt"),
  }));
}

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  off: "auto-whitelisting is turned off",
  unknown: "no retried messages",
  abandoned: "more than a tenth was abandoned",
  few: "too few retried messages",
  stale: "the retries were too long ago",
  unproven: "too few retried messages for any sender (12 without an abandoned one are enough)",
  domains: "3 sender domains are needed, 2 of them correspondents or known for a week",
};

function reputationText(
  candidate: Candidate,
  record: ReturnType<Context["memory"]["reputation"]>,
  rules: Rules,
  now: number,
): string {
  const obstacle = obstacleOf(candidate, record, rules, now);
  if (record === undefined || !isLive(record, rules, now)) return OBSTACLES[obstacle ?? "unknown"];
  const { retried, abandoned } = countsAt(record, now);
  const threshold = thresholdOf(candidate.kind, rules);
  const trapped = record.trappedUntil !== undefined && record.trappedUntil > now
    ? `; wrote to a trap, deferred for ${formatDuration(record.trappedUntil - now)}`
    : "";
  return `${record.total} retried of ${threshold} needed, now worth ${retried.toFixed(1)}, ` +
    `${abandoned.toFixed(1)} abandoned: ` +
    (obstacle === undefined ? "auto-whitelisted" : `no, ${OBSTACLES[obstacle]}`) + trapped;
}

function correspondentSteps(context: Context): Step[] {
  const { attempt, memory, rules, now } = context;
  const domain = correspondentDomain(attempt);
  if (!rules.learnOutbound || domain === undefined) return [];
  const record = memory.reputation(correspondentName(domain));
  if (record === undefined || !isLive(record, rules, now)) return [];
  return [{
    what: "correspondent",
    found: `local users wrote to ${domain} ${formatAgo(now - record.lastSeen)}; ` +
      (speaksForDomain(context)
        ? "the client belongs to it"
        : "neither SPF nor the client's name shows that it belongs to it"),
  }];
}
