import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withDatabase } from "./database.ts";
import { record, SPAM } from "./decisions.ts";

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

Deno.test("wrong usage names the remedy", async () => {
  await withDatabase(async (greylag) => {
    const table: [string[], string][] = [
      [["release"], "NUMBER or SENDER is missing"],
      [["release", "1", "b", "c"], 'unexpected argument "c"'],
    ];
    for (const [args, expected] of table) {
      const { code, err } = await greylag(...args);
      assertEquals(code, 2, args.join(" "));
      assertStringIncludes(err, expected);
    }
  });
});
