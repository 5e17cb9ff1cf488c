import type { DecisionRecord } from "../../lib/store/history.ts";
import { openStore } from "../../lib/store/open.ts";
import { HOUR } from "../../lib/text/duration.ts";

/** A deferred first attempt. */
const ALICE: DecisionRecord = {
  time: 0,
  decision: "defer",
  reason: "new",
  clientAddress: "192.0.2.10",
  clientName: "mail.example.org",
  heloName: "mail.example.org",
  sender: "alice@example.org",
  recipient: "bob@example.net",
  normalisedSender: "alice@example.org",
  normalisedRecipient: "bob@example.net",
  network: "net:192.0.2.0/24",
  wait: 60_000,
  legitimacy: 8,
};

export const SPAM: Partial<DecisionRecord> = {
  sender: "win@example.com",
  normalisedSender: "win@example.com",
  clientName: "unknown",
  clientAddress: "198.51.100.7",
  legitimacy: 2,
};

/** Records decisions, each based on a deferred first attempt. */
export function record(
  path: string,
  privacy: boolean,
  ...given: Partial<DecisionRecord>[]
): void {
  const store = openStore({ database: path, privacy });
  const decisions = given.map((one) => ({ ...ALICE, ...one }));
  const tallies = decisions.map(({ time, decision, reason }) => ({
    hour: time - time % HOUR,
    decision,
    reason,
    count: 1,
  }));
  store.history.record({ decisions, tallies, delays: [], quietPeriod: 48 * HOUR });
  store.close();
}
