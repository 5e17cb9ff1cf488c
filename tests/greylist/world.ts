/**
 * A mail server under test: attempts, records and a clock.
 *
 * @module
 */
import { type Attempt, type Listing, makeAttempt, UNLISTED } from "../../lib/greylist/attempt.ts";
import { collectRecipient, decide, precheck } from "../../lib/greylist/decide.ts";
import {
  type Evidence,
  type Listings,
  NO_EVIDENCE,
  NOT_LISTED,
} from "../../lib/greylist/evidence.ts";
import { WorkingMemory } from "../../lib/greylist/memory.ts";
import type { Verdict } from "../../lib/greylist/model.ts";
import type { Rules } from "../../lib/greylist/rules.ts";
import { reportAbandoned } from "../../lib/greylist/reputation_changes.ts";
import { isPending } from "../../lib/greylist/triplets.ts";
import { parseAddress, parseNetwork } from "../../lib/net/network.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../lib/text/duration.ts";

export { DAY, HOUR, MINUTE, SECOND };

/** The time at which each world begins, in milliseconds since the epoch. */
export const START = Date.UTC(2026, 0, 1);

export const RULES: Rules = {
  mode: "all",
  delay: 60 * SECOND,
  delaySuspicious: 60 * SECOND,
  retryWindow: 2 * DAY,
  lifetime: 36 * DAY,
  autoWhitelistClients: 5,
  autoWhitelistDomains: 1,
  ipv4Prefix: 24,
  ipv6Prefix: 64,
  nullSender: "rcpt",
  spf: "origin",
  spfFail: "greylist",
  hasDnsLists: false,
  listedWait: 12 * HOUR,
  codes: "off",
  suspicionThreshold: 3,
  recipientDelimiter: "+",
  learnOutbound: true,
  trustedNetworks: [parseNetwork("203.0.113.0/24")!],
  sampleKey: "a key that samples none of these triplets",
};

export interface Given {
  stage?: string;
  authenticated?: boolean;
  address?: string;
  clientName?: string;
  heloName?: string;
  sender?: string;
  recipient?: string;
  instance?: string;
}

/** An attempt of alice@example.org from an unverified client. */
export function attemptOf(given: Given = {}): Attempt {
  return makeAttempt({
    stage: given.stage ?? "RCPT",
    authenticated: given.authenticated ?? false,
    address: parseAddress(given.address ?? "192.0.2.10")!,
    clientName: given.clientName ?? "unknown",
    heloName: given.heloName ?? "mail.example.org",
    sender: given.sender ?? "alice@example.org",
    recipient: given.recipient ?? "bob@example.net",
    instance: given.instance ?? "",
  }, "+");
}

/** SPF passes for a domain, by its own record or by `via`. */
export function spfPass(spfDomain: string, via?: string): Evidence {
  return { ...NO_EVIDENCE, spf: "pass", spfDomain, ...(via === undefined ? {} : { via }) };
}

export const SPF_FAIL: Evidence = { ...NO_EVIDENCE, spf: "fail" };
export const SPF_SOFTFAIL: Evidence = { ...NO_EVIDENCE, spf: "softfail" };

/** A DNS list names the client. */
export function listed(action: Listings["action"] = "reject"): Evidence {
  const listings = { ...NOT_LISTED, isListed: true, action, zone: "bl.example", hasAnswer: true };
  return { ...NO_EVIDENCE, listings, suspicionScore: 4 };
}

/** Evidence of a request, or that there is none yet. */
type GivenEvidence = Evidence | "none";

export class World {
  readonly memory = new WorkingMemory();
  readonly rules: Rules;

  constructor(rules: Partial<Rules> = {}) {
    this.rules = { ...RULES, ...rules };
  }

  #decide(time: number, given: Given, listing: Listing, evidence: GivenEvidence) {
    const attempt = attemptOf(given);
    const prechecked = precheck(attempt, this.rules, listing);
    if (prechecked !== undefined) return { verdict: prechecked, changes: [] };
    const about = {
      attempt,
      listing,
      ...(evidence === "none" ? {} : { evidence, listsAreFresh: true }),
    };
    return decide(about, this.memory, this.rules, START + time);
  }

  /** Decides and applies the changes. */
  at(
    time: number,
    given: Given = {},
    evidence: GivenEvidence = NO_EVIDENCE,
    listing: Listing = UNLISTED,
  ): Verdict {
    const decision = this.#decide(time, given, listing, evidence);
    if ("ask" in decision) throw new Error(`the decision asks for ${decision.ask}`);
    this.memory.apply(decision.changes);
    return decision.verdict;
  }

  /** The lookup that the decision asks for without evidence; undefined for none. */
  asks(time: number, given: Given = {}): string | undefined {
    const decision = this.#decide(time, given, UNLISTED, "none");
    return "ask" in decision ? decision.ask : undefined;
  }

  /** The lookup that the decision asks for with evidence whose lists are not fresh. */
  asksAgain(time: number, given: Given, evidence: Evidence): string | undefined {
    const about = { attempt: attemptOf(given), listing: UNLISTED, evidence };
    const decision = decide(about, this.memory, this.rules, START + time);
    return "ask" in decision ? decision.ask : undefined;
  }

  reasonAt(time: number, given: Given = {}, evidence: Evidence = NO_EVIDENCE): string {
    const { decision, reason } = this.at(time, given, evidence);
    return `${decision} ${reason}`;
  }

  /** Defers a message and accepts its retry after the longest delay. */
  deliver(time: number, given: Given = {}, evidence: Evidence = NO_EVIDENCE): Verdict {
    this.at(time, given, evidence);
    const { delay, delaySuspicious } = this.rules;
    return this.at(time + Math.max(delay, delaySuspicious), given, evidence);
  }

  /** Ends the pending triplets of a sender and recipient whose retry window is over. */
  expire(time: number, given: Given = {}): void {
    const { pendingKey, relationKeys } = attemptOf(given);
    for (const record of this.memory.pending(pendingKey)) {
      if (isPending(record, START + time)) continue;
      this.memory.apply([
        ...reportAbandoned(
          { memory: this.memory, rules: this.rules, now: START + time },
          relationKeys,
          record,
        ),
        { kind: "pending", key: pendingKey, network: record.network },
      ]);
    }
  }

  /** Notes a recipient at RCPT of a message that is decided at DATA. */
  collect(given: Given): void {
    this.memory.apply(collectRecipient(attemptOf(given), this.memory));
  }

  reputation(name: string) {
    return this.memory.reputation(name);
  }
}
