import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Output } from "../../lib/cli/output.ts";
import { parsePostgreyDump } from "../../lib/cli/postgrey_dump.ts";
import { run } from "../../lib/cli/run.ts";
import { tripletKey } from "../../lib/greylist/verdict.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Recalled } from "../../lib/store/store.ts";
import { inDirectory } from "../daemon.ts";
import fc from "fast-check";

const HEADER = "VERSION=3\nformat=print\ntype=btree\ndb_pagesize=4096\nHEADER=END\n";
const seconds = Math.floor(Date.now() / 1000);

function dump(...rows: [key: string, value: string][]): string {
  return `${HEADER}${rows.map(([key, value]) => ` ${key}\n ${value}\n`).join("")}DATA=END\n`;
}

const TRIPLETS = dump(
  ["192.0.2.0/bounce-#@list.example/bob@example.net", `${seconds - 1000},${seconds - 500}`],
  ["198.51.100.0/new@x.example/bob+x@example.net", `${seconds - 60},${seconds - 60}`],
  ["2001:db8:1:2:0:0:0:0/v6@x.example/bob@example.net", `${seconds - 1000},${seconds - 10},host`],
  ["203.0.113.0/old@x.example/bob@example.net", `${seconds - 9e6},${seconds - 8e6}`],
);
const CLIENTS = dump(["192.0.2.7", `9,${seconds - 500}`], ["2001:DB8:1:2:0:0:0:3", `1,${seconds}`]);

type Run = (...args: string[]) => Promise<{ code: number; out: string; err: string }>;

async function withDatabase(
  body: (
    run: Run,
    directory: string,
    recall: (key: ReturnType<typeof tripletKey>) => Recalled,
  ) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    const settings = { database: `${directory}/g.db`, privacy: false };
    await openStore(settings).close();
    await body(
      async (...args) => {
        let out = "";
        let err = "";
        const output: Output = { print: (text) => out += text, complain: (text) => err += text };
        const code = await run([...args, `--database=${settings.database}`], output);
        return { code, out, err };
      },
      directory,
      (key) => {
        const store = openStore(settings);
        let found: Recalled | undefined;
        store.exchange([key], (recalled) => {
          found = recalled;
          return [];
        });
        store.close();
        return found!;
      },
    );
  });
}

Deno.test("who postgrey knew is known, who waited waits, and importing twice changes nothing", async () => {
  await withDatabase(async (greylag, directory, recall) => {
    await Deno.writeTextFile(`${directory}/t`, TRIPLETS);
    await Deno.writeTextFile(`${directory}/c`, CLIENTS);
    const args = ["import", "postgrey", `${directory}/t`, `${directory}/c`, "--json"];
    const expected = { known: 2, waiting: 1, origins: 2, unchanged: 0, expired: 1, errors: 0 };
    const dry = await greylag(...args, "--dry-run");
    assertEquals(JSON.parse(dry.out), { dry_run: true, ...expected });
    const key = tripletKey("net:192.0.2.0/24", "bounce-#@list.example", "bob@example.net");
    assertEquals(recall(key).triplets.size, 0);

    assertEquals(JSON.parse((await greylag(...args)).out), { dry_run: false, ...expected });
    const { triplets, origins } = recall(key);
    assertEquals(triplets.get(key.id)?.passed, (seconds - 500) * 1000);
    assertEquals(origins.get(key.origin)?.deliveries, 9);
    const waiting = tripletKey("net:198.51.100.0/24", "new@x.example", "bob@example.net");
    assertEquals(recall(waiting).triplets.get(waiting.id)?.passed, undefined);
    const ipv6 = tripletKey("net:2001:db8:1:2::/64", "v6@x.example", "bob@example.net");
    assertEquals(recall(ipv6).origins.get(ipv6.origin)?.deliveries, 1);

    const again = JSON.parse((await greylag(...args)).out);
    assertEquals([again.known, again.waiting, again.origins, again.unchanged], [0, 0, 0, 5]);
  });
});

Deno.test("a broken line is named and skipped, and the rest is kept", async () => {
  await withDatabase(async (greylag, directory) => {
    await Deno.writeTextFile(
      `${directory}/t`,
      dump(
        ["192.0.2.0/a@x.example/b@y.example", `${seconds - 1000},${seconds}`],
        ["nonsense", "1,2"],
        ["192.0.2.0/only-one", "1,2"],
        ["192.0.2.0/a@x/b@y", "soon"],
        ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "1,2"],
      ),
    );
    const { code, out, err } = await greylag("import", "postgrey", `${directory}/t`);
    assertEquals(code, 1);
    assertStringIncludes(out, "imported: 1 known, 0 waiting");
    assertStringIncludes(out, "4 not understood");
    assertStringIncludes(err, `${directory}/t:9: "nonsense" does not begin with an address`);
    assertStringIncludes(err, "--privacy");
  });
});

Deno.test("what is no dump, or cut off, says so", () => {
  assertEquals(parsePostgreyDump("hello\n").errors, [{
    line: 1,
    why: "this is not what `db_dump -p` prints",
  }]);
  assertStringIncludes(parsePostgreyDump(TRIPLETS.slice(0, -20)).errors.at(-1)!.why, "cut off");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    parsePostgreyDump(`${HEADER}${text}`);
  }));
});

Deno.test("bytes that db_dump escaped are put back", () => {
  const { records } = parsePostgreyDump(dump(["192.0.2.0/j\\c3\\bc\\\\x@a/b@c", "1,2"]));
  assertEquals(records[0]?.kind === "triplet" && records[0].sender, "jü\\x@a");
});

Deno.test("wrong usage says what is right", async () => {
  await withDatabase(async (greylag) => {
    for (
      const [args, expected] of [
        [["import"], "say what to import"],
        [["import", "exim", "x"], 'cannot import from "exim"'],
        [["import", "postgrey"], "db_dump -p wrote is missing"],
        [["import", "postgrey", "x", "--delay=soon"], "no duration"],
      ] as [string[], string][]
    ) {
      const { code, err } = await greylag(...args);
      assertEquals(code, 2);
      assertStringIncludes(err, expected);
    }
    const missing = await greylag("import", "postgrey", "/nowhere");
    assertEquals(missing.code, 1);
    assertStringIncludes(missing.err, "/nowhere");
  });
});
