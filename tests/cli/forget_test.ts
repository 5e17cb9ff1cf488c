import { assertEquals, assertStringIncludes } from "@std/assert";
import { withDatabase } from "./database.ts";
import { record, SPAM } from "./decisions.ts";

Deno.test("forget erases the data of an address and names its entries", async () => {
  await withDatabase(async (greylag, path) => {
    record(path, false, { time: Date.now() }, { ...SPAM, time: Date.now() });
    await greylag("block", "alice@example.org");
    const { code, out } = await greylag("forget", "alice@example.org");
    assertEquals(code, 0);
    assertStringIncludes(out, "triplets 0, deferred pairs 1, decisions 1");
    assertStringIncludes(out, "greylag unlist 1");
    assertStringIncludes((await greylag("find", "alice")).out, "Nothing found");
    assertStringIncludes((await greylag("find", "win")).out, "win@example.com");
  });
});

Deno.test("wrong usage names the remedy", async () => {
  await withDatabase(async (greylag) => {
    const table: [string[], string][] = [
      [["forget"], "ADDRESS is missing"],
    ];
    for (const [args, expected] of table) {
      const { code, err } = await greylag(...args);
      assertEquals(code, 2, args.join(" "));
      assertStringIncludes(err, expected);
    }
  });
});
