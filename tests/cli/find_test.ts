import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tripletKey } from "../../lib/greylist/model.ts";
import { openStore } from "../../lib/store/open.ts";
import { withDatabase } from "./database.ts";
import { record, SPAM } from "./decisions.ts";

Deno.test("find shows pending and known triplets, auto-whitelisted origins and decisions", async () => {
  await withDatabase(async (greylag, path) => {
    const now = Date.now();
    record(
      path,
      false,
      { time: now - 30_000 },
      { ...SPAM, time: now - 20_000 },
      { time: now - 10_000, decision: "pass", reason: "known", recipient: "eve@example.net" },
    );
    const store = openStore({ database: path, privacy: false });
    store.greylist.exchange([], () => [
      {
        kind: "triplet",
        key: tripletKey("net:192.0.2.0/24", "carol@example.org", "bob@example.net"),
        record: { firstSeen: now - 1000, lastSeen: now, tries: 1, passed: now, counted: true },
      },
      {
        kind: "origin",
        key: "net:192.0.2.0/24",
        record: { firstSeen: 1, lastSeen: now, deliveries: 7, lastCounted: 1 },
      },
    ]);
    store.close();
    const { code, out } = await greylag("find", "EXAMPLE.ORG");
    assertEquals(code, 0);
    assertMatch(out, /Known triplets, accepted without delay:\n.*\ncarol@example\.org/);
    assertMatch(out, /Decisions, newest first:\n.*\n10s ago +pass +known/);
    assert(!out.includes("win@example.com"));
    const found = JSON.parse((await greylag("find", "192.0.2.10", "--json")).out);
    assertEquals(found.known.length, 1);
    assertEquals(found.auto_whitelisted[0].deliveries, 7);
    assertEquals(found.decisions.length, 2);
    assertEquals((await greylag("find", "win@", "--limit=1")).out.includes("1 time"), false);
    assertStringIncludes((await greylag("find", "win@")).out, "Pending (greylag release NUMBER");
    assertStringIncludes((await greylag("find", "nobody")).out, 'Nothing found for "nobody"');
  });
});

Deno.test("wrong usage names the remedy", async () => {
  await withDatabase(async (greylag) => {
    const table: [string[], string][] = [
      [["find"], "TEXT is missing"],
      [["find", "a", "b"], 'unexpected argument "b"'],
      [["find", "a", "--limit=0"], "--limit must be a whole number above 0"],
    ];
    for (const [args, expected] of table) {
      const { code, err } = await greylag(...args);
      assertEquals(code, 2, args.join(" "));
      assertStringIncludes(err, expected);
    }
  });
});
