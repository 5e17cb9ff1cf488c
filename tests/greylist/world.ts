/**
 * A world in which deliveries are tried, for tests.
 *
 * @module
 */
import { inheritState } from "../../lib/greylist/inherit_state.ts";
import {
  type Attempt,
  type Listing,
  makeAttempt,
  subjectOf,
  UNLISTED,
} from "../../lib/greylist/attempt.ts";
import { decide } from "../../lib/greylist/decide.ts";
import { type Evidence, NO_EVIDENCE } from "../../lib/greylist/evidence.ts";
import { WorkingMemory } from "../../lib/greylist/memory.ts";
import type { Rules } from "../../lib/greylist/rules.ts";
import type { Verdict } from "../../lib/greylist/model.ts";
import { parseAddress, parseNetwork } from "../../lib/net/network.ts";

/** Milliseconds. */
export const SECOND = 1000;
/** Milliseconds. */
export const HOUR = 3_600_000;
/** Milliseconds. */
export const DAY = 24 * HOUR;
/** When a world begins. */
export const START = Date.UTC(2026, 0, 1);

/** Rules that are not unusual. */
export const RULES: Rules = {
  mode: "all",
  delay: 60 * SECOND,
  retryWindow: 2 * DAY,
  lifetime: 36 * DAY,
  autoWhitelistClients: 5,
  ipv4Prefix: 24,
  ipv6Prefix: 64,
  nullSender: "rcpt",
  spf: "origin",
  spfFail: "greylist",
  suspicionThreshold: 3,
  learnOutbound: true,
  trustedNetworks: [parseNetwork("203.0.113.0/24")!],
};

/** What differs from the usual attempt. */
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

/** An attempt of alice@example.org. */
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
  });
}

/** A mail server that remembers what it is told to, and whose clock stands where it is put. */
export class World {
  readonly memory = new WorkingMemory();
  readonly rules: Rules;

  constructor(rules: Partial<Rules> = {}) {
    this.rules = { ...RULES, ...rules };
  }

  /** Decides, and remembers; with `"nothing"` for evidence nothing was learnt yet. */
  at(
    time: number,
    given: Given = {},
    listing: Listing = UNLISTED,
    evidence: Evidence | "nothing" = NO_EVIDENCE,
  ): Verdict {
    const attempt = attemptOf(given);
    const about = { attempt, listing, ...(evidence === "nothing" ? {} : { evidence }) };
    const decision = decide(about, this.memory, this.rules, START + time);
    if ("ask" in decision) throw new Error("it asks for evidence");
    this.memory.apply(decision.changes);
    return decision.verdict;
  }

  /** Whether it takes evidence to decide. */
  asks(time: number, given: Given = {}): boolean {
    const about = { attempt: attemptOf(given), listing: UNLISTED };
    return "ask" in decide(about, this.memory, this.rules, START + time);
  }

  /** What was learnt after an attempt was answered is kept for the next host. */
  learn(time: number, given: Given, evidence: Evidence): void {
    const subject = subjectOf(attemptOf(given), this.rules, evidence);
    this.memory.apply(inheritState(subject, this.memory, this.rules, START + time));
  }

  reasonAt(time: number, given: Given = {}): string {
    const { decision, reason } = this.at(time, given);
    return `${decision} ${reason}`;
  }
}
