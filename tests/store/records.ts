/**
 * Records of the greylist and of the history for tests.
 *
 * @module
 */
import type {
  Change,
  Pending,
  PendingKey,
  Relation,
  Reputation,
} from "../../lib/greylist/model.ts";
import type { DecisionRecord } from "../../lib/store/history.ts";
import type { Store } from "../../lib/store/store.ts";

export const NETWORK = "net:192.0.2.0/24";

export const PENDING: Pending = {
  network: NETWORK,
  origins: ["ip:192.0.2.10", NETWORK, "org:example.org", `${NETWORK} example.org`],
  firstSeen: 1000,
  lastSeen: 2000,
  tries: 2,
  expires: 90_000,
};

export const RELATION: Relation = { origins: PENDING.origins, firstSeen: 1000, lastSeen: 2000 };

export const REPUTATION: Reputation = {
  retried: 1.5,
  abandoned: 0.5,
  total: 3,
  updated: 2000,
  firstSeen: 1000,
  lastSeen: 2000,
  lastRetried: 1900,
  lastAbandoned: 1800,
};

/** The key of a sender's mail to bob@example.net. */
export function keyOf(sender: string): PendingKey {
  return { sender, recipient: "bob@example.net" };
}

export function pending(sender: string, given: Partial<Pending> = {}) {
  const record: Pending = { ...PENDING, ...given };
  return { kind: "pending", key: keyOf(sender), network: record.network, record } satisfies Change;
}

export function relation(sender: string, given: Partial<Relation> = {}) {
  const record: Relation = { ...RELATION, ...given };
  return { kind: "relation", key: keyOf(sender), record } satisfies Change;
}

export function reputation(name: string, given: Partial<Reputation> = {}) {
  const record: Reputation = { ...REPUTATION, ...given };
  return { kind: "reputation", key: name, record } satisfies Change;
}

/** By default a deferred first attempt. */
export function decision(given: Partial<DecisionRecord> = {}): DecisionRecord {
  const { sender = "alice@example.org", recipient = "bob@example.net" } = given;
  return {
    time: 1000,
    decision: "defer",
    reason: "new",
    clientAddress: "192.0.2.1",
    clientName: "mail.example.org",
    heloName: "x",
    sender,
    recipient,
    normalisedSender: sender,
    normalisedRecipient: recipient,
    network: NETWORK,
    legitimacy: 1,
    ...given,
  };
}

/** Adds decisions to the history, without tallies. */
export function recordDecisions(
  store: Store,
  quietPeriod: number,
  ...given: readonly Partial<DecisionRecord>[]
): void {
  store.history.record({ decisions: given.map(decision), tallies: [], delays: [], quietPeriod });
}
