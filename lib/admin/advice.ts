/**
 * Conditions under which a verdict would change, as sentences.
 *
 * @module
 */
import type { Verdict } from "../greylist/model.ts";
import { matchable } from "../greylist/origins.ts";
import { candidatesOf, obstacleOf, thresholdOf } from "../greylist/reputation.ts";
import { type Context, isListed } from "../greylist/context.ts";
import { DAY, formatDuration } from "../text/duration.ts";
import { formatSender } from "./format.ts";

/** The local time of the clock; with its date if it is another day. */
function clockText(time: number, now: number): string {
  const date = new Date(time);
  const clock = date.toTimeString().slice(0, 8);
  if (time - now < DAY && date.getDate() === new Date(now).getDate()) return clock;
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0")).join("-");
  return `${day} ${clock}`;
}

/**
 * The conditions under which the verdict would change, as sentences.
 *
 * @param by the list entry or setting that decided, described; absent for none.
 */
export function adviceOn(verdict: Verdict, context: Context, by?: string): string[] {
  switch (verdict.shadow ?? verdict.decision) {
    case "pass":
      return passAdvice(verdict, context, by);
    case "defer":
      return [...deferAdvice(verdict, context), ...acceptAdvice(context)];
    case "reject":
      return rejectAdvice(verdict, context, by);
  }
}

function acceptAdvice({ attempt }: Context): string[] {
  const sender = formatSender(attempt.sender);
  const quoted = sender === "<>" ? "'<>'" : sender;
  return [
    `greylag release ${quoted} ${attempt.recipient} accepts the next attempt; ` +
    `greylag allow --sender ${quoted} accepts all mail of this sender.`,
  ];
}

function deferAdvice(verdict: Verdict, context: Context): string[] {
  const { rules, now, origins, evidence } = context;
  const passes = clockText(now + (verdict.wait ?? 0), now);
  const zone = evidence?.listings.zone;
  if (verdict.reason === "trap") {
    return [`The client wrote to a trap address. Its mail is deferred until ${passes}.`];
  }
  if (verdict.reason === "listed") {
    return [
      `It passes when ${zone} no longer lists the client, and in any case after listed_wait ` +
      `(${formatDuration(rules.listedWait)}).`,
    ];
  }
  const from = isListed(context) ? origins.ip : matchable(origins).join(", ");
  const retry = `A retry after ${passes} passes, from ${from}, within ` +
    `${formatDuration(rules.retryWindow)} of the first attempt.`;
  if (isListed(context) && evidence?.listings.action !== "accept") {
    const action = evidence?.listings.action === "reject" ? "rejected" : "deferred further";
    return [
      `A retry is ${action} while ${zone} lists the client; otherwise it passes after ` +
      `${passes}.`,
    ];
  }
  return [retry, ...delayAdvice(context), ...reputationAdvice(context)];
}

function delayAdvice({ attempt, origins, rules }: Context): string[] {
  if (origins.isNamed || rules.delaySuspicious <= rules.delay) return [];
  const why = attempt.name === undefined ? "has no verified name" : "has a generic name";
  return [
    `The client ${why} and waits ${formatDuration(rules.delaySuspicious)} (delay_suspicious) ` +
    `instead of ${formatDuration(rules.delay)} (delay).`,
  ];
}

/** The narrowest reputation that needs nothing but further retries. */
function reputationAdvice({ attempt, memory, origins, rules, now }: Context): string[] {
  if (!origins.earns) return [];
  for (const candidate of candidatesOf(origins, attempt.senderDomain)) {
    if (candidate.kind !== "host" && candidate.kind !== "unnamed-host") continue;
    const record = memory.reputation(candidate.name);
    const obstacle = obstacleOf(candidate, record, rules, now);
    if (obstacle !== "few" && obstacle !== "unknown") continue;
    const missing = thresholdOf(candidate.kind, rules) - (obstacle === "few" ? record!.total : 0);
    const messages = missing === 1 ? "1 more retried message" : `${missing} more retried messages`;
    const verb = missing === 1 ? "auto-whitelists" : "auto-whitelist";
    return [`${messages} ${verb} ${candidate.name}.`];
  }
  return [];
}

function passAdvice(verdict: Verdict, context: Context, by?: string): string[] {
  const { attempt, rules } = context;
  switch (verdict.reason) {
    case "allowed":
      return by === undefined ? [] : [`Without ${by} it would be greylisted.`];
    case "auto-whitelisted":
      return [
        `greylag always-greylist ${attempt.ip} makes this client wait. One first contact in 50 is ` +
        "deferred all the same, so that the reputation stays measured.",
      ];
    case "known":
      return [
        `It stays known until no mail came for ${formatDuration(rules.lifetime)} (lifetime).`,
      ];
    case "correspondent":
      return ["learn_outbound = false would greylist it."];
    case "low-suspicion":
      return ['mode = "all" would greylist it.'];
    case "spf-pass":
      return ['spf = "origin" and codes = "off" would greylist it.'];
    case "not-opted-in":
      return ["The settings opt_in and opt_out, or list entries of these names, decide this."];
    case "retried":
      return ["From then on this sender's mail to this recipient passes without delay."];
    default:
      return [];
  }
}

function rejectAdvice(verdict: Verdict, { attempt, evidence }: Context, by?: string): string[] {
  if (verdict.reason === "listed") {
    return [
      `It passes when ${evidence?.listings.zone} no longer lists the client. ` +
      `greylag allow ${attempt.ip} accepts it.`,
    ];
  }
  if (verdict.by === "spf_fail") return ['spf_fail = "greylist" would defer it.'];
  return by === undefined ? [] : [`Without ${by} it would not be rejected.`];
}
