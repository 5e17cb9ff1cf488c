import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HOUR } from "../../lib/text/duration.ts";
import { withDatabase } from "./database.ts";
import { record, SPAM } from "./decisions.ts";

Deno.test("mail that was not retried is ranked, and pending mail is not lost", async () => {
  await withDatabase(async (greylag, path) => {
    const now = Date.now();
    assertStringIncludes((await greylag("lost")).out, "All deferred mail was retried");
    record(
      path,
      false,
      { ...SPAM, time: now - 8 * HOUR },
      { time: now - 9 * HOUR },
      { time: now - HOUR, normalisedSender: "later@example.org" },
    );
    const lost = JSON.parse((await greylag("lost", "--json")).out);
    assertEquals(lost.map(({ sender }: { sender: string }) => sender), [
      "alice@example.org",
      "win@example.com",
    ]);
    assertEquals(JSON.parse((await greylag("lost", "--after=30m", "--json")).out).length, 3);
    assertMatch(
      (await greylag("lost")).out,
      /^legitimacy +no\. +sender.*\n5 +2 +alice@example\.org/,
    );
  });
});

Deno.test("wrong usage names the remedy", async () => {
  await withDatabase(async (greylag) => {
    const table: [string[], string][] = [
      [["lost", "--after=soon"], "--after must be a duration"],
    ];
    for (const [args, expected] of table) {
      const { code, err } = await greylag(...args);
      assertEquals(code, 2, args.join(" "));
      assertStringIncludes(err, expected);
    }
  });
});
