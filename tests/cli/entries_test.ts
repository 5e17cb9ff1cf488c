import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Output } from "../../lib/cli/output.ts";
import { run } from "../../lib/cli/run.ts";
import { openStore } from "../../lib/store/open.ts";
import { recordDecisions } from "../store/records.ts";
import { type Run, withDatabase } from "./database.ts";

Deno.test("the attribute of a pattern is guessed from its form, or given by an option", async () => {
  await withDatabase(async (greylag) => {
    const table: [string[], string][] = [
      [["allow", "192.0.2"], "allow client 192.0.2.0/24"],
      [["allow", "example.org"], "allow client example.org"],
      [["allow", "org:example.org"], "allow client org:example.org"],
      [["allow", "Alice@Example.org"], "allow sender alice@example.org"],
      [["allow", "abuse@"], "allow recipient abuse@"],
      [["block", "example.com", "--sender"], "block sender example.com"],
      [["block", "bob@example.net", "--recipient"], "block recipient bob@example.net"],
      [["block", "/^x/", "--sender"], "block sender /^x/"],
      [["always-greylist", "192.0.2.0/24"], "always-greylist client 192.0.2.0/24"],
      [["trap", "old@example.net"], "trap recipient old@example.net"],
      [["trap", "Sales@", "--for=1w"], "trap recipient sales@, for 7d"],
      [["expect", "bob@example.net"], "allow recipient bob@example.net, for 15m"],
    ];
    for (const [args, expected] of table) {
      const { code, out } = await greylag(...args);
      assertEquals(code, 0);
      assertStringIncludes(out, expected);
    }
    const { out } = await greylag("list", "--json");
    assertEquals(JSON.parse(out).length, table.length);
  });
});

Deno.test("an entry has a note, an author and an expiry", async () => {
  await withDatabase(async (greylag) => {
    const before = Date.now();
    await greylag("allow", "192.0.2.1", "--for=30d", "--note=who called");
    const [entry] = JSON.parse((await greylag("list", "allow", "--json")).out);
    assertEquals([entry.note, entry.hits, entry.last_hit], ["who called", 0, null]);
    assert(entry.added_by !== "");
    const days = (Date.parse(entry.expires) - before) / 86_400_000;
    assert(days > 29.99 && days < 30.01);
    assertEquals(JSON.parse((await greylag("list", "block", "--json")).out), []);
  });
});

Deno.test("an entry is removed by its number or by a pattern that only it has", async () => {
  await withDatabase(async (greylag) => {
    await greylag("allow", "192.0.2.1");
    await greylag("block", "example.org", "--client");
    await greylag("block", "example.org", "--sender");
    assertStringIncludes((await greylag("unlist", "192.0.2.1")).out, "removed entry 1");
    const several = await greylag("unlist", "example.org");
    assertEquals(several.code, 1);
    assertStringIncludes(several.err, "2 (block client), 3 (block sender)");
    assertEquals((await greylag("unlist", "3")).code, 0);
    const none = await greylag("unlist", "3");
    assertEquals(none.code, 1);
    assertStringIncludes(none.err, "no entry 3");
  });
});

Deno.test("wrong usage names the remedy", async () => {
  await withDatabase(async (greylag) => {
    const table: [string[], string][] = [
      [["allow"], "PATTERN is missing"],
      [["allow", "a.example", "b.example"], 'unexpected argument "b.example"'],
      [["allow", "/x/"], "--client, --sender or --recipient"],
      [["allow", "a.example", "--client", "--sender"], "--client and --sender exclude each other"],
      [["allow", "/(?=x)/", "--client"], "look-around"],
      [["allow", "192.0.2.300"], "not an address or network"],
      [["allow", "192.0.2.1", "--for=soon"], "--for must be a duration"],
      [["list", "alow"], 'did you mean "allow"?'],
      [["expect"], "RECIPIENT is missing"],
      [["explain", "--client=192.0.2.1"], "--sender is missing"],
      [["explain", "--client=x", "--sender=a", "--recipient=b"], '"x" is not an IP address'],
    ];
    for (const [args, expected] of table) {
      const { code, err } = await greylag(...args);
      assertEquals(code, 2, args.join(" "));
      assertStringIncludes(err, expected);
    }
  });
});

Deno.test("a missing database is not created, and the error names the remedy", async () => {
  let err = "";
  const output: Output = { print: () => {}, complain: (text) => err += text, progress: () => {} };
  assertEquals(await run(["allow", "192.0.2.1", "--database=/nowhere/g.db"], output), 1);
  assertStringIncludes(err, "cannot open /nowhere/g.db: no such file");
});

async function withHistory(body: (run: Run) => Promise<void>): Promise<void> {
  await withDatabase(async (run, path) => {
    const store = openStore({ database: path, privacy: false });
    for (const recipient of ["maja@example.net", "Paul@example.net", "paul@example.com"]) {
      recordDecisions(store, 1, {
        time: Date.now() - 3_600_000,
        recipient,
        normalisedRecipient: recipient.toLowerCase(),
      });
    }
    store.close();
    await body(run);
  });
}

Deno.test("allow and block show the effect on the mail of the history", async () => {
  await withHistory(async (greylag) => {
    const { out } = await greylag("block", "example.org");
    assertStringIncludes(out, "In the last 1h it would have refused 3 messages of 1 sender");
    const json = JSON.parse((await greylag("allow", "192.0.2.1", "--json")).out);
    assertEquals([json.preview.messages, json.preview.senders], [3, 1]);
  });
});

Deno.test("an entry for a large part of all mail needs --force", async () => {
  await withHistory(async (greylag) => {
    for (const pattern of ["0.0.0.0/0", "::/0", "com", "192.0.0.0/7"]) {
      const { code, out, err } = await greylag("block", pattern);
      assertEquals([code, out], [1, ""], pattern);
      assertStringIncludes(err, "To block it all the same, add --force");
    }
    const refused = await greylag("block", "0.0.0.0/0");
    assertStringIncludes(refused.err, "covers every IPv4 address. In the last 1h it would have");
    assertStringIncludes(refused.err, "refused 3 messages of 1 sender");
    assertEquals(JSON.parse((await greylag("list", "--json")).out), []);
    assertEquals((await greylag("block", "0.0.0.0/0", "--force")).code, 0);
    assertEquals(JSON.parse((await greylag("list", "--json")).out).length, 1);
  });
});

Deno.test("a recipient without a domain is completed by the history, or refused", async () => {
  await withHistory(async (greylag) => {
    assertStringIncludes((await greylag("expect", "maja")).out, "allow recipient maja@example.net");
    const several = await greylag("expect", "paul");
    assertEquals(several.code, 2);
    assertStringIncludes(several.err, "Write one of paul@example.com, paul@example.net");
    const unknown = await greylag("expect", "nobody");
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.err, "nobody@example.net, or nobody@ for every domain");
    assertStringIncludes((await greylag("expect", "nobody@")).out, "allow recipient nobody@");
  });
});
