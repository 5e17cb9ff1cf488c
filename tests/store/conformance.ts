/**
 * Behaviour of every store.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Change,
  type OriginRecord,
  type Triplet,
  type TripletKey,
  tripletKey,
} from "../../lib/greylist/model.ts";
import type { DecisionRecord, DelayTally, Page, Tally } from "../../lib/store/history.ts";
import type { Cursor, Expiry, NewEntry, Recalled, Store } from "../../lib/store/store.ts";

const triplet: Triplet = { firstSeen: 1000, lastSeen: 2000, tries: 2, counted: false };
const origin: OriginRecord = { firstSeen: 1, lastSeen: 2, deliveries: 3, lastCounted: 4 };
const key = (sender: string, name = "net:192.0.2.0/24") =>
  tripletKey(name, sender, "b@example.net");

function recall(store: Store, keys: readonly TripletKey[]): Recalled {
  let recalled: Recalled | undefined;
  store.greylist.exchange(keys, (found) => {
    recalled = found;
    return [];
  });
  assert(recalled !== undefined);
  return recalled;
}

function remember(store: Store, changes: readonly Change[]): void {
  store.greylist.exchange([], () => changes);
}

function expireAll(
  store: Store,
  given: Partial<Expiry>,
  rows: number,
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
    const slice = store.greylist.expire(expiry, cursor, rows);
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

const HOUR = 3_600_000;

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
    const { triplets, origins } = recall(store, [key("a"), key("b")]);
    assertEquals([triplets.size, origins.size], [0, 0]);
  });

  test("a triplet is recalled as stored, with the record of its origin", (store) => {
    const passed: Triplet = { ...triplet, passed: 1500, counted: true };
    remember(store, [
      { kind: "triplet", key: key("a"), record: triplet },
      { kind: "triplet", key: key("b"), record: passed },
      { kind: "origin", key: "net:192.0.2.0/24", record: origin },
      { kind: "origin", key: "org:example.org", record: { ...origin, deliveries: 9 } },
    ]);
    const found = recall(store, [key("a"), key("b"), key("c", "org:example.org")]);
    assertEquals(found.triplets, new Map([[key("a").id, triplet], [key("b").id, passed]]));
    assertEquals(
      found.origins,
      new Map([["net:192.0.2.0/24", origin], ["org:example.org", { ...origin, deliveries: 9 }]]),
    );
  });

  test("a record replaces the earlier one", (store) => {
    remember(store, [{ kind: "triplet", key: key("a"), record: triplet }]);
    const newer = { ...triplet, passed: 5000, lastSeen: 5000 };
    remember(store, [{ kind: "triplet", key: key("a"), record: newer }]);
    assertEquals(recall(store, [key("a")]).triplets.get(key("a").id), newer);
    assertEquals(store.size(), { triplets: 1, origins: 0 });
  });

  test("a batch whose judge throws stores nothing", (store) => {
    try {
      store.greylist.exchange([key("a")], () => {
        throw new Error("no");
      });
    } catch {
      // Expected.
    }
    assertEquals(store.size(), { triplets: 0, origins: 0 });
    remember(store, [{ kind: "triplet", key: key("a"), record: triplet }]);
    assertEquals(store.size().triplets, 1);
  });

  test("any text can be a key, and times exceed 32 bits", (store) => {
    const text = fc.string({ unit: "binary", maxLength: 60 }).map((one) =>
      // A lone surrogate cannot come out of UTF-8, and NUL separates the parts of a key.
      one.toWellFormed().replaceAll("\0", "")
    );
    const time = fc.maxSafeNat();
    fc.assert(
      fc.property(text, text, text, time, (sender, recipient, o, at) => {
        const one = tripletKey(`net:${o}`, sender, recipient);
        const record = { ...triplet, firstSeen: at, lastSeen: at };
        remember(store, [{ kind: "triplet", key: one, record }]);
        assertEquals(recall(store, [one]).triplets.get(one.id), record);
      }),
      { numRuns: 60 },
    );
  });

  test("a pass removes the expired and nothing else, slice by slice", (store) => {
    const changes: Change[] = [];
    for (let at = 0; at < 100; at++) {
      const record: Triplet = { ...triplet, firstSeen: at, lastSeen: at };
      changes.push({ kind: "triplet", key: key(`w${at}`), record });
      changes.push({ kind: "triplet", key: key(`k${at}`), record: { ...record, passed: at } });
      changes.push({ kind: "origin", key: `net:${at}`, record: { ...origin, lastSeen: at } });
    }
    remember(store, changes);
    const { removed, slices } = expireAll(store, { pendingBefore: 70, seenBefore: 30 }, 7);
    assertEquals(removed, 70 + 30 + 30);
    assert(slices > 200 / 7);
    assertEquals(store.size(), { triplets: 30 + 70, origins: 70 });
    const { triplets } = recall(store, [key("w69"), key("w70"), key("k29"), key("k30")]);
    assertEquals([...triplets.keys()], [key("w70").id, key("k30").id]);
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
    remember(store, [{ kind: "triplet", key: key("a"), record: triplet }]);
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
    assertEquals(store.size(), { triplets: 0, origins: 0 });
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
          store.history.findDeferrals({ text: "", limit: 10, open: true, ...from(after) })
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
      const between = { lastSeenFrom: 3000, lastSeenBefore: 4000 };
      const { rows } = store.history.findDeferrals({ text: "", limit: 10, ...between });
      assertEquals(rows.map(({ lastSeen }) => lastSeen), [3000]);
      assertEquals(store.history.countDeferrals(1000, 4000), {
        returned: 1,
        refused: 1,
        waiting: 1,
        lost: 1,
      });
    },
  );

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
    const { waiting, lost } = store.history.countDeferrals(1000, 1500, 3000);
    assertEquals([waiting, lost], [1, 1]);
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

  clear("triplets and origins are found by any part, page by page", (store) => {
    const names = ["a", "b", "c", "d", "e"];
    remember(store, [
      ...names.map((name) =>
        ({ kind: "triplet", key: key(`${name}@example.org`), record: triplet }) as const
      ),
      ...names.map((name) =>
        ({ kind: "origin", key: `org:${name}.example`, record: origin }) as const
      ),
    ]);
    const triplets = all((after) =>
      store.greylist.findTriplets({ text: "example.ORG", limit: 2, ...from(after) })
    );
    assertEquals(triplets.map(({ sender }) => sender[0]), names);
    const { firstSeen, lastSeen, tries } = triplet;
    assertEquals(triplets[0], {
      origin: "net:192.0.2.0/24",
      sender: "a@example.org",
      recipient: "b@example.net",
      firstSeen,
      lastSeen,
      tries,
    });
    const origins = all((after) =>
      store.greylist.findOrigins({ text: ".example", limit: 2, ...from(after) })
    );
    assertEquals(origins.map(({ name }) => name[4]), names);
  });

  clear("forgetting an address removes all its forms and no other address", (store) => {
    remember(store, [
      {
        kind: "triplet",
        key: tripletKey("net:1", "x@example.com", "bob@example.net"),
        record: triplet,
      },
      {
        kind: "triplet",
        key: tripletKey("net:1", "bob@example.net", "y@example.com"),
        record: triplet,
      },
      {
        kind: "triplet",
        key: tripletKey("net:1", "x@example.com", "eve@example.net"),
        record: triplet,
      },
    ]);
    const eve = { recipient: "eve@example.net", normalisedRecipient: "eve@example.net" };
    record(store, {}, eve, {
      ...eve,
      sender: "BOB@Example.net",
      normalisedSender: "BOB@example.net",
    });
    assertEquals(store.forget("nobody@example.net").triplets, 0);
    const { triplets, deferrals, decisions } = store.forget("Bob+y@Example.net");
    assertEquals([triplets, deferrals, decisions], [2, 2, 2]);
    assertEquals(store.size().triplets, 1);
    assertEquals(store.forget("192.0.2.10").decisions, 1);
  });

  clear(
    "an eviction removes the oldest pending triplets and no known one",
    (store) => {
      const wait = (sender: string, name: string, firstSeen: number, passed?: number) => ({
        kind: "triplet" as const,
        key: key(sender, name),
        record: { ...triplet, firstSeen, ...(passed === undefined ? {} : { passed }) },
      });
      remember(store, [
        ...[1, 2, 3, 4].map((second) => wait(`a${second}`, "net:busy", second * 1000)),
        wait("known", "net:busy", 1000, 70_000),
        ...[1, 4].map((second) => wait(`b${second}`, "net:other", second * 1000)),
      ]);
      const expiry = {
        pendingBefore: 0,
        seenBefore: 0,
        historyBefore: 0,
        historyRows: 9,
        deferralRows: 9,
        evictions: [],
      };
      const { pending } = store.greylist.expire(expiry, undefined, 100);
      assertEquals(pending.filter(({ origin }) => origin === "net:busy").length, 4);
      const { removed } = expireAll(store, {
        evictions: [{ origin: "net:busy", before: 3000 }],
      }, 3);
      assertEquals(removed, 2);
      assertEquals(expireAll(store, { evictions: [{ before: 4000 }] }, 3).removed, 2);
      const left = all((after) =>
        store.greylist.findTriplets({ text: "", limit: 9, ...from(after) })
      );
      assertEquals(left.map(({ sender }) => sender).sort(), ["a4", "b4", "known"]);
    },
  );

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
