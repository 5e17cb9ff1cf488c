import { assert, assertEquals } from "@std/assert";
import { combine } from "../../lib/config/load.ts";
import { serviceSettings } from "../../lib/config/settings.ts";
import type { Verdict } from "../../lib/greylist/model.ts";
import { PolicyRequest } from "../../lib/postfix/request.ts";
import { delayBucket, History, tallyOf } from "../../lib/daemon/history.ts";
import { Connection } from "../../lib/store/connection.ts";
import type { Records } from "../../lib/store/history.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";

const { engine: { rules } } = serviceSettings(
  combine({ environment: () => undefined, flags: new Map() }).values,
);

const request = (sender = "alice@example.org") =>
  new PolicyRequest(
    "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.10\n" +
      `client_name=mail.example.org\nhelo_name=mail.example.org\nsender=${sender}\n` +
      "recipient=Bob+x@example.net\n",
  );

const NEW: Verdict = { decision: "defer", reason: "new", wait: 60_000 };

const HOUR = 3_600_000;

Deno.test("what was decided is kept soon, and counted by the hour it was decided in", () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const history = new History(store.history, { history: 1, historyRows: 9 }, rules, () => {});
  history.note(request(), NEW, 5 * HOUR + 1);
  history.note(request(), { decision: "pass", reason: "authenticated" }, 6 * HOUR);
  const retried: Verdict = {
    decision: "pass",
    reason: "retried",
    delayed: 61_000,
    firstOfMessage: true,
  };
  history.note(request(), retried, 6 * HOUR);
  history.flush();
  const { rows } = store.history.findDecisions({ text: "", limit: 9 });
  assertEquals(rows.map(({ reason }) => reason), ["retried", "new"]);
  assertEquals(
    store.history.findDeferrals({ text: "", limit: 9 }).rows[0]!.recipient,
    "bob@example.net",
  );
  assertEquals(store.history.tallies(0), [
    { hour: 5 * HOUR, decision: "defer", reason: "new", count: 1 },
    { hour: 6 * HOUR, decision: "pass", reason: "authenticated", count: 1 },
    { hour: 6 * HOUR, decision: "pass", reason: "retried", count: 1 },
  ]);
  assertEquals(store.history.delayTallies(0), [{ hour: 6 * HOUR, upTo: 120, count: 1 }]);
  store.close();
});

Deno.test("without a history everything is counted and nothing is kept", () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const history = new History(store.history, { history: 0, historyRows: 9 }, rules, () => {});
  history.note(request(), NEW, 1);
  history.flush();
  assertEquals(store.history.findDecisions({ text: "", limit: 9 }).rows, []);
  assertEquals(store.history.tallies(0).length, 1);
  store.close();
});

Deno.test("too many at once are counted, each of them, and only so many kept", () => {
  let lost = 0;
  const store = new SqliteStore(new Connection(":memory:"));
  const history = new History(store.history, { history: 1, historyRows: 9 }, rules, () => lost++);
  for (let at = 0; at < 5000; at++) history.note(request(), NEW, 1);
  assertEquals(lost, 3000);
  for (let at = 0; at < 500; at++) history.note(request("x".repeat(60_000)), NEW, 1);
  history.flush();
  assertEquals(store.history.tallies(0)[0]!.count, 5500);
  for (let at = 0; at < 500; at++) history.note(request("x".repeat(60_000)), NEW, 1);
  const kept = 500 - (lost - 3000 - 500);
  assert(kept < 100, `${kept} of 60,000 characters each`);
  history.flush();
  store.close();
});

Deno.test("counts that a failing store did not take are written when it works again", async () => {
  const store = new SqliteStore(new Connection(":memory:"));
  let isFailing = true;
  const taken: Records[] = [];
  const failing = {
    ...store.history,
    record(records: Records) {
      if (isFailing) throw new Error("no");
      taken.push(records);
    },
  };
  const history = new History(failing, { history: 1, historyRows: 9 }, rules, () => {});
  history.note(request(), NEW, 1);
  await new Promise((resolve) => setTimeout(resolve, 250));
  isFailing = false;
  history.note(request(), NEW, 1);
  history.flush();
  assertEquals(taken.flatMap(({ decisions }) => decisions).length, 2);
  assertEquals(taken.flatMap(({ tallies }) => tallies).map(({ count }) => count), [2]);
  store.close();
});

Deno.test("a delay is counted by the first bound that it does not exceed", () => {
  assertEquals([60_000, 60_001, 172_800_000, 172_800_001].map(delayBucket), [
    60,
    120,
    172_800,
    Infinity,
  ]);
});

Deno.test("in shadow mode a tally has the decision outside it as well", () => {
  assertEquals(tallyOf({ decision: "pass", reason: "new", shadow: "defer" }, HOUR), {
    hour: HOUR,
    decision: "pass",
    reason: "new",
    shadow: "defer",
    count: 1,
  });
  assertEquals(tallyOf(NEW, HOUR), { hour: HOUR, decision: "defer", reason: "new", count: 1 });
});
