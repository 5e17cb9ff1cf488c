import { assert, assertEquals } from "@std/assert";
import type { Verdict } from "../../lib/greylist/model.ts";
import { History } from "../../lib/daemon/history.ts";
import { Connection } from "../../lib/store/connection.ts";
import type { Records } from "../../lib/store/history.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { HOUR } from "../../lib/text/duration.ts";
import { decisionEvent } from "./request.ts";
import { settingsWith } from "./settings.ts";
import { eventually } from "../eventually.ts";

const { engine: { rules } } = settingsWith();

const NEW: Verdict = { decision: "defer", reason: "new", wait: 60_000 };

const TO = { recipient: "Bob+x@example.net" };
const LONG = { sender: "x".repeat(60_000) };

Deno.test("decisions are kept, and counted by the hour of the request", () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const history = new History(store.history, { history: 1, historyRows: 9 }, rules, () => {});
  history.handle(decisionEvent(NEW, TO, 5 * HOUR + 1));
  history.handle(decisionEvent({ decision: "pass", reason: "authenticated" }, TO, 6 * HOUR));
  const retried: Verdict = {
    decision: "pass",
    reason: "retried",
    delayed: 61_000,
    firstOfMessage: true,
  };
  history.handle(decisionEvent(retried, TO, 6 * HOUR));
  history.flush();
  const { rows } = store.history.findDecisions({ text: "", limit: 9 });
  assertEquals(rows.map(({ reason }) => reason), ["retried", "new"]);
  assertEquals(
    store.history.findDeferrals({ text: "", limit: 9 }).rows[0]!.recipient,
    "Bob+x@example.net",
  );
  assertEquals(store.history.tallies(0), [
    { hour: 5 * HOUR, decision: "defer", reason: "new", count: 1 },
    { hour: 6 * HOUR, decision: "pass", reason: "authenticated", count: 1 },
    { hour: 6 * HOUR, decision: "pass", reason: "retried", count: 1 },
  ]);
  assertEquals(store.history.delayTallies(0), [{ hour: 6 * HOUR, upTo: 120, count: 1 }]);
  store.close();
});

Deno.test("without a history decisions are counted and not kept", () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const history = new History(store.history, { history: 0, historyRows: 9 }, rules, () => {});
  history.handle(decisionEvent(NEW, TO, 1));
  history.flush();
  assertEquals(store.history.findDecisions({ text: "", limit: 9 }).rows, []);
  assertEquals(store.history.tallies(0).length, 1);
  store.close();
});

Deno.test("a flood of decisions is counted completely and kept in part", () => {
  let dropped = 0;
  const store = new SqliteStore(new Connection(":memory:"));
  const history = new History(
    store.history,
    { history: 1, historyRows: 9 },
    rules,
    (event) => dropped += event.kind === "history-dropped" ? event.count : 0,
  );
  for (let at = 0; at < 5000; at++) history.handle(decisionEvent(NEW, TO, 1));
  for (let at = 0; at < 500; at++) history.handle(decisionEvent(NEW, LONG, 1));
  history.flush();
  assertEquals(dropped, 3500);
  assertEquals(store.history.tallies(0)[0]!.count, 5500);
  for (let at = 0; at < 500; at++) history.handle(decisionEvent(NEW, LONG, 1));
  history.flush();
  const kept = 500 - (dropped - 3000 - 500);
  assert(kept < 100, `${kept} of 60,000 characters each`);
  store.close();
});

Deno.test("counts that a failing store did not take are written when it works again", async () => {
  const store = new SqliteStore(new Connection(":memory:"));
  let isFailing = true;
  let failures = 0;
  const taken: Records[] = [];
  const failing = {
    ...store.history,
    record(records: Records) {
      if (isFailing) {
        failures++;
        throw new Error("no");
      }
      taken.push(records);
    },
  };
  const history = new History(failing, { history: 1, historyRows: 9 }, rules, () => {}, 1);
  history.handle(decisionEvent(NEW, TO, 1));
  await eventually("a failed write", () => failures > 0, { period: 1 });
  isFailing = false;
  history.handle(decisionEvent(NEW, TO, 1));
  history.flush();
  assertEquals(taken.flatMap(({ decisions }) => decisions).length, 2);
  assertEquals(taken.flatMap(({ tallies }) => tallies).map(({ count }) => count), [2]);
  store.close();
});
