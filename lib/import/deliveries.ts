/**
 * What deliveries that a log tells of are for Greylag.
 *
 * @module
 */
import { makeAttempt, subjectOf, UNLISTED } from "../greylist/attempt.ts";
import { decide } from "../greylist/decide.ts";
import { NO_EVIDENCE } from "../greylist/evidence.ts";
import { WorkingMemory } from "../greylist/memory.ts";
import type { Rules } from "../greylist/rules.ts";
import { tripletKey } from "../greylist/model.ts";
import { contains } from "../net/network.ts";
import type { Item } from "./item.ts";
import type { Delivery } from "./postfix_log.ts";

/** Replays deliveries as if each of them had been deferred and retried. */
export class Replay {
  readonly #rules: Rules;
  readonly #memory = new WorkingMemory();

  /** A replay by Greylag's rules. */
  constructor(rules: Rules) {
    this.#rules = { ...rules, mode: "all", nullSender: "rcpt" };
  }

  /** Takes the next delivery. */
  add({ time, address, clientName, sender, recipient }: Delivery): void {
    if (this.#rules.trustedNetworks.some((network) => contains(network, address))) return;
    const attempt = makeAttempt({
      stage: "RCPT",
      authenticated: false,
      address,
      clientName,
      heloName: "",
      sender,
      recipient,
      instance: "",
    });
    const subject = subjectOf(attempt, this.#rules, NO_EVIDENCE);
    // It was accepted, which is what a release does: it is remembered, and the origins earn by it.
    const listing = { ...UNLISTED, released: true };
    const about = { attempt, subject, listing, evidence: NO_EVIDENCE };
    this.#memory.apply(decide(about, this.#memory, this.#rules, time).changes);
  }

  /** What is to be remembered. */
  items(): Item[] {
    return this.#memory.stored().flatMap((change): Item[] => {
      if (change.kind === "triplet") return [{ key: change.key, triplet: change.record }];
      if (change.kind === "origin") {
        return [{ key: tripletKey(change.key, "", ""), origin: change.record }];
      }
      return [];
    });
  }
}
