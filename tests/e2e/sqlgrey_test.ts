import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { type Attributes, PolicyClient } from "../policy_client.ts";
import { withSqlgrey } from "./sqlgrey.ts";

const LOCAL_PARTS = [
  "First.Last",
  "bounce-4711-x",
  "john.abe",
  "news-bob",
  "user12345",
  "a+b",
  "prvs=0123456789=carol",
];

/** One message of each of many senders; every second client has no name. */
const FIRST = Array.from({ length: 90 }, (_, at): Attributes => ({
  client_address: at % 5 === 4 ? `2001:db8:${at}::25` : `198.51.${at}.25`,
  client_name: at % 2 === 0 ? `mail.host${at}.example` : "unknown",
  sender: at % 9 === 8 ? "" : `${LOCAL_PARTS[at % LOCAL_PARTS.length]}@Domain${at}.example`,
  recipient: "bob@example.net",
}));

/** A second sender of the same domains, so that sqlgrey knows the whole domain. */
const SECOND = FIRST.slice(0, 20).filter(({ sender }) => sender !== "").map((attributes) => ({
  ...attributes,
  sender: attributes["sender"]!.replace(/^[^@]*/, "second.sender"),
}));

async function askAll(port: number, requests: readonly Attributes[]): Promise<string[]> {
  using client = new PolicyClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  const replies: string[] = [];
  for (const request of requests) replies.push((await client.ask(request) ?? "").trim());
  return replies;
}

const isPass = (reply: string) => /^action=(?:dunno|prepend)/i.test(reply);

function passes(replies: readonly string[]): number {
  return replies.filter(isPass).length;
}

async function fill(port: number): Promise<void> {
  for (const requests of [FIRST, SECOND]) {
    await askAll(port, requests);
    await pause(2100);
    assertEquals(passes(await askAll(port, requests)), requests.length);
  }
}

/** The same senders to another recipient. */
const toEve = (requests: readonly Attributes[]) =>
  requests.map((attributes) => ({ ...attributes, recipient: "Eve@example.net" }));

for (const method of ["smart", "classc", "full"]) {
  Deno.test(`senders that sqlgrey auto-whitelisted are known for any recipient: greymethod ${method}`, async () => {
    await inDirectory(async (directory) => {
      await Deno.chmod(directory, 0o755);
      const old = `${directory}/old`;
      await Deno.mkdir(old);
      const port = freePort();
      const database = `--database=${directory}/new/g.db`;
      const requests = toEve([...FIRST, ...SECOND]);
      let known: readonly Attributes[] = [];
      await withSqlgrey(old, port, `greymethod = ${method}`, async () => {
        await fill(port);
        const replies = await askAll(port, requests);
        // sqlgrey does not know those whose sender has the name of the other recipient.
        known = requests.filter((_, at) => isPass(replies[at]!));
        assert(known.length > 0.8 * requests.length);
        // From a running sqlgrey.
        const args = ["import", "sqlgrey", `${old}/sqlgrey.db`, database, "--json"];
        const first = await Daemon.run(args);
        assertEquals(first.code, 0, first.err);
        assertStringIncludes(
          first.err,
          '  whitelist_clients = ["/etc/sqlgrey/clients_ip_whitelist"',
        );
        const again = JSON.parse((await Daemon.run(args)).out);
        assertEquals([again.known, again.reputations], [0, 0]);
      });
      const own = freePort();
      const greylag = await Daemon.start([
        `--inet=${own}`,
        database,
        "--mode=all",
        "--builtin-list=false",
        "--delay=1h",
        "--delay-suspicious=1h",
      ]);
      const replies = await askAll(own, known);
      const deferred = known.filter((_, at) => !isPass(replies[at]!));
      assertEquals(deferred, []);
      await eventually(
        "all of them are known",
        () => greylag.countReasons()["known"] === known.length,
        {},
        () => greylag.log,
      );
      const strangers = toEve(FIRST).map((attributes) => ({
        ...attributes,
        sender: "mallory@other.example",
      }));
      assertEquals(passes(await askAll(own, strangers)), 0, "another sender");
      const elsewhere = toEve(FIRST).map((attributes) => ({
        ...attributes,
        client_address: "203.0.113.9",
        client_name: "unknown",
      }));
      assertEquals(passes(await askAll(own, elsewhere)), 0, "another network");
      await greylag.stop();
    });
  });
}

Deno.test("pending mail of sqlgrey stays pending, from its file and its dump", async () => {
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o755);
    const port = freePort();
    await Deno.mkdir(`${directory}/old`);
    const requests = FIRST.filter(({ sender }) => sender !== "");
    await withSqlgrey(`${directory}/old`, port, "", async () => {
      assertEquals(passes(await askAll(port, requests)), 0);
    });
    const file = `${directory}/old/sqlgrey.db`;
    const { stdout } = await new Deno.Command("sqlite3", { args: [file, ".dump"] }).output();
    await Deno.writeFile(`${directory}/dump.sql`, stdout);
    for (const source of [file, `${directory}/dump.sql`]) {
      const { code, out, err } = await Daemon.run([
        "import",
        "sqlgrey",
        source,
        "--json",
        `--database=${source}.greylag/g.db`,
      ]);
      assertEquals(code, 0, err);
      assertEquals(JSON.parse(out).pending, requests.length);
      assertStringIncludes(err, `created ${source}.greylag/g.db`);
    }
  });
});
