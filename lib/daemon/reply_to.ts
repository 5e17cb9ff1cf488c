/**
 * The reply to a verdict.
 *
 * @module
 */
import type { Attempt } from "../greylist/attempt.ts";
import type { Verdict } from "../greylist/model.ts";
import { splitAddress } from "../net/email_address.ts";
import {
  deferReply,
  delayedReply,
  DUNNO,
  infoReply,
  listedReply,
  rejectReply,
  type ReplySettings,
} from "../postfix/reply.ts";

/** Whole seconds, at least 1. */
function secondsLeft(wait: number): number {
  return Math.max(1, Math.ceil(wait / 1000));
}

/**
 * @param now milliseconds since the epoch.
 * @returns a reply ready to send.
 */
export function replyTo(
  verdict: Verdict,
  attempt: Attempt,
  settings: ReplySettings,
  now: number,
): string {
  if (verdict.shadow === "reject") {
    return infoReply(`greylag would have refused this: ${verdict.reason}`);
  }
  if (verdict.shadow === "defer") {
    const left = secondsLeft(verdict.wait ?? 0);
    return infoReply(`greylag would have deferred this: ${verdict.reason}, ${left} s to wait`);
  }
  if (verdict.decision !== "pass") {
    const { domain } = splitAddress(attempt.recipient);
    if (verdict.decision === "reject") {
      const isListed = verdict.reason === "listed" && verdict.by !== undefined;
      return isListed ? listedReply(attempt.ip, verdict.by) : rejectReply(settings, domain);
    }
    return deferReply(settings, secondsLeft(verdict.wait ?? 0), domain);
  }
  if (verdict.firstOfMessage === true) {
    return delayedReply(settings, Math.floor((verdict.delayed ?? 0) / 1000), now);
  }
  return DUNNO;
}
