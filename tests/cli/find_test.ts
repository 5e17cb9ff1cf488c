import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Reputation } from "../../lib/greylist/model.ts";
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
    const origins = ["ip:192.0.2.10", "net:192.0.2.0/24"];
    const reputation = (key: string, retried: number) => {
      const times = { updated: now, firstSeen: 1, lastSeen: now, lastRetried: 1, lastAbandoned: 0 };
      const record: Reputation = { retried, abandoned: 0, total: retried, ...times };
      return { kind: "reputation" as const, key, record };
    };
    store.greylist.exchange(() => [
      {
        kind: "relation",
        key: { sender: "carol@example.org", recipient: "bob@example.net" },
        record: { origins, firstSeen: now - 1000, lastSeen: now },
      },
      reputation("ip:192.0.2.10", 7),
      reputation("ip:192.0.2.100", 7),
      reputation("net:192.0.2.0/24 example.org", 1),
      reputation("org:example.org", 0),
      reputation("correspondent:example.org", 9),
    ]);
    store.close();
    const { code, out } = await greylag("find", "EXAMPLE.ORG");
    assertEquals(code, 0);
    assertMatch(
      out,
      /Known senders and recipients, accepted without delay:\n.*\ncarol@example\.org/,
    );
    assertMatch(out, /Decisions, newest first:\n.*\n10s ago +pass +known/);
    assert(!out.includes("win@example.com"));
    const found = JSON.parse((await greylag("find", "192.0.2.10", "--json")).out);
    assertEquals(found.known.length, 1);
    assertEquals(found.known[0].origins, origins);
    assertEquals(
      found.auto_whitelisted.map((
        { origin, kind, retried, abandoned }: Record<string, unknown>,
      ) => [
        origin,
        kind,
        retried,
        abandoned,
      ]),
      [
        ["ip:192.0.2.10", "address", 7, 0],
        ["net:192.0.2.0/24 example.org", "domain", 1, 0],
      ],
    );
    assertEquals(found.decisions.length, 2);
    assertEquals((await greylag("find", "win@", "--limit=1")).out.includes("1 time"), false);
    const pending = (await greylag("find", "win@")).out;
    assertStringIncludes(pending, "Pending (greylag release NUMBER");
    assertMatch(pending, /198\.51\.100\.7 +1 +2\ds ago +in [34]\ds/);
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
