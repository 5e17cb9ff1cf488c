import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
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

/** With the permissions of the executable, which the other tests do not have. */
async function withDeferredMail(
  body: (start: (...args: string[]) => Promise<Daemon>, database: string) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    const start = (...args: string[]) =>
      Daemon.start([`--unix=${directory}/p`, `--database=${database}`, ...args]);
    const daemon = await start();
    assertStringIncludes(await daemon.ask({ sender: "alice@example.org" }), "DEFER_IF_PERMIT");
    assertEquals(await daemon.stop(), 0);
    await body(start, database);
    const text = new TextDecoder("latin1").decode(await Deno.readFile(database));
    assertFalse(text.includes("alice@"));
  });
}

Deno.test("forget leaves no trace, while the daemon runs", async () => {
  await withDeferredMail(async (start, database) => {
    const daemon = await start();
    const forgotten = await Daemon.run([
      "forget",
      "alice@example.org",
      `--database=${database}`,
    ]);
    assertEquals(forgotten, {
      code: 0,
      out: "erased for alice@example.org: triplets 1, deferred pairs 1, decisions 1\n",
      err: "",
    });
    assertStringIncludes(await daemon.ask({ sender: "bob@example.org" }), "DEFER_IF_PERMIT");
    assertEquals(await daemon.stop(), 0);
    assertFalse(daemon.log.includes("error"), daemon.log);
  });
});

Deno.test("a daemon with privacy hides what it stored without", async () => {
  await withDeferredMail(async (start) => {
    const daemon = await start("--privacy");
    assertStringIncludes(await daemon.ask({ sender: "bob@example.org" }), "DEFER_IF_PERMIT");
    assertEquals(await daemon.stop(), 0);
    assertFalse(daemon.log.includes("error"), daemon.log);
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
