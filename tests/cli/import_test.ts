import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import { dump } from "../import/dump.ts";
import { greylag as runGreylag } from "./database.ts";
import { NOW, verdictOn, withDatabase } from "./imported.ts";

const TRIPLETS = dump(
  ["192.0.2.0/bounce-#@list.example/bob@example.net", `${NOW - 1000},${NOW - 500}`],
  ["198.51.100.0/new@x.example/bob+x@example.net", `${NOW - 60},${NOW - 60}`],
  ["2001:db8:1:2:0:0:0:0/v6@x.example/bob@example.net", `${NOW - 1000},${NOW - 10},host`],
  ["203.0.113.0/old@x.example/bob@example.net", `${NOW - 9e6},${NOW - 8e6}`],
);
const CLIENTS = dump(["192.0.2.7", `9,${NOW - 500}`], ["2001:DB8:1:2:0:0:0:3", `1,${NOW}`]);

Deno.test("postgrey's known and pending triplets are imported once", async () => {
  await withDatabase(async (greylag, directory, read) => {
    await Deno.writeTextFile(`${directory}/t`, TRIPLETS);
    await Deno.writeTextFile(`${directory}/c`, CLIENTS);
    const args = ["import", "postgrey", `${directory}/t`, `${directory}/c`, "--json"];
    const expected = {
      known: 2,
      pending: 1,
      reputations: 2,
      choices: 0,
      unchanged: 0,
      expired: 1,
      errors: 0,
      auto_whitelisted: 1,
    };
    const dry = await greylag(...args, "--dry-run");
    assertEquals(JSON.parse(dry.out), { dry_run: true, ...expected });
    const key = { sender: "bounce-#@list.example", recipient: "bob@example.net" };
    assertEquals(read((memory) => memory.relation(key)), undefined);

    assertEquals(JSON.parse((await greylag(...args)).out), { dry_run: false, ...expected });
    assertEquals(read((memory) => memory.relation(key)), {
      origins: ["net:192.0.2.0/24"],
      firstSeen: (NOW - 1000) * 1000,
      lastSeen: (NOW - 500) * 1000,
    });
    assertEquals(read((memory) => memory.reputation("ip:192.0.2.7"))?.total, 9);
    assertEquals(read((memory) => memory.reputation("ip:2001:db8:1:2::3"))?.total, 1);
    const verdict = (client: string, sender: string, recipient = "bob@example.net") =>
      read((memory) => verdictOn(memory, client, "unknown", sender, recipient));
    assertEquals(verdict("192.0.2.99", "bounce-4711@list.example"), "pass known");
    assertEquals(verdict("192.0.2.7", "anybody@y.example"), "pass auto-whitelisted");
    assertEquals(verdict("192.0.2.8", "anybody@y.example"), "defer new");
    assertEquals(verdict("198.51.100.3", "New@x.example"), "pass retried");
    assertEquals(verdict("2001:db8:1:2::99", "v6@x.example"), "pass known");

    const again = JSON.parse((await greylag(...args)).out);
    assertEquals([again.known, again.pending, again.reputations, again.unchanged], [0, 0, 0, 5]);
  });
});

Deno.test("a triplet that postgrey knows by address is known from that address only", async () => {
  await withDatabase(async (greylag, directory, read) => {
    const rows: [string, string][] = ["192.0.2.7", "192.0.2.9"].map((client) => [
      `${client}/a@x.example/b@y.example`,
      `${NOW - 1000},${NOW}`,
    ]);
    await Deno.writeTextFile(`${directory}/t`, dump(...rows));
    await greylag("import", "postgrey", `${directory}/t`);
    const verdict = (client: string) =>
      read((memory) => verdictOn(memory, client, "unknown", "a@x.example", "b@y.example"));
    assertEquals(verdict("192.0.2.7"), "pass known");
    assertEquals(verdict("192.0.2.9"), "pass known");
    assertEquals(verdict("192.0.2.8"), "defer new");
  });
});

Deno.test("an import shortens and lowers nothing that is stored", async () => {
  await withDatabase(async (greylag, directory, read) => {
    const known = (first: number, last: number) =>
      dump(["192.0.2.0/a@x.example/b@y.example", `${NOW - first},${NOW - last}`]);
    const clients = (count: number, last: number) => dump(["192.0.2.7", `${count},${NOW - last}`]);
    const importFiles = async (triplets: string, counted: string) => {
      await Deno.writeTextFile(`${directory}/t`, triplets);
      await Deno.writeTextFile(`${directory}/c`, counted);
      await greylag("import", "postgrey", `${directory}/t`, `${directory}/c`);
    };
    await importFiles(known(2000, 10), clients(9, 10));
    await importFiles(known(5000, 500), clients(3, 500));
    const relation = read((memory) =>
      memory.relation({ sender: "a@x.example", recipient: "b@y.example" })
    );
    assertEquals(relation, {
      origins: ["net:192.0.2.0/24"],
      firstSeen: (NOW - 5000) * 1000,
      lastSeen: (NOW - 10) * 1000,
    });
    const reputation = read((memory) => memory.reputation("ip:192.0.2.7"))!;
    assertEquals([reputation.total, Math.round(reputation.retried)], [9, 9]);
    assertEquals(reputation.lastSeen, (NOW - 10) * 1000);
  });
});

Deno.test("a line with an error is reported and skipped", async () => {
  await withDatabase(async (greylag, directory) => {
    await Deno.writeTextFile(
      `${directory}/t`,
      dump(
        ["192.0.2.0/a@x.example/b@y.example", `${NOW - 1000},${NOW}`],
        ["nonsense", "1,2"],
        ["192.0.2.0/only-one", "1,2"],
        ["192.0.2.0/a@x/b@y", "soon"],
        ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "1,2"],
      ),
    );
    const { code, out, err } = await greylag("import", "postgrey", `${directory}/t`);
    assertEquals(code, 1);
    assertStringIncludes(out, "imported: 1 known, 0 pending");
    assertStringIncludes(out, "4 errors");
    assertStringIncludes(err, `${directory}/t:9: expected an IP address at the beginning`);
    assertStringIncludes(err, `${directory}/t:14: 1 of 5 keys are hashes`);
  });
});

Deno.test("wrong usage names the remedy", async () => {
  await withDatabase(async (greylag) => {
    for (
      const [args, expected] of [
        [["import"], "FORMAT is missing"],
        [["import", "exim", "x"], 'unknown format "exim"'],
        [["import", "postgrey"], "FILE is missing"],
        [["import", "postgrey", "x", "--delay=soon"], "--delay must be a duration"],
        [["import", "postfx", "x"], 'did you mean "postfix"?'],
        [["import", "postgrey", "x", "--mynetworks=::1"], "--mynetworks is for import postfix"],
        [["import", "postfix", "x", "--delay=5m"], "--delay is for import postgrey"],
        [["import", "postfix", "x", "--mynetworks=hash:/x"], '"hash:/x" is no network'],
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

Deno.test("a directory of postgrey shows what to run, with the options that were given", async () => {
  await withDatabase(async (greylag, directory) => {
    await Deno.writeTextFile(`${directory}/postgrey.db`, "");
    const { code, err } = await greylag("import", "postgrey", directory, "--delay=1m");
    assertEquals(code, 1);
    assertStringIncludes(err, `\n  db_dump -h ${directory} -p postgrey.db > triplets.txt\n`);
    assertStringIncludes(err, "\n  greylag import postgrey --delay=1m --database=");
    assertStringIncludes(err, "g.db triplets.txt\n");
    const other = await greylag("import", "postgrey", "/");
    assertStringIncludes(other.err, "no database of postgrey in /: postgrey.db is missing");
  });
});

Deno.test("a database that does not exist is created before a file is read, for its directory's owner", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/dump`, TRIPLETS);
    const database = `${directory}/new/g.db`;
    const run = (...args: string[]) =>
      runGreylag("import", "postgrey", `${directory}/dump`, `--database=${database}`, ...args);
    const dry = await run("--dry-run");
    assertStringIncludes(dry.out, "dry run: 2 known, 1 pending");
    assertThrows(() => Deno.statSync(`${directory}/new`), Deno.errors.NotFound);
    await Deno.mkdir(`${directory}/new`);
    if (Deno.uid() === 0) await Deno.chown(`${directory}/new`, 65534, 65534);
    const { code, err } = await run();
    assertEquals(code, 0);
    assertStringIncludes(err, `greylag: created ${database}\n`);
    const [file, parent] = [Deno.statSync(database), Deno.statSync(`${directory}/new`)];
    assertEquals([file.uid, file.mode! & 0o777], [parent.uid, 0o600]);

    const bad = await runGreylag(
      "import",
      "postgrey",
      `${directory}/dump`,
      `--database=${directory}/dump/g.db`,
    );
    assertEquals([bad.code, bad.out], [1, ""]);
    assertStringIncludes(bad.err, `${directory}/dump/g.db`);
  });
});

Deno.test("errors of one file are limited, and the summary explains its numbers", async () => {
  await withDatabase(async (greylag, directory) => {
    const bad = Array.from({ length: 25 }, (_, at): [string, string] => [`nonsense${at}`, "1,2"]);
    await Deno.writeTextFile(`${directory}/t`, dump(...bad) + TRIPLETS + CLIENTS);
    const { code, out, err } = await greylag("import", "postgrey", `${directory}/t`);
    assertEquals(code, 1);
    assertEquals(err.split("\n").filter((line) => line.includes(`${directory}/t:`)).length, 11);
    assertStringIncludes(err, `greylag: ${directory}/t: 15 more errors\n`);
    assertStringIncludes(
      out,
      "2 known, 1 pending, 2 reputations; 0 unchanged, 1 expired, 25 errors",
    );
    assertStringIncludes(out.replaceAll(/\s+/g, " "), "1 of them auto-whitelist their origin");
  });
});

Deno.test("files without records say why", async () => {
  await withDatabase(async (greylag, directory) => {
    await Deno.writeTextFile(`${directory}/none`, dump());
    const none = await greylag("import", "postgrey", `${directory}/none`);
    assertEquals(none.code, 0);
    assertStringIncludes(none.err, "db_dump needs -h DIRECTORY");
    await Deno.writeTextFile(`${directory}/empty`, "");
    for (const format of ["postgrey", "sqlgrey", "postfix"]) {
      const { code, err } = await greylag("import", format, `${directory}/empty`);
      assertEquals([code, err], [1, `greylag: ${directory}/empty: no data\n`], format);
    }
  });
});
