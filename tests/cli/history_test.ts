import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tripletKey } from "../../lib/greylist/model.ts";
import type { DecisionRecord } from "../../lib/store/history.ts";
import { openStore } from "../../lib/store/open.ts";
import { withDatabase } from "./database.ts";

const HOUR = 3_600_000;

const ALICE: DecisionRecord = {
  time: 0,
  decision: "defer",
  reason: "new",
  clientAddress: "192.0.2.10",
  clientName: "mail.example.org",
  heloName: "mail.example.org",
  sender: "alice@example.org",
  recipient: "bob@example.net",
  normalisedSender: "alice@example.org",
  normalisedRecipient: "bob@example.net",
  network: "net:192.0.2.0/24",
  wait: 60_000,
  legitimacy: 8,
};

const SPAM: Partial<DecisionRecord> = {
  sender: "win@example.com",
  normalisedSender: "win@example.com",
  clientName: "unknown",
  clientAddress: "198.51.100.7",
  legitimacy: 2,
};

function record(
  path: string,
  privacy: boolean,
  ...given: Partial<DecisionRecord>[]
): void {
  const store = openStore({ database: path, privacy });
  const decisions = given.map((one) => ({ ...ALICE, ...one }));
  const tallies = decisions.map(({ time, decision, reason }) => ({
    hour: time - time % HOUR,
    decision,
    reason,
    count: 1,
  }));
  store.history.record({ decisions, tallies, delays: [], quietPeriod: 48 * HOUR });
  store.close();
}

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

Deno.test("pending mail is released by number, by sender, or in advance", async () => {
  await withDatabase(async (greylag, path) => {
    const now = Date.now();
    record(path, false, { time: now - 5000 }, {
      time: now - 4000,
      recipient: "eve@example.net",
      normalisedRecipient: "eve@example.net",
    }, { ...SPAM, time: now - 3000 });
    const [{ id }] = JSON.parse((await greylag("find", "win@", "--json")).out).pending;
    assertStringIncludes(
      (await greylag("release", String(id))).out,
      "mail from win@example.com to",
    );
    const both = await greylag("release", "alice@example.org", "--json", "--for=1h");
    assertEquals(JSON.parse(both.out).map(({ pattern }: { pattern: string }) => pattern).sort(), [
      "alice@example.org bob@example.net",
      "alice@example.org eve@example.net",
    ]);
    await greylag("release", "new@example.org", "Bob+x@Example.net");
    const { out } = await greylag("list", "release", "--json");
    assertEquals(JSON.parse(out).length, 4);
    assertStringIncludes(out, '"new@example.org bob@example.net"');
    const none = await greylag("release", "nobody@example.org");
    assertEquals(none.code, 1);
    assertStringIncludes(none.err, "greylag allow nobody@example.org");
    assertEquals((await greylag("release", "999")).code, 1);

    const explained = await greylag(
      "explain",
      "--client=203.0.113.9",
      "--sender=alice@example.org",
      "--recipient=bob@example.net",
    );
    assertStringIncludes(explained.out, "pass, allowed.");
    assertMatch(explained.out, /released +entry \d+ \(alice@example\.org bob@example\.net\)/);
  });
});

Deno.test("with privacy a pair can be released, but not a number", async () => {
  await withDatabase(async (greylag, path) => {
    const config = `${path}.toml`;
    await Deno.writeTextFile(config, "privacy = true\n");
    record(path, true, { time: Date.now() });
    const { out } = await greylag("find", "alice@example.org", "--json", `--config=${config}`);
    const [{ id, sender }] = JSON.parse(out).pending;
    assertMatch(sender, /^~/);
    const refused = await greylag("release", String(id), `--config=${config}`);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.err, "greylag release SENDER RECIPIENT");
    const pair = ["alice@example.org", "bob@example.net"];
    assertEquals((await greylag("release", ...pair, `--config=${config}`)).code, 0);
  });
});

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
      /^legitimacy +no\. +sender.*\n8 +2 +alice@example\.org/,
    );
  });
});

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
    assertEquals(stats.deferred, { retried: 1, rejected: 0, waiting: 0, not_retried: 0 });
    const more = await greylag("stats", "--since=3d");
    assertStringIncludes(more.out, "3 requests");
    assertStringIncludes(more.out, "1 retried");
  });
});

Deno.test("forget erases the data of an address and names its entries", async () => {
  await withDatabase(async (greylag, path) => {
    record(path, false, { time: Date.now() }, { ...SPAM, time: Date.now() });
    await greylag("block", "alice@example.org");
    const { code, out } = await greylag("forget", "alice@example.org");
    assertEquals(code, 0);
    assertStringIncludes(out, "0 triplets, 1 deferred pairs, 1 decisions");
    assertStringIncludes(out, "greylag unlist 1");
    assertStringIncludes((await greylag("find", "alice")).out, "Nothing found");
    assertStringIncludes((await greylag("find", "win")).out, "win@example.com");
  });
});

Deno.test("wrong usage names the remedy", async () => {
  await withDatabase(async (greylag) => {
    const table: [string[], string][] = [
      [["find"], "TEXT is missing"],
      [["find", "a", "b"], 'unexpected argument "b"'],
      [["find", "a", "--limit=0"], "--limit must be a whole number above 0"],
      [["release"], "NUMBER or SENDER is missing"],
      [["release", "1", "b", "c"], 'unexpected argument "c"'],
      [["lost", "--after=soon"], "--after must be a duration"],
      [["stats", "today"], 'unexpected argument "today"'],
      [["forget"], "ADDRESS is missing"],
    ];
    for (const [args, expected] of table) {
      const { code, err } = await greylag(...args);
      assertEquals(code, 2, args.join(" "));
      assertStringIncludes(err, expected);
    }
  });
});
