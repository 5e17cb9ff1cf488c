import { assertEquals, assertThrows } from "@std/assert";
import {
  type MaintainedStore,
  Maintenance,
  MAINTENANCE_PAUSES,
  nextRows,
} from "../../lib/daemon/maintenance.ts";
import { PendingLimit } from "../../lib/daemon/pending_limit.ts";
import type { LimitEvent } from "../../lib/daemon/events.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import type { Cursor, Expiry, GreylistStore } from "../../lib/store/store.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { Connection } from "../../lib/store/connection.ts";
import { makePseudonym } from "../../lib/store/pseudonym.ts";
import { HOUR, RULES } from "../greylist/world.ts";
import { keyOf, pending, relation, reputation } from "../store/records.ts";
import { decisionEvent } from "./request.ts";
import { eventually, pause } from "../eventually.ts";

const unlimited = () => new PendingLimit({ maxPending: 1000, maxPendingPerOrigin: 1000 }, () => {});

function storeOf(
  expire: GreylistStore["expire"],
  removeEnded: (before: number) => number = () => 0,
): MaintainedStore {
  return { greylist: { expire }, lists: { removeEnded } };
}

function maintenanceOf(store: MaintainedStore, pending = unlimited(), pauses = MAINTENANCE_PAUSES) {
  return new Maintenance(store, LIFETIMES, pending, () => {}, () => 1000, pauses);
}

const LIFETIMES = {
  rules: { ...RULES, retryWindow: 10, lifetime: 100 },
  history: 50,
  historyRows: 7,
};

Deno.test("a slice that took too long is followed by a smaller one, a quick one by a larger", () => {
  assertEquals(nextRows(1000, 10), 500);
  assertEquals(nextRows(1000, 5), 1000);
  assertEquals(nextRows(1000, 1), 1500);
  assertEquals(nextRows(1000, 0), 1500);
  assertEquals(nextRows(10, 1000), 10);
  assertEquals(nextRows(5000, 0.1), 5000);
});

Deno.test("expiry follows the clock and the settings, and a pass continues at its cursor", () => {
  const asked: [Expiry, Cursor | undefined][] = [];
  const ended: number[] = [];
  const next: Cursor = { table: "relation", after: ["x"] };
  const store = storeOf((expiry, cursor) => {
    asked.push([expiry, cursor]);
    return { removed: 0, pending: [], next: cursor === undefined ? next : undefined };
  }, (before) => {
    ended.push(before);
    return 0;
  });
  const maintenance = maintenanceOf(store);
  const cursor = maintenance.slice(undefined);
  assertEquals(cursor, next);
  assertEquals(ended, []);
  assertEquals(maintenance.slice(cursor), undefined);
  assertEquals(ended, [1000 - 7 * 86_400_000]);
  assertEquals(asked, [
    [
      {
        pendingBefore: 1000,
        seenBefore: 900,
        historyBefore: 950,
        historyRows: 7,
        deferralRows: 7,
        evictions: [],
      },
      undefined,
    ],
    [{
      pendingBefore: 1000,
      seenBefore: 900,
      historyBefore: 950,
      historyRows: 7,
      deferralRows: 7,
      evictions: [],
    }, next],
  ]);
});

Deno.test("passes begin by themselves and end when the task is stopped", async () => {
  let slices = 0;
  const next: Cursor = { table: "relation", after: [] };
  const store = storeOf(() => {
    slices++;
    return { removed: 0, pending: [], next };
  });
  const pauses = { slice: 1, hurriedSlice: 1, pass: 1, watch: 1 };
  const maintenance = maintenanceOf(store, unlimited(), pauses);
  maintenance.start();
  await eventually("three slices", () => slices >= 3, { period: 1 });
  maintenance.stop();
  const before = slices;
  await pause(20);
  assertEquals(slices, before);
});

Deno.test("a flood brings the next pass forward", async () => {
  let passes = 0;
  const store = storeOf(() => {
    passes++;
    return { removed: 0, pending: [], next: undefined };
  });
  const pending = new PendingLimit({ maxPending: 10, maxPendingPerOrigin: 10 }, () => {});
  const pauses = { slice: 1, hurriedSlice: 1, pass: 1_000_000, watch: 1 };
  const maintenance = maintenanceOf(store, pending, pauses);
  maintenance.start();
  await eventually("a first pass", () => passes === 1, { period: 1 });
  for (let at = 0; at < 2; at++) {
    pending.handle(decisionEvent({ decision: "defer", reason: "new" }));
  }
  await eventually("a second pass", () => passes === 2, { period: 1 });
  maintenance.stop();
});

Deno.test("too many pending triplets are found in one pass, and the oldest evicted in another", () => {
  const asked: Expiry["evictions"][] = [];
  const events: LimitEvent[] = [];
  const counts = [1, 2].map((minute) => ({
    network: "net:a",
    first: minute * 60_000,
    last: minute * 60_000,
    count: 8,
  }));
  const store = storeOf(({ evictions }: Expiry) => {
    asked.push(evictions);
    return { removed: 0, pending: counts, next: undefined };
  });
  const limits = { maxPending: 1000, maxPendingPerOrigin: 10 };
  const pending = new PendingLimit(limits, (event) => events.push(event));
  const maintenance = maintenanceOf(store, pending);
  for (let pass = 0; pass < 3; pass++) maintenance.slice(undefined);
  assertEquals(asked, [[], [], [{ network: "net:a", before: 60_001 }]]);
  assertEquals(events, Array(2).fill({ kind: "pending-limit", ...limits }));
});

Deno.test("the counts of a pass that an error ended are discarded", () => {
  const asked: Expiry["evictions"][] = [];
  const next: Cursor = { table: "relation", after: ["x"] };
  const counts = [{ network: "net:a", first: 1, last: 1, count: 600 }];
  let calls = 0;
  const store = storeOf(({ evictions }: Expiry) => {
    asked.push(evictions);
    calls++;
    if (calls === 2) throw new DatabaseError("io", "/g.db", "disk I/O error");
    return { removed: 0, pending: counts, next: calls === 1 ? next : undefined };
  });
  const maintenance = maintenanceOf(store);
  assertThrows(() => maintenance.slice(maintenance.slice(undefined)), DatabaseError);
  for (let pass = 0; pass < 2; pass++) maintenance.slice(undefined);
  // 600 counted twice would be too many.
  assertEquals(asked, [[], [], [], []]);
});

/** A later time than any period in which a reputation counts one message only. */
const NOW = 10 * HOUR;

const NAMES = ["ip:192.0.2.10", "org:example.org", "net:192.0.2.0/24 example.org"];

type Waiting = Parameters<typeof pending>;

const waiting = (...given: Waiting) => given;

/** Runs a whole pass, and returns the abandoned messages of the names; undefined for none stored. */
function abandonedAfterPass(
  store: SqliteStore,
  limit = new PendingLimit({ maxPending: 1000, maxPendingPerOrigin: 1000 }, () => {}),
  names = NAMES,
): (number | undefined)[] {
  const lifetimes = { ...LIFETIMES, rules: RULES };
  const maintenance = new Maintenance(store, lifetimes, limit, () => {}, () => NOW);
  let cursor: Cursor | undefined;
  do {
    cursor = maintenance.slice(cursor);
  } while (cursor !== undefined);
  let found: (number | undefined)[] = [];
  store.greylist.exchange((memory) => {
    found = names.map((name) => memory.reputation(name)?.abandoned);
    return [];
  });
  return found;
}

for (const privacy of [false, true]) {
  const where = privacy ? ", with hashes" : "";
  const pseudonym = privacy ? makePseudonym(new Uint8Array(32).fill(7)) : undefined;

  /** A store in which each origin of alice's pending triplet has a fresh reputation. */
  const storeWith = (...changes: readonly Waiting[]): SqliteStore => {
    const store = new SqliteStore(new Connection(":memory:", { pseudonym }));
    const fresh = { abandoned: 0, lastAbandoned: 0, updated: NOW, lastSeen: NOW };
    store.greylist.exchange(() => [
      ...changes.map(([sender, given]) => pending(sender, given)),
      ...NAMES.map((name) => reputation(name, fresh)),
      reputation("ip:192.0.2.99", fresh),
    ]);
    return store;
  };

  const ALICE = "alice@example.org";

  Deno.test(`an expired pending triplet costs each of its origins, and no other${where}`, () => {
    const store = storeWith([ALICE, { expires: NOW - 1 }]);
    assertEquals(abandonedAfterPass(store), [1, 1, 1]);
    assertEquals(abandonedAfterPass(store, undefined, ["ip:192.0.2.99"]), [0]);
    assertEquals(store.size().pending, 0);
    assertEquals(abandonedAfterPass(store), [1, 1, 1], "it counts once");
    store.close();
  });

  Deno.test(`a pending triplet within its retry window costs nothing${where}`, () => {
    const store = storeWith([ALICE, { expires: NOW }]);
    assertEquals(abandonedAfterPass(store), [0, 0, 0]);
    assertEquals(store.size().pending, 1);
    store.close();
  });

  Deno.test(`a pending triplet whose relation was used since costs nothing${where}`, () => {
    for (const [lastSeen, cost] of [[1000, 0], [999, 1]] as const) {
      const store = storeWith([ALICE, { firstSeen: 1000, expires: NOW - 1 }]);
      store.greylist.exchange(() => [
        relation(ALICE, { firstSeen: 1, lastSeen, origins: ["ip:203.0.113.7"] }),
      ]);
      assertEquals(abandonedAfterPass(store), [cost, cost, cost], `relation seen at ${lastSeen}`);
      assertEquals(store.size().pending, 0);
      store.close();
    }
  });

  Deno.test(`several expired pending triplets of an origin count once an hour${where}`, () => {
    const store = storeWith(
      ...["a", "b", "c"].map((name) => waiting(`${name}@example.org`, { expires: NOW - 1 })),
    );
    assertEquals(abandonedAfterPass(store), [1, 1, 1]);
    assertEquals(store.size().pending, 0);
    store.close();
  });

  Deno.test(`an origin without a reputation gets none by abandoned messages${where}`, () => {
    const origins = ["ip:192.0.2.77", "net:192.0.2.0/24"];
    const store = storeWith([ALICE, { origins, expires: NOW - 1 }]);
    const before = store.size().reputations;
    assertEquals(abandonedAfterPass(store, undefined, origins), [undefined, undefined]);
    assertEquals(store.size(), { pending: 0, relations: 0, reputations: before });
    store.close();
  });

  Deno.test(`evicted pending triplets cost nothing${where}`, () => {
    const store = storeWith(
      ...Array.from(
        { length: 6 },
        (_, at) => waiting(`s${at}@x.example`, { firstSeen: at * 1000, expires: NOW }),
      ),
    );
    const limit = new PendingLimit({ maxPending: 4, maxPendingPerOrigin: 100 }, () => {});
    abandonedAfterPass(store, limit);
    assertEquals(abandonedAfterPass(store, limit), [0, 0, 0]);
    assertEquals(store.size().pending, 4);
    let oldest: number[] = [];
    store.greylist.exchange((memory) => {
      oldest = [0, 1, 2].map((at) => memory.pending(keyOf(`s${at}@x.example`)).length);
      return [];
    });
    assertEquals(oldest, [0, 0, 1]);
    store.close();
  });
}

Deno.test("a pending triplet whose sender folds is superseded by the relation of the folded sender", () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const fresh = { abandoned: 0, lastAbandoned: 0, updated: NOW, lastSeen: NOW };
  const table = [
    ["bounce-12345@example.org", "bounce-#@example.org"],
    ["bounces-77@example.com", "@example.com"],
  ] as const;
  for (const [sender, known] of table) {
    store.greylist.exchange(() => [
      pending(sender, { expires: NOW - 1 }),
      relation(known, { lastSeen: 2000 }),
      ...NAMES.map((name) => reputation(name, fresh)),
    ]);
    assertEquals(abandonedAfterPass(store), [0, 0, 0], sender);
    assertEquals(store.size().pending, 0);
  }
  store.close();
});

Deno.test("the reputation of an expired pending triplet is stored with its removal, or neither is", () => {
  const connection = new Connection(":memory:");
  const store = new SqliteStore(connection);
  store.greylist.exchange(() => [
    pending("alice@example.org", { expires: NOW - 1 }),
    ...NAMES.map((name) => reputation(name, { abandoned: 0, lastAbandoned: 0, lastSeen: NOW })),
  ]);
  connection.db.exec(
    "CREATE TRIGGER full BEFORE DELETE ON pending BEGIN SELECT RAISE(ABORT, 'disk full'); END",
  );
  assertThrows(() => abandonedAfterPass(store), DatabaseError);
  let abandoned: (number | undefined)[] = [];
  store.greylist.exchange((memory) => {
    abandoned = NAMES.map((name) => memory.reputation(name)?.abandoned);
    return [];
  });
  assertEquals([abandoned, store.size().pending], [[0, 0, 0], 1]);
  store.close();
});
