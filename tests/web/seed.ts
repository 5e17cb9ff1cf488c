/**
 * A database after some weeks of mail, for tests and screenshots.
 *
 * @module
 */
import { newEntry, releaseOf } from "../../lib/admin/list_entries.ts";
import type { DecisionRecord, DelayTally, Records, Tally } from "../../lib/store/history.ts";
import type { Store } from "../../lib/store/store.ts";
import { DAY, HOUR, MINUTE } from "../../lib/text/duration.ts";
import { randomNumbers } from "../random.ts";

interface Sender {
  readonly address: string;
  readonly clientName: string;
  readonly clientAddress: string;
  readonly legitimacy: number;
}

const FRIENDS: readonly Sender[] = [
  {
    address: "newsletter@bakery.example",
    clientName: "mta7.sender.example",
    clientAddress: "198.51.100.7",
    legitimacy: 6,
  },
  {
    address: "anna@lindgren.example",
    clientName: "mail.lindgren.example",
    clientAddress: "192.0.2.25",
    legitimacy: 9,
  },
  {
    address: "no-reply@railway.example",
    clientName: "out3.railway.example",
    clientAddress: "203.0.113.90",
    legitimacy: 9,
  },
  { address: "", clientName: "mx2.school.example", clientAddress: "192.0.2.200", legitimacy: 5 },
];

const STRANGERS: readonly Sender[] = [
  {
    address: "invoice@x7k2.example",
    clientName: "unknown",
    clientAddress: "203.0.113.14",
    legitimacy: 1,
  },
  {
    address: "win@prize-4711.example",
    clientName: "unknown",
    clientAddress: "198.51.100.133",
    legitimacy: 0,
  },
  {
    address: "dr.okafor@bank.example",
    clientName: "host-133-7.pool.provider.example",
    clientAddress: "198.51.100.201",
    legitimacy: 2,
  },
];

const RECIPIENTS = ["erika@example.net", "max@example.net", "verein@example.net"];

function decision(
  time: number,
  sender: Sender,
  recipient: string,
  what: Partial<DecisionRecord>,
): DecisionRecord {
  const { address, clientName, clientAddress, legitimacy } = sender;
  return {
    time,
    decision: "defer",
    reason: "new",
    clientAddress,
    clientName,
    heloName: clientName === "unknown" ? "localhost" : clientName,
    sender: address,
    recipient,
    normalisedSender: address,
    normalisedRecipient: recipient,
    network: `net:${clientAddress.replace(/\d+$/, "0/24")}`,
    legitimacy,
    ...what,
  };
}

/** The counts of 30 days, with nights. */
function tallies(now: number): Pick<Records, "tallies" | "delays"> {
  const random = randomNumbers(20_261_124);
  const counts: Tally[] = [];
  const delays: DelayTally[] = [];
  const thisHour = now - now % HOUR;
  for (let hour = thisHour - 30 * DAY; hour <= thisHour; hour += HOUR) {
    const ofDay = new Date(hour).getUTCHours();
    const busy = (ofDay > 6 && ofDay < 20 ? 1 : 0.35) * (0.6 + 0.8 * random());
    const countOf = (rate: number) => Math.floor(rate * busy + random());
    const rates = [
      ["pass", "known", 14],
      ["pass", "auto-whitelisted", 9],
      ["pass", "allowed", 2],
      ["defer", "new", 17],
      ["defer", "early", 3],
      ["pass", "retried", 2.4],
      ["reject", "blocked", 1.2],
      ["pass", "authenticated", 5],
    ] as const;
    for (const [decision, reason, rate] of rates) {
      const count = countOf(rate);
      if (count > 0) counts.push({ hour, decision, reason, count });
    }
    for (const [upTo, rate] of [[120, 1.1], [300, 0.7], [900, 0.4], [3600, 0.2]] as const) {
      const count = countOf(rate);
      if (count > 0) delays.push({ hour, upTo, count });
    }
  }
  return { tallies: counts, delays };
}

/** Fills an empty store. */
export function seed(store: Store, now: number): void {
  const record = (...decisions: DecisionRecord[]) =>
    store.history.record({ decisions, tallies: [], delays: [], quietPeriod: 2 * DAY });
  store.history.record({ decisions: [], ...tallies(now), quietPeriod: DAY });

  // Not retried, of the days before.
  for (let at = 0; at < 60; at++) {
    const time = now - 7 * DAY + at * 2 * HOUR;
    const stranger = STRANGERS[at % STRANGERS.length]!;
    const sender = { ...stranger, address: stranger.address.replace("@", `.${at}@`) };
    record(decision(time, sender, RECIPIENTS[at % 3]!, { wait: MINUTE }));
  }
  const lostFriend: Sender = {
    address: "orders@bookshop.example",
    clientName: "mail.bookshop.example",
    clientAddress: "192.0.2.77",
    legitimacy: 8,
  };
  record(decision(now - 20 * HOUR, lostFriend, "erika@example.net", { wait: MINUTE }));
  record(
    decision(now - 19 * HOUR, lostFriend, "erika@example.net", { reason: "early", wait: 1000 }),
  );

  // The last hour.
  const passes = { decision: "pass", reason: "known" } as const;
  for (let at = 0; at < 9; at++) {
    const time = now - 50 * MINUTE + at * 4 * MINUTE;
    const friend = FRIENDS[at % FRIENDS.length]!;
    record(
      decision(time, friend, RECIPIENTS[at % 3]!, {
        ...passes,
        origin: at % 2 === 0 ? "spf:bakery.example" : "net:192.0.2.0/24",
      }),
    );
  }
  const [bakery, anna, railway] = FRIENDS;
  record(decision(now - 9 * MINUTE, anna!, "max@example.net", { wait: MINUTE }));
  record(
    decision(now - 7 * MINUTE, anna!, "max@example.net", {
      ...passes,
      reason: "retried",
      delayed: 2 * MINUTE,
    }),
    decision(now - 4 * MINUTE, STRANGERS[1]!, "verein@example.net", {
      decision: "reject",
      reason: "blocked",
      by: "entry:2",
    }),
    decision(now - 3 * MINUTE, STRANGERS[0]!, "erika@example.net", { wait: MINUTE }),
    decision(now - 2 * MINUTE, STRANGERS[2]!, "max@example.net", { wait: MINUTE }),
    decision(now - 40_000, railway!, "erika@example.net", { wait: MINUTE }),
  );

  const reputation = (key: string, retried: number, abandoned = 0) => ({
    kind: "reputation" as const,
    key,
    record: {
      retried,
      abandoned,
      total: retried,
      updated: now - 30 * MINUTE,
      firstSeen: now - 20 * DAY,
      lastSeen: now - 30 * MINUTE,
      lastRetried: now - 30 * MINUTE,
      lastAbandoned: 0,
    },
  });
  store.greylist.exchange(() => [
    reputation("spf:bakery.example", 31, 1),
    reputation("ip:192.0.2.25", 12),
    reputation("org:railway.example", 40),
    reputation("ip:203.0.113.90", 1),
    reputation("correspondent:bakery.example", 0),
    {
      kind: "relation",
      key: { sender: bakery!.address, recipient: "erika@example.net" },
      record: {
        origins: ["ip:198.51.100.7", "net:198.51.100.0/24", "spf:bakery.example"],
        firstSeen: now - 20 * DAY,
        lastSeen: now - HOUR,
      },
    },
    {
      kind: "pending",
      key: { sender: railway!.address, recipient: "erika@example.net" },
      network: "net:203.0.113.0/24",
      record: {
        network: "net:203.0.113.0/24",
        origins: ["ip:203.0.113.90", "net:203.0.113.0/24"],
        firstSeen: now - 40_000,
        lastSeen: now - 40_000,
        tries: 1,
        expires: now + 2 * DAY,
      },
    },
  ]);

  const remarks = { addedBy: "root", now: now - 3 * DAY };
  const add = (entered: ReturnType<typeof newEntry>) => {
    if (entered.ok) store.lists.add(entered.entry);
  };
  add(
    newEntry("allow", "client", "org:school.example", { ...remarks, note: "slow retries" }),
  );
  add(newEntry("block", "sender", "prize-4711.example", { ...remarks, note: "" }));
  add(
    newEntry("allow", "recipient", "erika@example.net", {
      ...remarks,
      now: now - 5 * MINUTE,
      note: "login code",
      lasts: 15 * MINUTE,
    }),
  );
  store.lists.add(
    releaseOf({ sender: "", recipient: "max@example.net" }, "+", {
      ...remarks,
      note: "",
      lasts: 5 * DAY,
    }),
  );
  store.lists.countHits([
    { rule: 1, count: 14, last: now - HOUR },
    { rule: "builtin:postmaster@", count: 2, last: now - DAY },
  ]);
}
