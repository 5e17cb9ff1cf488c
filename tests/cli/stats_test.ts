import { assertEquals, assertStringIncludes } from "@std/assert";
import { HOUR } from "../../lib/text/duration.ts";
import { withDatabase } from "./database.ts";
import { record } from "./decisions.ts";

Deno.test("stats count reasons and the outcome of deferred mail", async () => {
  await withDatabase(async (greylag, path) => {
    assertStringIncludes((await greylag("stats")).out, "No requests in the last 1d.");
    const now = Date.now();
    record(
      path,
      false,
      { time: now - 30 * HOUR },
      { time: now - 120_000, normalisedSender: "b" },
      { time: now - 1000, normalisedSender: "b", decision: "pass", reason: "retried" },
    );
    const stats = JSON.parse((await greylag("stats", "--json")).out);
    assertEquals([stats.requests, stats.reasons], [2, { new: 1, retried: 1 }]);
    assertEquals(stats.deferred, {
      retried: 1,
      rejected: 0,
      waiting: 0,
      not_retried: 0,
      listed: 0,
    });
    const more = await greylag("stats", "--since=3d");
    assertStringIncludes(more.out, "Requests in the last 3d: 3");
    assertStringIncludes(more.out, "1 retried");
  });
});

Deno.test("wrong usage names the remedy", async () => {
  await withDatabase(async (greylag) => {
    const table: [string[], string][] = [
      [["stats", "today"], 'unexpected argument "today"'],
    ];
    for (const [args, expected] of table) {
      const { code, err } = await greylag(...args);
      assertEquals(code, 2, args.join(" "));
      assertStringIncludes(err, expected);
    }
  });
});
