import { assertEquals } from "@std/assert";
import { Counters, type CounterSnapshot } from "../../lib/daemon/counters.ts";
import type { DaemonEvent } from "../../lib/daemon/events.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { decisionEvent } from "./request.ts";

const TABLE: readonly (readonly [event: DaemonEvent, counter: keyof CounterSnapshot])[] = [
  [{ kind: "connection-rejected", endpoint: "", why: "" }, "connectionsRejected"],
  [{ kind: "database-failed", error: new DatabaseError("io", "/g.db", "") }, "databaseErrors"],
  [{ kind: "background-lookup-dropped" }, "backgroundLookupsDropped"],
  [{ kind: "history-dropped", count: 1 }, "historyDropped"],
  [{ kind: "page", event: { kind: "sign-in-failed", address: "" } }, "signInFailures"],
];

Deno.test("each event is counted once, in its own counter", () => {
  for (const [event, counter] of TABLE) {
    const counters = new Counters();
    const before = counters.snapshot();
    counters.handle(event);
    assertEquals(counters.snapshot(), { ...before, [counter]: 1 }, counter);
  }
});

Deno.test("a request is counted in exactly one reason and one decision", () => {
  const counters = new Counters();
  counters.handle(decisionEvent({ decision: "defer", reason: "new" }));
  counters.handle(decisionEvent({ decision: "pass", reason: "known" }));
  const { requests, reasons, decisions } = counters.snapshot();
  assertEquals([requests, reasons.new, reasons.known], [2, 1, 1]);
  assertEquals(Object.values(reasons).reduce((sum, count) => sum + count), 2);
  assertEquals(decisions, { pass: 1, defer: 1, reject: 0 });
});

Deno.test("a snapshot stays as it is", () => {
  const counters = new Counters();
  const before = counters.snapshot();
  counters.handle(decisionEvent({ decision: "pass", reason: "known" }));
  assertEquals(before.reasons.known, 0);
});
