/**
 * Replays the deferrals and deliveries of a log through the decision.
 *
 * @module
 */
import { type AttemptInput, makeAttempt, UNLISTED } from "../greylist/attempt.ts";
import { decide } from "../greylist/decide.ts";
import { NO_EVIDENCE } from "../greylist/evidence.ts";
import type { Rules } from "../greylist/rules.ts";
import { type Items, pastTime, type Reading } from "./item.ts";
import type { LoggedMail } from "./postfix_log.ts";
import { ReplayMemory } from "./replay_memory.ts";

/**
 * Replays mail in the order of its log. A delivery makes its sender known; it earns as a retry does only
 * if the log shows that it was deferred and that the delay was over.
 */
export class Replay {
  readonly #rules: Rules;
  readonly #now: number;
  readonly #memory = new ReplayMemory();

  constructor({ rules, now }: Reading) {
    this.#now = now;
    this.#rules = { ...rules, mode: "all", nullSender: "rcpt", hasDnsLists: false };
  }

  add(mail: LoggedMail): void {
    const { address, clientName, sender, recipient } = mail;
    const time = pastTime(mail.time, this.#now);
    const input: AttemptInput = {
      stage: "RCPT",
      authenticated: false,
      address,
      clientName,
      heloName: "",
      sender,
      recipient,
      instance: "",
    };
    if (mail.kind === "deferred") this.#replay(input, time, false, "defer");
    else if (!this.#replay(input, time, false, "pass")) this.#replay(input, time, true, "pass");
  }

  /**
   * Applies the decision on an attempt if it is the one that the log shows.
   *
   * @param released the attempt passes without having waited.
   */
  #replay(
    input: AttemptInput,
    time: number,
    released: boolean,
    expected: "pass" | "defer",
  ): boolean {
    const about = {
      attempt: makeAttempt(input, this.#rules.recipientDelimiter),
      listing: { ...UNLISTED, released },
      evidence: NO_EVIDENCE,
      listsAreFresh: true,
    };
    const decision = decide(about, this.#memory, this.#rules, time);
    if ("ask" in decision || decision.verdict.decision !== expected) return false;
    this.#memory.apply(decision.changes);
    return true;
  }

  /** The records that the mail left behind. */
  items(): Items {
    const memory = this.#memory;
    return { length: memory.size, [Symbol.iterator]: () => memory.items() };
  }
}
