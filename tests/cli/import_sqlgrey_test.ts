import { assertEquals, assertStringIncludes } from "@std/assert";
import { Database } from "@db/sqlite";
import { NOW, timeBefore, verdictOn, withDatabase } from "./imported.ts";

const sqlTime = (ago: number) => timeBefore(ago).replace("T", " ");

const SQLGREY_SCHEMA = `
  CREATE TABLE connect (sender_name, sender_domain, src, rcpt, first_seen timestamp);
  CREATE TABLE from_awl (sender_name, sender_domain, src, first_seen, last_seen);
  CREATE TABLE domain_awl (sender_domain, src, first_seen, last_seen);
  CREATE TABLE optout_email (email);
  CREATE TABLE config (parameter, value);
`;

const SQLGREY_ROWS = `
  INSERT INTO connect VALUES ('it''s', 'x.example', '192.0.2', 'Bob@example.net', '${sqlTime(60)}');
  INSERT INTO connect VALUES ('-undef-', '-undef-', '2001:0db8:0000:0001', 'bob@example.net',
    '${sqlTime(60)}');
  INSERT INTO from_awl VALUES ('a', 'x.example', '198.51.100', '${sqlTime(900)}', '${sqlTime(90)}');
  INSERT INTO from_awl VALUES ('b', 'x.example', '198.51.100', '${sqlTime(900)}', '${sqlTime(80)}');
  INSERT INTO domain_awl VALUES ('y.example', '203.0.113.7', '${sqlTime(900)}', '${sqlTime(70)}');
  INSERT INTO optout_email VALUES ('eve@example.net');
  INSERT INTO config VALUES ('version', '3');
`;

Deno.test("sqlgrey's database and its dumps are imported once", async () => {
  await withDatabase(async (greylag, directory, read) => {
    const db = new Database(`${directory}/sqlgrey.db`);
    db.exec(SQLGREY_SCHEMA);
    db.exec(SQLGREY_ROWS);
    db.close();
    const first = await greylag("import", "sqlgrey", `${directory}/sqlgrey.db`, "--json");
    assertEquals(JSON.parse(first.out), {
      dry_run: false,
      known: 3,
      pending: 2,
      reputations: 3,
      choices: 1,
      unchanged: 0,
      expired: 0,
      errors: 0,
      auto_whitelisted: 2,
    });
    const [pending] = read((memory) =>
      memory.pending({ sender: "it's@x.example", recipient: "bob@example.net" })
    );
    assertEquals([pending?.network, pending?.firstSeen], [
      "net:192.0.2.0/24",
      (NOW - 60) * 1000,
    ]);
    const [bounce] = read((memory) => memory.pending({ sender: "", recipient: "bob@example.net" }));
    assertEquals(bounce?.network, "net:2001:db8:0:1::/64");
    const verdict = (client: string, name: string, sender: string) =>
      read((memory) => verdictOn(memory, client, name, sender, "anybody@example.net"));
    const named = "mail.provider.example";
    assertEquals(verdict("198.51.100.9", named, "A@x.example"), "pass known");
    assertEquals(verdict("198.51.100.9", "unknown", "b@x.example"), "pass known");
    assertEquals(verdict("198.51.100.9", "unknown", "c@x.example"), "defer new");
    assertEquals(verdict("198.51.100.9", named, "c@x.example"), "pass auto-whitelisted");
    assertEquals(verdict("203.0.113.7", "unknown", "any@y.example"), "pass known");
    assertEquals(verdict("203.0.113.8", "unknown", "any@y.example"), "defer new");
    assertEquals(verdict("198.51.100.9", named, "a@z.example"), "defer new");
    assertEquals(verdict("198.51.101.9", named, "a@x.example"), "defer new");
    assertEquals(verdict("203.0.113.9", named, "any@y.example"), "pass auto-whitelisted");
    const retried = (name: string) => read((memory) => memory.reputation(name)?.total);
    assertEquals(retried("net:198.51.100.0/24 x.example"), 2);
    assertEquals(retried("net:198.51.100.0/24"), undefined);
    assertEquals(retried("net:203.0.113.0/24 y.example"), 2);
    assertEquals(retried("ip:203.0.113.7"), 2);
    const list = JSON.parse((await greylag("list", "--json")).out);
    assertEquals([list[0].list, list[0].pattern, list[0].added_by], [
      "opt-out",
      "eve@example.net",
      "import sqlgrey",
    ]);

    await Deno.writeTextFile(`${directory}/dump.sql`, SQLGREY_ROWS.replaceAll(/^ {2}/gm, ""));
    const again = JSON.parse(
      (await greylag("import", "sqlgrey", `${directory}/dump.sql`, "--json")).out,
    );
    assertEquals([again.pending, again.reputations, again.unchanged, again.errors], [0, 0, 9, 0]);
  });
});

Deno.test("a file that is neither a database nor a dump of sqlgrey is an error", async () => {
  await withDatabase(async (greylag, directory) => {
    await Deno.writeTextFile(`${directory}/x`, "hello\n");
    const { code, err } = await greylag("import", "sqlgrey", `${directory}/x`);
    assertEquals(code, 1);
    assertStringIncludes(err, "no rows of sqlgrey's tables found");
    new Database(`${directory}/y`).exec("CREATE TABLE photos (id)");
    const packed = new Blob([await Deno.readFile(`${directory}/y`)]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(`${directory}/y.gz`, packed);
    const gz = await greylag("import", "sqlgrey", `${directory}/y.gz`);
    assertStringIncludes(gz.err, "an SQLite database has to be a file, and not compressed");
    await Deno.writeTextFile(`${directory}/z`, "PGDMP\x01\x0e");
    const custom = await greylag("import", "sqlgrey", `${directory}/z`, "--dry-run");
    assertStringIncludes(custom.err, "pg_restore -f - FILE | greylag import sqlgrey --dry-run");
    const other = await greylag("import", "sqlgrey", `${directory}/y`);
    assertStringIncludes(other.err, "the table connect is missing");
  });
});
