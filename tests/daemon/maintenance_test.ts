import { assert, assertEquals, assertThrows } from "@std/assert";
import { Counters } from "../../lib/daemon/counters.ts";
import type { EventLog } from "../../lib/daemon/event_log.ts";
import { type MaintainedStore, Maintenance, nextRows } from "../../lib/daemon/maintenance.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import type { Cursor, Expiry, GreylistStore } from "../../lib/store/store.ts";

/** A journal that nobody told anything yet. */
function eventLogOf(overLimit: () => void = () => {}): EventLog {
  return { counters: new Counters(), overLimit } as unknown as EventLog;
}

const LIFETIMES = {
  retryWindow: 10,
  lifetime: 100,
  history: 50,
  historyRows: 7,
  maxPending: 1000,
  maxPendingPerOrigin: 10,
};

function storeOf(
  expire: GreylistStore["expire"],
  removeEnded: (before: number) => number = () => 0,
): MaintainedStore {
  return { greylist: { expire }, lists: { removeEnded } };
}

Deno.test("a slice that took too long is followed by a smaller one, a quick one by a larger", () => {
  assertEquals(nextRows(1000, 10), 500);
  assertEquals(nextRows(1000, 5), 1000);
  assertEquals(nextRows(1000, 1), 1500);
  assertEquals(nextRows(1000, 0), 1500);
  assertEquals(nextRows(10, 1000), 10);
  assertEquals(nextRows(5000, 0.1), 5000);
});

Deno.test("what expires is told by the clock and the settings, and a pass goes on where it was", () => {
  const asked: [Expiry, Cursor | undefined][] = [];
  const ended: number[] = [];
  const next: Cursor = { table: "triplet", after: ["x"] };
  const store = storeOf((expiry: Expiry, cursor: Cursor | undefined) => {
    asked.push([expiry, cursor]);
    return { removed: 0, pending: [], next: cursor === undefined ? next : undefined };
  }, (before) => {
    ended.push(before);
    return 0;
  });
  const maintenance = new Maintenance(store, LIFETIMES, eventLogOf(), () => 1000);
  const cursor = maintenance.slice(undefined);
  assertEquals(cursor, next);
  assertEquals(ended, []);
  assertEquals(maintenance.slice(cursor), undefined);
  assertEquals(ended, [1000 - 7 * 86_400_000]);
  assertEquals(asked, [
    [
      {
        pendingBefore: 990,
        seenBefore: 900,
        historyBefore: 950,
        historyRows: 7,
        deferralRows: 7,
        evictions: [],
      },
      undefined,
    ],
    [{
      pendingBefore: 990,
      seenBefore: 900,
      historyBefore: 950,
      historyRows: 7,
      deferralRows: 7,
      evictions: [],
    }, next],
  ]);
});

Deno.test("the task begins by itself and ends when it is stopped", async () => {
  let slices = 0;
  const store = storeOf(() => {
    slices++;
    return { removed: 0, pending: [], next: { table: "triplet", after: [] } };
  });
  const maintenance = new Maintenance(store, LIFETIMES, eventLogOf(), () => 1000);
  maintenance.start();
  await new Promise((resolve) => setTimeout(resolve, 500));
  maintenance.stop();
  assert(slices >= 1);
  const before = slices;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertEquals(slices, before);
});

Deno.test("what waits too numerously is found in one pass, and its oldest removed in another", () => {
  const asked: Expiry["evictions"][] = [];
  const told: string[] = [];
  const counts = [1, 2].map((minute) => ({
    origin: "net:a",
    first: minute * 60_000,
    last: minute * 60_000,
    count: 8,
  }));
  const store = storeOf(({ evictions }: Expiry) => {
    asked.push(evictions);
    return { removed: 0, pending: counts, next: undefined };
  });
  const journal = eventLogOf(() => told.push("crowded"));
  const maintenance = new Maintenance(store, LIFETIMES, journal, () => 1000);
  for (let pass = 0; pass < 3; pass++) maintenance.slice(undefined);
  assertEquals(asked, [[], [], [{ origin: "net:a", before: 60_001 }]]);
  assertEquals(told.length, 2);
});

Deno.test("a pass that a fault ended is not counted on", () => {
  const asked: Expiry["evictions"][] = [];
  const next: Cursor = { table: "triplet", after: ["x"] };
  const counts = [{ origin: "net:a", first: 1, last: 1, count: 600 }];
  let calls = 0;
  const store = storeOf(({ evictions }: Expiry) => {
    asked.push(evictions);
    calls++;
    if (calls === 2) throw new DatabaseError("io", "/g.db", "disk I/O error");
    return { removed: 0, pending: counts, next: calls === 1 ? next : undefined };
  });
  const limits = { ...LIFETIMES, maxPendingPerOrigin: 1000 };
  const maintenance = new Maintenance(store, limits, eventLogOf(), () => 1000);
  assertThrows(
    () => maintenance.slice(maintenance.slice(undefined)),
    DatabaseError,
  );
  for (let pass = 0; pass < 2; pass++) maintenance.slice(undefined);
  // 600 counted twice would be too many.
  assertEquals(asked, [[], [], [], []]);
});
