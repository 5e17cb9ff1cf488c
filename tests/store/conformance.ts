/**
 * Behaviour of every store.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Memory } from "../../lib/greylist/memory.ts";
import type { Change } from "../../lib/greylist/model.ts";
import type {
  DecisionRecord,
  DeferralState,
  DelayTally,
  Page,
  Tally,
} from "../../lib/store/history.ts";
import type { Cursor, Expiry, NewEntry, ReportExpired, Store } from "../../lib/store/store.ts";
import { HOUR } from "../../lib/text/duration.ts";
import {
  keyOf,
  NETWORK,
  PENDING,
  pending,
  RELATION,
  relation,
  REPUTATION,
  reputation,
} from "./records.ts";

/** Reads with the memory of one transaction. */
function recall<T>(store: Store, read: (memory: Memory) => T): T {
  let found: { readonly value: T } | undefined;
  store.greylist.exchange((memory) => {
    found = { value: read(memory) };
    return [];
  });
  assert(found !== undefined);
  return found.value;
}

function remember(store: Store, ...changes: readonly Change[]): void {
  store.greylist.exchange(() => changes);
}

const NOBODY = { pending: 0, relations: 0, reputations: 0 };

const NOTHING_REPORTED: ReportExpired = () => [];

function expireAll(
  store: Store,
  given: Partial<Expiry>,
  rows: number,
  report = NOTHING_REPORTED,
): { removed: number; slices: number } {
  const expiry: Expiry = {
    pendingBefore: 0,
    seenBefore: 0,
    historyBefore: 0,
    historyRows: 1000,
    deferralRows: 1000,
    evictions: [],
    ...given,
  };
  let cursor: Cursor | undefined;
  let removed = 0;
  let slices = 0;
  do {
    const slice = store.greylist.expire(expiry, cursor, rows, report);
    removed += slice.removed;
    cursor = slice.next;
    slices++;
  } while (cursor !== undefined);
  return { removed, slices };
}

const decision: DecisionRecord = {
  time: 1000,
  decision: "defer",
  reason: "new",
  clientAddress: "192.0.2.10",
  clientName: "mail.example.org",
  heloName: "mail.example.org",
  sender: "Alice@example.org",
  recipient: "Bob+x@example.net",
  normalisedSender: "Alice@example.org",
  normalisedRecipient: "bob@example.net",
  network: "net:192.0.2.0/24",
  wait: 60_000,
  legitimacy: 5,
};

function record(store: Store, ...given: Partial<DecisionRecord>[]): void {
  const decisions = given.map((one) => ({ ...decision, ...one }));
  store.history.record({ decisions, tallies: [], delays: [], quietPeriod: 10_000 });
}

/** The rows of all pages. */
function all<Row>(
  read: (after: string | undefined) => Page<Row>,
): Row[] {
  const rows: Row[] = [];
  let after: string | undefined;
  do {
    const page = read(after);
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

const from = (after: string | undefined) => after === undefined ? {} : { after };

/**
 * Registers the tests of one implementation.
 *
 * @param open makes an empty store.
 * @param hides true for a store of hashes: tests that read addresses are skipped.
 */
export function testConformance(
  name: string,
  open: () => Store,
  { hides = false }: { readonly hides?: boolean } = {},
): void {
  const test = (what: string, body: (store: Store) => void) =>
    Deno.test(`${name}: ${what}`, () => {
      const store = open();
      try {
        body(store);
      } finally {
        store.close();
      }
    });

  const clear = hides ? () => {} : test;

  test("an unknown key has no record", (store) => {
    recall(store, (memory) => {
      assertEquals(memory.pending(keyOf("a")), []);
      assertEquals(memory.relation(keyOf("a")), undefined);
      assertEquals(memory.reputation("ip:192.0.2.10"), undefined);
      assertEquals(memory.message("1.2.3"), undefined);
    });
  });

  test("records are recalled as stored, by their keys only", (store) => {
    const other = "net:198.51.100.0/24";
    remember(
      store,
      pending("a"),
      pending("a", { network: other, tries: 7 }),
      pending("b", { firstSeen: 5 }),
      relation("a"),
      relation("c", { lastSeen: 9000 }),
      reputation("ip:192.0.2.10"),
      reputation("org:example.org", { retried: 0.25, total: 9, trappedUntil: 4000 }),
      reputation("via:spf.example.com", { lastRetried: 0 }),
    );
    recall(store, (memory) => {
      const waiting = memory.pending(keyOf("a"));
      assertEquals(waiting.map(({ tries }) => tries).sort(), [2, 7]);
      assert(waiting.some(({ network }) => memory.includes([network], other)));
      const [b] = memory.pending(keyOf("b"));
      assertEquals([b?.firstSeen, b?.lastSeen, b?.expires], [5, 2000, 90_000]);
      assertEquals(memory.pending(keyOf("c")), []);
      assertEquals(memory.relation(keyOf("a"))?.lastSeen, RELATION.lastSeen);
      assertEquals(memory.relation(keyOf("c"))?.lastSeen, 9000);
      assertEquals(memory.relation(keyOf("b")), undefined);
      assertEquals(memory.reputation("ip:192.0.2.10"), REPUTATION);
      assertEquals(memory.reputation("org:example.org"), {
        ...REPUTATION,
        retried: 0.25,
        total: 9,
        trappedUntil: 4000,
      });
      assertEquals(memory.reputation("via:spf.example.com")?.lastRetried, 0);
    });
  });

  test("a record includes the origins that it was stored with, and no other", (store) => {
    const origins = [...PENDING.origins, "spf:example.org", "org:mail.example.org"];
    remember(store, pending("a", { origins }), relation("a", { origins }));
    recall(store, (memory) => {
      const [waiting] = memory.pending(keyOf("a"));
      const known = memory.relation(keyOf("a"));
      for (const record of [waiting, known]) {
        for (const origin of origins) assert(memory.includes(record!.origins, origin), origin);
        for (const origin of ["ip:192.0.2.1", "net:192.0.0.0/24", "spf:example", "org:spf"]) {
          assertEquals(memory.includes(record!.origins, origin), false, origin);
        }
      }
    });
  });

  test("a record that is stored as it was read does not change", (store) => {
    const domains = [{ domain: "example.org", since: 4 }, { domain: "example.com", since: 5 }];
    remember(store, pending("a"), relation("a"), reputation("via:a.example", { domains }));
    const read = () =>
      recall(store, (memory) => ({
        waiting: memory.pending(keyOf("a"))[0]!,
        known: memory.relation(keyOf("a"))!,
        name: memory.reputation("via:a.example")!,
      }));
    const { waiting, known, name } = read();
    assertEquals(name.domains?.map(({ since }) => since), [4, 5]);
    remember(
      store,
      { kind: "pending", key: keyOf("a"), network: waiting.network, record: waiting },
      { kind: "relation", key: keyOf("a"), record: known },
      { kind: "reputation", key: "via:a.example", record: name },
    );
    assertEquals(read(), { waiting, known, name });
    assertEquals(store.size(), { pending: 1, relations: 1, reputations: 1 });
  });

  test("a record replaces the earlier one, and a pending triplet is removed alone", (store) => {
    remember(store, pending("a"), relation("a"), reputation("ip:192.0.2.10"));
    remember(
      store,
      pending("a", { tries: 3 }),
      relation("a", { lastSeen: 5000 }),
      reputation("ip:192.0.2.10", { total: 8 }),
    );
    recall(store, (memory) => {
      assertEquals(memory.pending(keyOf("a")).map(({ tries }) => tries), [3]);
      assertEquals(memory.relation(keyOf("a"))?.lastSeen, 5000);
      assertEquals(memory.reputation("ip:192.0.2.10")?.total, 8);
    });
    const other = "net:198.51.100.0/24";
    remember(store, pending("a", { network: other }));
    remember(store, { kind: "pending", key: keyOf("a"), network: NETWORK });
    recall(store, (memory) => {
      const [left, ...more] = memory.pending(keyOf("a"));
      assert(memory.includes([left!.network], other));
      assertEquals(more, []);
    });
    assertEquals(store.size(), { pending: 1, relations: 1, reputations: 1 });
  });

  test("a batch whose judge throws stores nothing", (store) => {
    try {
      store.greylist.exchange(() => {
        throw new Error("no");
      });
    } catch {
      // Expected.
    }
    assertEquals(store.size(), NOBODY);
    remember(store, pending("a"));
    assertEquals(store.size(), { ...NOBODY, pending: 1 });
  });

  test("a failed change leaves its whole batch unstored", (store) => {
    const broken = { ...pending("b"), record: { ...PENDING, tries: 0.5 } };
    try {
      remember(store, pending("a"), relation("a"), broken);
    } catch {
      // A column of integers takes no half.
    }
    assertEquals(store.size(), NOBODY);
  });

  test("the records of messages are not stored", (store) => {
    const record = { address: "192.0.2.10", sender: "a@example.org", delayed: 1 };
    remember(store, { kind: "message", key: "1.2.3", record });
    assertEquals(recall(store, (memory) => memory.message("1.2.3")), undefined);
    assertEquals(store.size(), NOBODY);
  });

  test("any text can be a key or an origin, and times exceed 32 bits", (store) => {
    const text = fc.string({ unit: "binary", maxLength: 60 }).map((one) =>
      // A lone surrogate cannot come out of UTF-8, NUL separates the parts of a key, and a line feed
      // ends an attribute.
      one.toWellFormed().replaceAll(/[\0\n]/g, "")
    );
    const time = fc.maxSafeNat();
    fc.assert(
      fc.property(text, text, text, text, time, (sender, recipient, net, org, at) => {
        const key = { sender, recipient };
        const network = `net:${net}`;
        const times = { firstSeen: at, lastSeen: at };
        const origins = [network, `org:${org}`];
        remember(
          store,
          {
            kind: "pending",
            key,
            network,
            record: { network, origins, ...times, tries: 1, expires: at },
          },
          { kind: "relation", key, record: { origins, ...times } },
          reputation(`org:${org}`, times),
        );
        recall(store, (memory) => {
          const waiting = memory.pending(key)
            .find((one) => memory.includes([one.network], network));
          assertEquals([waiting?.firstSeen, waiting?.expires], [at, at]);
          assert(origins.every((origin) => memory.includes(waiting!.origins, origin)));
          const known = memory.relation(key);
          assertEquals([known?.lastSeen, known?.origins.length], [at, 2]);
          assertEquals(memory.reputation(`org:${org}`), { ...REPUTATION, ...times });
        });
      }),
      { numRuns: 60 },
    );
  });

  test("a pass removes the expired and nothing else, slice by slice", (store) => {
    const changes: Change[] = [];
    for (let at = 0; at < 100; at++) {
      const times = { firstSeen: at, lastSeen: at };
      changes.push(pending(`w${at}`, { ...times, expires: at }), relation(`k${at}`, times));
      changes.push(reputation(`net:${at}`, times));
    }
    remember(store, ...changes);
    const { removed, slices } = expireAll(store, { pendingBefore: 70, seenBefore: 30 }, 7);
    assertEquals(removed, 70 + 30 + 30);
    assert(slices > 300 / 7);
    assertEquals(store.size(), { pending: 30, relations: 70, reputations: 70 });
    recall(store, (memory) => {
      const left = ["w69", "w70"].map((name) => memory.pending(keyOf(name)).length);
      assertEquals(left, [0, 1]);
      const known = ["k29", "k30"].map((name) => memory.relation(keyOf(name)) !== undefined);
      assertEquals(known, [false, true]);
      const named = ["net:29", "net:30"].map((name) => memory.reputation(name) !== undefined);
      assertEquals(named, [false, true]);
    });
  });

  test("a trapped address is remembered until its time is over", (store) => {
    remember(store, reputation("ip:192.0.2.10", { lastSeen: 1, trappedUntil: 500 }));
    assertEquals(expireAll(store, { seenBefore: 500 }, 10).removed, 0);
    assertEquals(expireAll(store, { seenBefore: 501 }, 10).removed, 1);
  });

  test("expired pending triplets are reported once, and what the report changes is stored", (store) => {
    for (let at = 0; at < 10; at++) remember(store, pending(`w${at}`, { expires: at }));
    let reported = 0;
    const report: ReportExpired = (expired, memory) => {
      reported += expired.length;
      const name = "ip:192.0.2.10";
      const before = memory.reputation(name) ?? { ...REPUTATION, abandoned: 0 };
      assert(expired.every(({ record }) => memory.includes(record.origins, name)));
      return [reputation(name, { ...before, abandoned: before.abandoned + expired.length })];
    };
    expireAll(store, { pendingBefore: 6 }, 2, report);
    assertEquals(reported, 6);
    assertEquals(store.size(), { pending: 4, relations: 0, reputations: 1 });
    assertEquals(recall(store, (memory) => memory.reputation("ip:192.0.2.10")?.abandoned), 6);
    expireAll(store, { pendingBefore: 6 }, 2, report);
    assertEquals(reported, 6);
  });

  test("a slice whose report throws removes and stores nothing", (store) => {
    remember(store, pending("a", { expires: 1 }));
    try {
      expireAll(store, { pendingBefore: 6 }, 2, () => {
        throw new Error("no");
      });
    } catch {
      // Expected.
    }
    assertEquals(store.size(), { ...NOBODY, pending: 1 });
  });

  test("the report of an expired pending triplet finds its relation", (store) => {
    remember(store, pending("a", { expires: 1 }), relation("a"), pending("b", { expires: 1 }));
    const found: boolean[] = [];
    expireAll(store, { pendingBefore: 6 }, 9, (expired, memory) => {
      found.push(...expired.map((key) => memory.relation(key) !== undefined));
      return [];
    });
    assertEquals(found.sort(), [false, true]);
  });

  const entry: NewEntry = {
    list: "allow",
    matchOn: "client",
    pattern: "192.0.2.0/24",
    note: "caller",
    addedBy: "root",
    created: 1000,
  };

  test("adding an entry again keeps its number and hits, and removing it again does nothing", (store) => {
    const added = store.lists.add(entry);
    assertEquals({ ...entry, id: added.id, hits: 0 }, added);
    store.lists.countHits([
      { rule: added.id, count: 3, last: 5000 },
      { rule: 999, count: 1, last: 1 },
    ]);
    store.lists.countHits([{ rule: added.id, count: 1, last: 4000 }]);
    const again = store.lists.add({ ...entry, note: "new", expires: 9000 });
    assertEquals(again.id, added.id);
    const other = store.lists.add({ ...entry, list: "block" });
    assertEquals(store.lists.entries(), [
      { ...entry, note: "new", expires: 9000, id: added.id, hits: 4, lastHit: 5000 },
      other,
    ]);
    assertEquals(store.lists.remove(added.id), true);
    assertEquals(store.lists.remove(added.id), false);
    assertEquals(store.lists.entries(), [other]);
    assert(store.lists.add(entry).id > other.id, "a number is assigned again");
  });

  test("ended entries are removed, and those that end later or never are not", (store) => {
    for (const [pattern, expires] of [["192.0.2.1", 100], ["192.0.2.2", 200]] as const) {
      store.lists.add({ ...entry, pattern, expires });
    }
    store.lists.add(entry);
    const revision = store.lists.revision();
    assertEquals(store.lists.removeEnded(100), 0);
    assertEquals(store.lists.revision(), revision);
    assertEquals(store.lists.removeEnded(200), 1);
    assertEquals(store.lists.entries().map(({ pattern }) => pattern), [
      "192.0.2.2",
      "192.0.2.0/24",
    ]);
    assert(store.lists.revision() !== revision);
  });

  test("the hits of rules outside the database add up", (store) => {
    store.lists.countHits([{ rule: "builtin:a", count: 2, last: 9 }, {
      rule: "/f:1",
      count: 1,
      last: 5,
    }]);
    store.lists.countHits([{ rule: "builtin:a", count: 1, last: 7 }]);
    assertEquals(store.lists.ruleHits(), [
      { rule: "/f:1", hits: 1, lastHit: 5 },
      { rule: "builtin:a", hits: 3, lastHit: 9 },
    ]);
  });

  test("only adding and removing entries changes the revision", (store) => {
    const seen = [store.lists.revision()];
    const { id } = store.lists.add(entry);
    seen.push(store.lists.revision());
    store.lists.countHits([{ rule: id, count: 1, last: 1 }]);
    remember(store, pending("a"));
    assertEquals(store.lists.revision(), seen[1]);
    store.lists.remove(id);
    store.lists.remove(id);
    seen.push(store.lists.revision());
    assertEquals(new Set(seen).size, 3);
  });

  test("a check changes nothing", (store) => {
    const revision = store.lists.revision();
    store.check();
    assertEquals(store.lists.revision(), revision);
    assertEquals(store.size(), NOBODY);
  });

  test("a pass over an empty store ends", (store) => {
    assertEquals(expireAll(store, { pendingBefore: 9, seenBefore: 9 }, 10).removed, 0);
  });

  clear("decisions are found as recorded, the newest first, page by page", (store) => {
    const passed: Partial<DecisionRecord> = {
      time: 5000,
      decision: "pass",
      reason: "retried",
      delayed: 4000,
      origin: "net:192.0.2.0/24",
      by: "entry:3",
    };
    record(store, {}, { time: 2000, reason: "early", shadow: "defer" }, passed);
    const found = all((after) =>
      store.history.findDecisions({ text: "", limit: 1, ...from(after) })
    );
    assertEquals(found.map(({ time }) => time), [5000, 2000, 1000]);
    const [newest, , oldest] = found;
    assertEquals(
      [newest!.delayed, newest!.origin, newest!.by, newest!.deferral, newest!.sender],
      [4000, "net:192.0.2.0/24", "entry:3", oldest!.deferral, "Alice@example.org"],
    );
    assertEquals([oldest!.wait, oldest!.recipient], [60_000, "Bob+x@example.net"]);
    assertEquals(found[1]!.shadow, "defer");
  });

  clear(
    "a search matches any part in any case, and wildcards match themselves",
    (store) => {
      record(
        store,
        { sender: "a_b%c\\d@example.org", normalisedSender: "1" },
        { sender: "axbyc@example.org", normalisedSender: "2", clientName: "MX.example.com" },
      );
      const senders = (text: string) =>
        (all((after) => store.history.findDecisions({ text, limit: 10, ...from(after) })))
          .map(({ sender }) => sender.slice(0, 3));
      assertEquals(senders("EXAMPLE.org"), ["axb", "a_b"]);
      assertEquals(senders("a_b%"), ["a_b"]);
      assertEquals(senders("c\\d"), ["a_b"]);
      assertEquals(senders("mx.EXAMPLE.com"), ["axb"]);
      assertEquals(senders("192.0.2.1"), ["axb", "a_b"]);
      assertEquals(senders("nobody"), []);
    },
  );

  clear(
    "a deferral counts its tries until it is accepted; the next one is new",
    (store) => {
      record(
        store,
        {},
        { time: 2000, reason: "early", legitimacy: 7 },
        { time: 3000, network: "net:198.51.100.0/24", clientAddress: "198.51.100.7" },
      );
      const open = () =>
        all((after) =>
          store.history.findDeferrals({ text: "", limit: 10, state: "waiting", ...from(after) })
        );
      const [one, ...more] = open();
      assertEquals(more, []);
      assertEquals(
        [
          one!.sender,
          one!.recipient,
          one!.firstSeen,
          one!.lastSeen,
          one!.tries,
          one!.networkChanges,
        ],
        ["Alice@example.org", "Bob+x@example.net", 1000, 3000, 3, 1],
      );
      assertEquals(
        [one!.network, one!.clientAddress, one!.legitimacy, one!.ended],
        ["net:198.51.100.0/24", "198.51.100.7", 7, undefined],
      );

      record(store, { time: 4000, decision: "pass", reason: "fault" });
      assertEquals((open()).length, 1);
      record(store, { time: 5000, decision: "pass", reason: "retried" });
      assertEquals(open(), []);
      const [ended] = all((after) =>
        store.history.findDeferrals({ text: "bob+x@", limit: 10, ...from(after) })
      );
      assertEquals([ended!.ended, ended!.endedBy, ended!.tries], [5000, "retried", 3]);

      record(store, { time: 6000 });
      const [again] = open();
      assertEquals([again!.firstSeen, again!.tries], [6000, 1]);
      assert(again!.id > one!.id);
      record(store, { time: 6000 + 10_001 });
      assertEquals((open()).map(({ tries }) => tries), [1]);
    },
  );

  clear(
    "deferrals are found by their last attempt and counted by their outcome",
    (store) => {
      for (const [at, name] of ["a", "b", "c", "d", "e"].entries()) {
        record(store, { time: 1000 * at, normalisedSender: name });
      }
      record(
        store,
        { time: 6000, normalisedSender: "b", decision: "pass", reason: "retried" },
        { time: 6000, normalisedSender: "c", decision: "reject", reason: "blocked" },
      );
      const lastSeenIn = (state: DeferralState) =>
        store.history.findDeferrals({ text: "", limit: 10, from: 1000, state, quietSince: 4000 })
          .rows.map(({ lastSeen }) => lastSeen);
      assertEquals(lastSeenIn("not-retried"), [3000]);
      assertEquals(lastSeenIn("waiting"), [4000]);
      assertEquals(store.history.countDeferrals(1000, 4000), {
        retried: 1,
        rejected: 1,
        waiting: 1,
        "not-retried": 1,
      });
    },
  );

  test("deferrals whose client was listed at a retry are counted once", (store) => {
    for (const [at, name] of ["a", "b", "c", "d"].entries()) {
      record(store, { time: 1000 * at, normalisedSender: name });
    }
    const listed = { reason: "listed" } as const;
    record(
      store,
      { time: 5000, normalisedSender: "a", decision: "reject", ...listed },
      { time: 5000, normalisedSender: "b", decision: "reject", ...listed },
      { time: 5000, normalisedSender: "c", ...listed },
      { time: 6000, normalisedSender: "c", ...listed },
      { time: 7000, normalisedSender: "c", decision: "pass", reason: "retried" },
    );
    assertEquals([0, 1000, 3000].map((since) => store.history.countListed(since)), [3, 2, 0]);
  });

  test("decisions are found by reason", (store) => {
    record(store, {}, { reason: "known", decision: "pass" }, { reason: "early" });
    const found = all((after) =>
      store.history.findDecisions({ text: "", limit: 1, reasons: ["new", "early"], ...from(after) })
    );
    assertEquals(found.map(({ reason }) => reason), ["early", "new"]);
  });

  test("deferrals are counted within a period", (store) => {
    for (const time of [1000, 2000, 3000]) {
      record(store, { time, normalisedSender: `s${time}` });
    }
    const { waiting, "not-retried": notRetried } = store.history.countDeferrals(1000, 1500, 3000);
    assertEquals([waiting, notRetried], [1, 1]);
  });

  test("entries are found by pattern, note and list, the newest first", (store) => {
    const entry: NewEntry = {
      list: "allow",
      matchOn: "client",
      pattern: "192.0.2.1",
      note: "",
      addedBy: "root",
      created: 1,
    };
    for (const pattern of ["a_.example", "ab.example", "b.example"]) {
      store.lists.add({ ...entry, pattern });
    }
    store.lists.add({ ...entry, list: "block", pattern: "c.example", note: "spam from A_b" });
    const found = (text: string, list?: NewEntry["list"]) =>
      (all((after) => store.lists.find({ text, list, limit: 1, ...from(after) })))
        .map(({ pattern }) => pattern);
    assertEquals(found(""), ["c.example", "b.example", "ab.example", "a_.example"]);
    assertEquals(found("A_"), ["c.example", "a_.example"]);
    assertEquals(found("example", "block"), ["c.example"]);
    const { id } = store.lists.entries()[0]!;
    assertEquals(store.lists.entry(id)?.pattern, "a_.example");
    assertEquals(store.lists.entry(id + 100), undefined);
  });

  test("credentials are replaced and removed by kind and name", (store) => {
    const password = { kind: "password", name: "", hash: "1", created: 1 } as const;
    const token = { kind: "token", name: "monitoring", hash: "2", created: 2 } as const;
    store.credentials.put(token);
    store.credentials.put(password);
    store.credentials.put({ ...password, hash: "3" });
    assertEquals(store.credentials.all(), [{ ...password, hash: "3" }, token]);
    assertEquals(store.credentials.remove("token", "other"), false);
    assertEquals(store.credentials.remove("token", "monitoring"), true);
    assertEquals(store.credentials.all(), [{ ...password, hash: "3" }]);
  });

  test("tallies and delays of an hour add up", (store) => {
    const tally = (hour: number, given: Partial<Tally> = {}): Tally => ({
      hour: hour * HOUR,
      decision: "defer",
      reason: "new",
      count: 1,
      ...given,
    });
    const delay = (hour: number, upTo: number, count: number) => ({
      hour: hour * HOUR,
      upTo,
      count,
    });
    const keep = (tallies: Tally[], delays: DelayTally[]) =>
      store.history.record({ decisions: [], tallies, delays, quietPeriod: 1 });
    const shadow: Partial<Tally> = { decision: "pass", shadow: "defer" };
    keep([tally(1), tally(2)], [delay(1, 60, 1), delay(2, Infinity, 1)]);
    keep([tally(2, { count: 4 }), tally(2, shadow)], [delay(2, 60, 3), delay(2, Infinity, 2)]);
    assertEquals(store.history.tallies(2 * HOUR), [tally(2, { count: 5 }), tally(2, shadow)]);
    assertEquals(store.history.tallies(0).length, 3);
    assertEquals(store.history.delayTallies(2 * HOUR), [delay(2, 60, 3), delay(2, Infinity, 3)]);
    assertEquals(store.history.delayTallies(0).length, 3);
  });

  clear("relations and reputations are found by any part, page by page", (store) => {
    const names = ["a", "b", "c", "d", "e"];
    const domains = [{ domain: "example.org", since: 4 }];
    remember(
      store,
      ...names.map((name) => relation(`${name}@example.org`)),
      ...names.map((name) => reputation(`org:${name}.example`, { domains })),
      reputation("correspondent:example.net"),
    );
    const relations = (text: string) =>
      all((after) => store.greylist.findRelations({ text, limit: 2, ...from(after) }));
    assertEquals(relations("example.ORG").map(({ sender }) => sender[0]), names);
    assertEquals(relations("a@example.org"), [{ ...keyOf("a@example.org"), ...RELATION }]);
    assertEquals(relations("192.0.2.10").length, 5);
    assertEquals(relations("192.0.2.11"), []);
    const reputations = (text: string) =>
      all((after) => store.greylist.findReputations({ text, limit: 2, ...from(after) }));
    assertEquals(reputations(".example").map(({ name }) => name[4]), names);
    assertEquals(reputations("ORG:a.example"), [
      { name: "org:a.example", ...REPUTATION, domains },
    ]);
    assertEquals(reputations("correspondent:"), [
      { name: "correspondent:example.net", ...REPUTATION },
    ]);
  });

  test("a whole address or name finds its relations and reputations", (store) => {
    remember(
      store,
      relation("alice@example.org"),
      relation("eve@example.org"),
      reputation("ip:192.0.2.10"),
      reputation("ip:192.0.2.11"),
    );
    const relations = (text: string) => store.greylist.findRelations({ text, limit: 9 }).rows;
    assertEquals(relations("alice@example.org").length, 1);
    assertEquals(relations("bob@example.net").length, 2);
    assertEquals(relations("nobody@example.net").length, 0);
    assertEquals(
      store.greylist.findReputations({ text: "ip:192.0.2.10", limit: 9 }).rows.length,
      1,
    );
  });

  clear("forgetting an address removes all its forms and no other address", (store) => {
    const to = (sender: string, recipient: string) => [
      { ...pending(sender), key: { sender, recipient } },
      { ...relation(sender), key: { sender, recipient } },
    ];
    remember(
      store,
      ...to("x@example.com", "bob@example.net"),
      ...to("bob@example.net", "y@example.com"),
      pending("bob+tag@example.net"),
      pending("srs0===example.net=bob@forwarder.example"),
      ...to("x@example.com", "eve@example.net"),
    );
    const eve = { recipient: "eve@example.net", normalisedRecipient: "eve@example.net" };
    record(store, {}, eve, {
      ...eve,
      sender: "BOB@Example.net",
      normalisedSender: "BOB@example.net",
    });
    assertEquals(store.forget("nobody@example.net").triplets, 0);
    assertEquals(store.forget("Bob+y@Example.net"), {
      triplets: 6,
      reputations: 0,
      deferrals: 2,
      decisions: 2,
    });
    assertEquals(store.size(), { pending: 1, relations: 1, reputations: 0 });
    assertEquals(store.forget("192.0.2.10").decisions, 1);
  });

  test("forgetting a client's address removes its records and its place in relations", (store) => {
    remember(
      store,
      pending("a"),
      pending("b", { network: "net:198.51.100.0/24", origins: ["ip:192.0.2.100"] }),
      relation("a"),
      relation("b", { origins: ["ip:192.0.2.10"] }),
      relation("c", { origins: ["net:192.0.2.0/24", "ip:192.0.2.10", "ip:192.0.2.100"] }),
      reputation("ip:192.0.2.10"),
      reputation("ip:192.0.2.100"),
      reputation("net:192.0.2.0/24 example.org"),
    );
    assertEquals(store.forget("192.0.2.10"), {
      triplets: 1,
      reputations: 1,
      deferrals: 0,
      decisions: 0,
    });
    recall(store, (memory) => {
      assertEquals(["a", "b"].map((one) => memory.pending(keyOf(one)).length), [0, 1]);
      assertEquals(memory.relation(keyOf("b")), undefined);
      for (const [name, count] of [["a", PENDING.origins.length - 1], ["c", 2]] as const) {
        const { origins } = memory.relation(keyOf(name))!;
        assertEquals(origins.length, count);
        assertEquals(memory.includes(origins, "ip:192.0.2.10"), false);
        assert(memory.includes(origins, "net:192.0.2.0/24"));
      }
      assert(memory.includes(memory.relation(keyOf("c"))!.origins, "ip:192.0.2.100"));
      assertEquals(memory.reputation("ip:192.0.2.10"), undefined);
      assert(memory.reputation("ip:192.0.2.100") !== undefined);
      assert(memory.reputation("net:192.0.2.0/24 example.org") !== undefined);
    });
  });

  test("an eviction removes the oldest pending triplets unreported, and no relation", (store) => {
    const wait = (sender: string, network: string, second: number) =>
      pending(sender, { network, firstSeen: second * 1000 });
    remember(
      store,
      ...[1, 2, 3, 4].map((second) => wait(`a${second}`, "net:busy", second)),
      relation("known", { firstSeen: 1000 }),
      ...[1, 4].map((second) => wait(`b${second}`, "net:other", second)),
    );
    const expiry = {
      pendingBefore: 0,
      seenBefore: 0,
      historyBefore: 0,
      historyRows: 9,
      deferralRows: 9,
      evictions: [],
    };
    const counted = store.greylist.expire(expiry, undefined, 100, NOTHING_REPORTED).pending;
    const byNetwork = Map.groupBy(counted, ({ network }) => network);
    const [busy, ...rest] = [...byNetwork].filter(([, { length }]) => length === 4);
    assertEquals([rest, byNetwork.size], [[], 2]);
    let reported = 0;
    const report: ReportExpired = (expired) => {
      reported += expired.length;
      return [];
    };
    const evictions = [{ network: busy![0], before: 3000 }];
    assertEquals(expireAll(store, { evictions }, 3, report).removed, 2);
    assertEquals(expireAll(store, { evictions: [{ before: 4000 }] }, 3, report).removed, 2);
    assertEquals(reported, 0);
    recall(store, (memory) => {
      const left = ["a1", "a2", "a3", "a4", "b1", "b4"]
        .filter((name) => memory.pending(keyOf(name)).length > 0);
      assertEquals(left, ["a4", "b4"]);
      assert(memory.relation(keyOf("known")) !== undefined);
    });
  });

  test("history beyond its age or row limit is removed, slice by slice", (store) => {
    for (let at = 0; at < 20; at++) {
      record(store, { time: at, normalisedSender: `s${at}` });
    }
    expireAll(store, { historyBefore: 5 }, 3);
    const left = () => [
      (all((after) => store.history.findDecisions({ text: "", limit: 50, ...from(after) }))).length,
      (all((after) => store.history.findDeferrals({ text: "", limit: 50, ...from(after) }))).length,
    ];
    assertEquals(left(), [15, 15]);
    expireAll(store, { historyRows: 4 }, 3);
    assertEquals(left(), [4, 15]);
    expireAll(store, { deferralRows: 6 }, 3);
    assertEquals(left(), [4, 6]);
  });
}
