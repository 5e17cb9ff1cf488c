import { assertEquals, assertStringIncludes } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import { withDnsServer, type Zone } from "../dns_server.ts";
import { greylag } from "./database.ts";

const ZEN = "zen.spamhaus.org";
const DNSWL = "list.dnswl.org";
const WORKING: Zone = {
  [`2.0.0.127.${ZEN}`]: { a: ["127.0.0.2", "127.0.0.4"] },
  [`2.0.0.127.${DNSWL}`]: { a: ["127.0.10.0"] },
};
const ZEN_LISTS = [
  "zen.spamhaus.org=127.0.0.[2..9]*4:reject",
  "zen.spamhaus.org=127.0.0.[10..11]*4:accept",
];

/** Runs `greylag lists` with a configuration file, and returns the file as it is afterwards. */
async function lists(
  zone: Zone,
  file: string,
  ...args: string[]
): Promise<{ code: number; out: string; err: string; after: string; path: string }> {
  let result: Awaited<ReturnType<typeof lists>> | undefined;
  await inDirectory((directory) =>
    withDnsServer(zone, async (server) => {
      const path = `${directory}/greylag.toml`;
      const dns = `dns_servers = ["${server}"]\n`;
      await Deno.writeTextFile(path, dns + file, { mode: 0o640 });
      const run = await greylag("lists", ...args, `--config=${path}`);
      const after = await Deno.readTextFile(path);
      assertEquals((await Deno.stat(path)).mode! & 0o777, 0o640);
      assertEquals([...Deno.readDirSync(directory)].length, 1);
      assertEquals(after.startsWith(dns), true);
      result = { ...run, after: after.slice(dns.length), path };
    })
  );
  return result!;
}

Deno.test("a DNS list that works is written to the configuration file, once", async () => {
  const file = '# mine\ndelay = "1m" # short\n';
  const { code, out, err, after } = await lists(WORKING, file, "enable", "zen");
  assertEquals(code, 0, err);
  assertStringIncludes(err, "https://www.spamhaus.org/organization/dnsblusage/");
  assertStringIncludes(out, "systemctl reload greylag");
  const line = `dns_lists = ["${ZEN_LISTS.join('", "')}"]\n`;
  assertEquals(after, file + line);
  const again = await lists(WORKING, after, "enable", "zen");
  assertEquals([again.code, again.after], [0, after]);
  assertStringIncludes(again.out, "enabled already");
  const both = await lists(WORKING, after, "enable", "dnswl");
  assertEquals(
    both.after,
    `${file}${line.replace("]\n", `, "list.dnswl.org=127.0.[0..255].[2..3]*-4"]\n`)}`,
  );
});

Deno.test("a DNS list that this resolver may not use is refused with its cause", async () => {
  const table: [Zone, string][] = [
    [{}, "does not list its test address 127.0.0.2"],
    [{ ...WORKING, [`1.0.0.127.${ZEN}`]: { a: ["127.0.0.2"] } }, "lists 127.0.0.1"],
    [{ [`2.0.0.127.${ZEN}`]: { a: ["127.255.255.254"] } }, "through a public resolver"],
    [{ [`2.0.0.127.${ZEN}`]: { a: ["127.255.255.255"] } }, "too many queries"],
    [{ [`2.0.0.127.${ZEN}`]: { a: ["192.0.2.1"] } }, "it answers 192.0.2.1"],
  ];
  for (const [zone, cause] of table) {
    const { code, err, after } = await lists(zone, "", "enable", "zen");
    assertEquals([code, after], [1, ""], cause);
    assertStringIncludes(err, cause);
    assertStringIncludes(err, 'dns_servers = ["127.0.0.1"]');
  }
});

Deno.test("a file that cannot be edited safely stays, and the line to add is printed", async () => {
  const file = 'dns_lists = ["a.example", """\nb.example"""]\n';
  const { code, out, err, after } = await lists(WORKING, file, "enable", "zen");
  assertEquals([code, after], [1, file]);
  assertStringIncludes(err, "cannot be edited safely");
  assertEquals(out, `dns_lists = ["a.example", "b.example", "${ZEN_LISTS.join('", "')}"]\n`);
});

Deno.test("lists shows the state of each DNS list and those that can be enabled", async () => {
  const file = 'dns_lists = ["zen.spamhaus.org*4", "dead.example"]\n';
  const { code, out } = await lists(WORKING, file);
  assertEquals(code, 1);
  assertStringIncludes(out, "zen.spamhaus.org*4  works");
  assertStringIncludes(out, "dead.example        unproven  it does not list its test address");
  assertStringIncludes(out, "greylag lists enable dnswl");
  const json = JSON.parse((await lists(WORKING, file, "--json")).out);
  assertEquals(json.offered, ["dnswl"]);
  assertEquals(json.zones[0], { zone: ZEN, state: "works", cause: null });
  const none = await lists({}, "");
  assertEquals(none.code, 0);
  assertStringIncludes(none.out, "No DNS list is set");
});

Deno.test("wrong usage names the remedy", async () => {
  const table: [string[], string][] = [
    [["disable"], 'unknown action "disable"'],
    [["enable"], "NAME is missing"],
    [["enable", "zem"], 'did you mean "zen"?'],
    [["enable", "zen", "dnswl"], 'unexpected argument "dnswl"'],
  ];
  for (const [args, expected] of table) {
    const { code, err } = await greylag("lists", ...args);
    assertEquals(code, 2, args.join(" "));
    assertStringIncludes(err, expected);
  }
});
