import { assertEquals, assertStringIncludes } from "@std/assert";
import { greylag } from "./database.ts";

Deno.test("wrong usage says what is right", async () => {
  const table: [string[], string][] = [
    [["spf"], "--ip is missing"],
    [["spf", "--ip=x", "--sender=a@b"], '--ip: "x" is no address'],
    [["spf", "--ip=192.0.2.1"], "--sender is missing"],
    [["spf", "--ip=192.0.2.1", "--sender=a@b.c", "--dns=nowhere"], "--dns:"],
    [["spf", "--ip=192.0.2.1", "--sender=a@b.c", "more"], 'nothing to be done with "more"'],
  ];
  for (const [args, expected] of table) {
    const { code, err } = await greylag(...args);
    assertEquals(code, 2);
    assertStringIncludes(err, expected);
  }
});

Deno.test("a domain that can have no record is none, and DNS that is dead a temperror", async () => {
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
