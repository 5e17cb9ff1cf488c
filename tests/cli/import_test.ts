import { assertEquals, assertStringIncludes } from "@std/assert";
import { Database } from "@db/sqlite";
import { makeAttempt, UNLISTED } from "../../lib/greylist/attempt.ts";
import { decide } from "../../lib/greylist/decide.ts";
import { NO_EVIDENCE } from "../../lib/greylist/evidence.ts";
import type { Memory } from "../../lib/greylist/memory.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { RULES } from "../greylist/world.ts";
import { inDirectory } from "../daemon.ts";
import { dump } from "../import/dump.ts";
import { greylag as runGreylag, type Run } from "./database.ts";

const seconds = Math.floor(Date.now() / 1000);

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
    read: <T>(use: (memory: Memory) => T) => T,
  ) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    const settings = { database: `${directory}/g.db`, privacy: false };
    await openStore(settings).close();
    await body(
      (...args) => runGreylag(...args, `--database=${settings.database}`),
      directory,
      (use) => {
        using store = closing(openStore(settings));
        let found: { readonly value: ReturnType<typeof use> } | undefined;
        store.greylist.exchange((memory) => {
          found = { value: use(memory) };
          return [];
        });
        return found!.value;
      },
    );
  });
}

function closing(store: Store): Store & Disposable {
  return Object.assign(store, { [Symbol.dispose]: () => store.close() });
}

/** The verdict on an attempt now, as `decision reason`. */
function verdictOn(
  memory: Memory,
  client: string,
  clientName: string,
  sender: string,
  recipient: string,
): string {
  const attempt = makeAttempt({
    stage: "RCPT",
    authenticated: false,
    address: parseAddress(client)!,
    clientName,
    heloName: "",
    sender,
    recipient,
    instance: "",
  }, "+");
  const about = { attempt, listing: UNLISTED, evidence: NO_EVIDENCE, listsAreFresh: true };
  const decision = decide(about, memory, { ...RULES, sampleKey: "" }, Date.now());
  if ("ask" in decision) throw new Error(`the decision asks for ${decision.ask}`);
  return `${decision.verdict.decision} ${decision.verdict.reason}`;
}

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
    };
    const dry = await greylag(...args, "--dry-run");
    assertEquals(JSON.parse(dry.out), { dry_run: true, ...expected });
    const key = { sender: "bounce-#@list.example", recipient: "bob@example.net" };
    assertEquals(read((memory) => memory.relation(key)), undefined);

    assertEquals(JSON.parse((await greylag(...args)).out), { dry_run: false, ...expected });
    assertEquals(read((memory) => memory.relation(key)), {
      origins: ["net:192.0.2.0/24"],
      firstSeen: (seconds - 1000) * 1000,
      lastSeen: (seconds - 500) * 1000,
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
      `${seconds - 1000},${seconds}`,
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
      dump(["192.0.2.0/a@x.example/b@y.example", `${seconds - first},${seconds - last}`]);
    const clients = (count: number, last: number) =>
      dump(["192.0.2.7", `${count},${seconds - last}`]);
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
      firstSeen: (seconds - 5000) * 1000,
      lastSeen: (seconds - 10) * 1000,
    });
    const reputation = read((memory) => memory.reputation("ip:192.0.2.7"))!;
    assertEquals([reputation.total, Math.round(reputation.retried)], [9, 9]);
    assertEquals(reputation.lastSeen, (seconds - 10) * 1000);
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
  await withDatabase(async (greylag, directory, read) => {
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
      reputations: 3,
      choices: 1,
      unchanged: 0,
      expired: 0,
      errors: 0,
    });
    const [pending] = read((memory) =>
      memory.pending({ sender: "it's@x.example", recipient: "bob@example.net" })
    );
    assertEquals([pending?.network, pending?.firstSeen], [
      "net:192.0.2.0/24",
      (seconds - 60) * 1000,
    ]);
    const [bounce] = read((memory) => memory.pending({ sender: "", recipient: "bob@example.net" }));
    assertEquals(bounce?.network, "net:2001:db8:0:1::/64");
    const verdict = (client: string, name: string, sender: string) =>
      read((memory) => verdictOn(memory, client, name, sender, "anybody@example.net"));
    const named = "mail.provider.example";
    assertEquals(verdict("198.51.100.9", named, "a@x.example"), "pass auto-whitelisted");
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
    assertEquals([again.pending, again.reputations, again.unchanged, again.errors], [0, 0, 6, 0]);
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
    await withDatabase(async (greylag, directory, read) => {
      await Deno.writeFile(`${directory}/${name}`, bytes);
      const args = ["import", "postfix", `${directory}/${name}`, "--json"];
      const first = JSON.parse((await greylag(...args)).out);
      const kept = [first.known, first.pending, first.reputations, first.errors];
      assertEquals(kept, [1, 0, 0, 0], name);
      const key = { sender: "alice@example.org", recipient: "bob@example.net" };
      assertEquals(
        read((memory) => memory.relation(key)),
        {
          origins: ["ip:192.0.2.10", "net:192.0.2.0/24", "org:example.org"],
          firstSeen: (seconds - 3600) * 1000,
          lastSeen: (seconds - 3600) * 1000,
        },
        name,
      );
      const again = JSON.parse((await greylag(...args)).out);
      assertEquals([again.known, again.reputations, again.unchanged], [0, 0, 1], name);
    });
  }
});

Deno.test("only a delivery that was deferred before counts as retried", async () => {
  const stamp = (ago: number) => `${time(ago)}.000000+00:00 mx`;
  const reject = (ago: number, from: string) =>
    `${stamp(ago)} postfix/smtpd[1]: NOQUEUE: reject: RCPT from mail.example.org[192.0.2.10]: ` +
    "450 4.2.0 <bob@example.net>: Recipient address rejected: Greylisted; " +
    `from=<${from}> to=<bob@example.net> proto=ESMTP helo=<mail.example.org>\n`;
  const log = reject(5000, "alice@example.org") + reject(3700, "carol@example.org") +
    LOG(stamp(3600));
  await withDatabase(async (greylag, directory, read) => {
    await Deno.writeTextFile(`${directory}/x`, log);
    const { known, pending, reputations } = JSON.parse(
      (await greylag("import", "postfix", `${directory}/x`, "--json")).out,
    );
    assertEquals([known, pending, reputations], [1, 1, 3]);
    for (const name of ["ip:192.0.2.10", "net:192.0.2.0/24 example.org", "org:example.org"]) {
      assertEquals(read((memory) => memory.reputation(name)?.total), 1, name);
    }
  });
});

Deno.test("an invalid date in a log is reported with its line", async () => {
  await withDatabase(async (greylag, directory) => {
    await Deno.writeTextFile(`${directory}/x`, "2026-99-99Tno mx postfix/smtpd[1]: hello\n");
    const { code, err } = await greylag("import", "postfix", `${directory}/x`);
    assertEquals(code, 1);
    assertStringIncludes(err, `${directory}/x:1: invalid date "2026-99-99Tno"`);
  });
});
