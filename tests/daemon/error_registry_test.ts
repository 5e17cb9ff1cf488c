import { assertEquals } from "@std/assert";
import { ErrorRegistry, RepeatLimit } from "../../lib/daemon/error_registry.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { decisionEvent } from "./request.ts";

Deno.test("an error is kept once, with its first and last time, the most recent last", () => {
  let now = 1000;
  const registry = new ErrorRegistry(() => now);
  registry.handle({ kind: "bug", error: "one" });
  now = 2000;
  registry.handle({
    kind: "database-failed",
    error: new DatabaseError("io", "/g.db", "disk I/O error"),
  });
  now = 3000;
  registry.handle({ kind: "bug", error: "two" });
  const errors = registry.errors.map(({ text, first, last, times, level }) => [
    text.split(/[;:]/)[0],
    first,
    last,
    times,
    level,
  ]);
  assertEquals(errors, [
    ["database /g.db", 2000, 2000, 1, "error"],
    ["internal error, one request passes", 1000, 3000, 2, "error"],
  ]);
});

Deno.test("events that are no errors are not kept", () => {
  const registry = new ErrorRegistry();
  registry.handle({ kind: "warning", text: "w" });
  registry.handle({ kind: "database-recovered" });
  registry.handle(decisionEvent({ decision: "pass", reason: "known" }));
  assertEquals(registry.errors, []);
});

Deno.test("one occurrence a minute is logged, with the number suppressed", () => {
  const limit = new RepeatLimit();
  assertEquals([0, 1, 59_999, 60_000, 60_001].map((now) => limit.take("a", now)), [
    0,
    undefined,
    undefined,
    2,
    undefined,
  ]);
  assertEquals(limit.take("b", 0), 0);
});

Deno.test("a clock that is set back suppresses nothing", () => {
  const limit = new RepeatLimit();
  limit.take("a", 100_000);
  assertEquals(limit.take("a", 0), 0);
});

Deno.test("once the database works, its next error is logged at once, and no other", () => {
  const limit = new RepeatLimit();
  for (const key of ["database io", "bug"]) limit.take(key, 0);
  limit.resetDatabase();
  assertEquals(["database io", "bug"].map((key) => limit.take(key, 1)), [0, undefined]);
});
