import { assertEquals, assertStringIncludes } from "@std/assert";
import { Database } from "@db/sqlite";
import { tripletKey } from "../../lib/greylist/model.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Recalled } from "../../lib/store/store.ts";
import { inDirectory } from "../daemon.ts";
import { greylag as runGreylag, type Run } from "./database.ts";

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
      (...args) => runGreylag(...args, `--database=${settings.database}`),
      directory,
      (key) => {
        const store = openStore(settings);
        let found: Recalled | undefined;
        store.greylist.exchange([key], (recalled) => {
          found = recalled;
          return [];
        });
        store.close();
        return found!;
      },
    );
  });
}

Deno.test("postgrey's known and pending triplets are imported once", async () => {
  await withDatabase(async (greylag, directory, recall) => {
    await Deno.writeTextFile(`${directory}/t`, TRIPLETS);
    await Deno.writeTextFile(`${directory}/c`, CLIENTS);
    const args = ["import", "postgrey", `${directory}/t`, `${directory}/c`, "--json"];
    const expected = {
      known: 2,
      pending: 1,
      origins: 2,
      choices: 0,
      unchanged: 0,
      expired: 1,
      errors: 0,
    };
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
    assertEquals([again.known, again.pending, again.origins, again.unchanged], [0, 0, 0, 5]);
  });
});

Deno.test("a line with an error is reported and skipped", async () => {
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
    assertStringIncludes(out, "imported: 1 known, 0 pending");
    assertStringIncludes(out, "4 errors");
    assertStringIncludes(
      err,
      `${directory}/t:9: expected an address at the beginning of "nonsense"`,
    );
    assertStringIncludes(err, "--privacy");
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

const time = (ago: number) => new Date((seconds - ago) * 1000).toISOString().slice(0, 19);
const sqlTime = (ago: number) => time(ago).replace("T", " ");

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
  await withDatabase(async (greylag, directory, recall) => {
    const db = new Database(`${directory}/sqlgrey.db`);
    db.exec(SQLGREY_SCHEMA);
    db.exec(SQLGREY_ROWS);
    db.close();
    const first = await greylag("import", "sqlgrey", `${directory}/sqlgrey.db`, "--json");
    assertEquals(first.err, "");
    assertEquals(JSON.parse(first.out), {
      dry_run: false,
      known: 0,
      pending: 2,
      origins: 2,
      choices: 1,
      unchanged: 0,
      expired: 0,
      errors: 0,
    });
    const waiting = tripletKey("net:192.0.2.0/24", "it's@x.example", "bob@example.net");
    assertEquals(recall(waiting).triplets.get(waiting.id)?.firstSeen, (seconds - 60) * 1000);
    const bounce = tripletKey("net:2001:db8:0:1::/64", "", "bob@example.net");
    assertEquals(recall(bounce).triplets.size, 1);
    const deliveries = (origin: string) =>
      recall(tripletKey(origin, "", "")).origins.get(origin)?.deliveries;
    assertEquals(deliveries("net:198.51.100.0/24"), 2);
    assertEquals(deliveries("net:203.0.113.0/24"), 5);
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
    assertEquals([again.pending, again.origins, again.unchanged, again.errors], [0, 0, 5, 0]);
  });
});

Deno.test("a file that is neither a database nor a dump of sqlgrey is an error", async () => {
  await withDatabase(async (greylag, directory) => {
    await Deno.writeTextFile(`${directory}/x`, "hello\n");
    const { code, err } = await greylag("import", "sqlgrey", `${directory}/x`);
    assertEquals(code, 1);
    assertStringIncludes(err, "no rows of sqlgrey's tables found");
    new Database(`${directory}/y`).exec("CREATE TABLE photos (id)");
    const other = await greylag("import", "sqlgrey", `${directory}/y`);
    assertStringIncludes(other.err, "the table connect is missing");
  });
});

const LOG = (host: string) =>
  `
${host} postfix/smtpd[1]: connect from mail.example.org[192.0.2.10]
${host} postfix/smtpd[1]: 4F1aaaaaaa: client=mail.example.org[192.0.2.10]
${host} postfix/qmgr[2]: 4F1aaaaaaa: from=<alice@example.org>, size=1, nrcpt=2 (queue active)
${host} postfix/virtual[3]: 4F1aaaaaaa: to=<bob@example.net>, orig_to=<Bob+x@example.net>, relay=virtual, delay=1, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)
${host} postfix/lmtp[3]: 4F1aaaaaaa: to=<eve@example.net>, relay=x[y], delay=1, dsn=4.0.0, status=deferred (busy)
${host} postfix/qmgr[2]: 4F1aaaaaaa: removed
${host} postfix/submission/smtpd[1]: 4F2aaaaaaa: client=home[198.51.100.9], sasl_method=PLAIN, sasl_username=bob
${host} postfix/qmgr[2]: 4F2aaaaaaa: from=<bob@example.net>, size=1, nrcpt=1 (queue active)
${host} postfix/smtp[3]: 4F2aaaaaaa: to=<carol@example.com>, relay=x[y], delay=1, dsn=2.0.0, status=sent (250 ok)
`.trimStart();

Deno.test("deliveries of Postfix's log make their senders known, plain, packed or exported", async () => {
  const day = new Date((seconds - 3600) * 1000);
  const month = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
  ];
  const local = `${month[day.getMonth()]} ${`${day.getDate()}`.padStart(2)} ` +
    day.toTimeString().slice(0, 8);
  const plain = LOG(`${local} mx`);
  const entries = plain.trimEnd().split("\n").map((line, at) => {
    const [, program, message] = /(postfix\S+?)\[\d+\]: (.*)$/.exec(line)!;
    const stamp = `__CURSOR=s;i=${at}\n__REALTIME_TIMESTAMP=${(seconds - 3600) * 1e6}\n`;
    const head = new TextEncoder().encode(`${stamp}SYSLOG_IDENTIFIER=${program}\n`);
    const bytes = new TextEncoder().encode(message!);
    // What is not plain text is written with its length.
    const size = new Uint8Array(8);
    new DataView(size.buffer).setBigUint64(0, BigInt(bytes.length), true);
    const body = at % 2 === 0
      ? new TextEncoder().encode(`MESSAGE=${message}\n\n`)
      : [...new TextEncoder().encode("MESSAGE\n"), ...size, ...bytes, 10, 10];
    return [...head, ...body];
  });
  const packed = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
  const files: Record<string, Uint8Array> = {
    "mail.log": new TextEncoder().encode(plain),
    "iso.log": new TextEncoder().encode(LOG(`${time(3600)}.000000+00:00 mx`)),
    "mail.log.1.gz": new Uint8Array(await new Response(packed).arrayBuffer()),
    "journal.export": Uint8Array.from(entries.flat()),
  };
  for (const [name, bytes] of Object.entries(files)) {
    await withDatabase(async (greylag, directory, recall) => {
      await Deno.writeFile(`${directory}/${name}`, bytes);
      const args = ["import", "postfix", `${directory}/${name}`, "--json"];
      const first = JSON.parse((await greylag(...args)).out);
      assertEquals([first.known, first.pending, first.origins, first.errors], [2, 0, 2, 0], name);
      for (const origin of ["net:192.0.2.0/24", "org:example.org"]) {
        const key = tripletKey(origin, "alice@example.org", "bob@example.net");
        const { triplets, origins } = recall(key);
        assertEquals(triplets.get(key.id)?.passed, (seconds - 3600) * 1000, name);
        assertEquals(origins.get(origin)?.deliveries, 1);
      }
      const again = JSON.parse((await greylag(...args)).out);
      assertEquals([again.known, again.origins, again.unchanged], [0, 0, 4], name);
    });
  }
});

Deno.test("an invalid date in a log is reported with its line", async () => {
  await withDatabase(async (greylag, directory) => {
    await Deno.writeTextFile(`${directory}/x`, "2026-99-99Tno mx postfix/smtpd[1]: hello\n");
    const { code, err } = await greylag("import", "postfix", `${directory}/x`);
    assertEquals(code, 1);
    assertStringIncludes(err, `${directory}/x:1: invalid date "2026-99-99Tno"`);
  });
});
