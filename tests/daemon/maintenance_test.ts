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
  retryWindow: 10,
  lifetime: 100,
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
  const next: Cursor = { table: "triplet", after: ["x"] };
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

Deno.test("passes begin by themselves and end when the task is stopped", async () => {
  let slices = 0;
  const next: Cursor = { table: "triplet", after: [] };
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
    origin: "net:a",
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
  assertEquals(asked, [[], [], [{ origin: "net:a", before: 60_001 }]]);
  assertEquals(events, Array(2).fill({ kind: "pending-limit", ...limits }));
});

Deno.test("the counts of a pass that an error ended are discarded", () => {
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
  const maintenance = maintenanceOf(store);
  assertThrows(() => maintenance.slice(maintenance.slice(undefined)), DatabaseError);
  for (let pass = 0; pass < 2; pass++) maintenance.slice(undefined);
  // 600 counted twice would be too many.
  assertEquals(asked, [[], [], [], []]);
});
