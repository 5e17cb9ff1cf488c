import { assertEquals, assertStringIncludes } from "@std/assert";
import { greylag } from "./database.ts";

Deno.test("wrong usage names the remedy", async () => {
  const table: [string[], string][] = [
    [["spf"], "--ip is missing"],
    [["spf", "--ip=x", "--sender=a@b"], '--ip: "x" is not an IP address'],
    [["spf", "--ip=192.0.2.1"], "--sender is missing"],
    [["spf", "--ip=192.0.2.1", "--sender=a@b.c", "--dns=nowhere"], "--dns must be an address"],
    [["spf", "--ip=192.0.2.1", "--sender=a@b.c", "more"], 'unexpected argument "more"'],
  ];
  for (const [args, expected] of table) {
    const { code, err } = await greylag(...args);
    assertEquals(code, 2);
    assertStringIncludes(err, expected);
  }
});

Deno.test("a domain without a record is none, and an unreachable DNS server is a temperror", async () => {
  const none = await greylag("spf", "--ip=192.0.2.1", "--sender=a@localhost", "--json");
  assertEquals([none.code, JSON.parse(none.out).result], [3, "none"]);
  const dead = await greylag(
    "spf",
    "--ip=192.0.2.1",
    "--sender=<>",
    "--helo=mail.example.org",
    "--dns=127.0.0.1:9",
  );
  assertEquals(dead.code, 7);
  assertStringIncludes(dead.out, "temperror for mail.example.org");
  assertStringIncludes(dead.out, "error: the record of mail.example.org");
});
