/**
 * Records of the greylist for tests of the store.
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
