/**
 * Replays deliveries of a log through the decision; pure.
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

  constructor(rules: Rules) {
    this.#rules = { ...rules, mode: "all", nullSender: "rcpt" };
  }

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
    // A released message is remembered and earns reputation, as an accepted retry does.
    const listing = { ...UNLISTED, released: true };
    const about = { attempt, subject, listing, evidence: NO_EVIDENCE };
    this.#memory.apply(decide(about, this.#memory, this.#rules, time).changes);
  }

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
