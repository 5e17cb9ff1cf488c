import { assert, assertEquals } from "@std/assert";
import { Database } from "@db/sqlite";
import fc from "fast-check";
import type { Item, Reading } from "../../lib/import/item.ts";
import { type Format, readSources } from "../../lib/import/read.ts";
import { emptyCounts, storeChoices, storeItems } from "../../lib/import/write.ts";
import { openStore } from "../../lib/store/open.ts";
import { MINUTE } from "../../lib/text/duration.ts";
import { inDirectory } from "../daemon.ts";
import { RULES } from "../greylist/world.ts";

const NOW = 1_790_000_000_000;
const READING: Reading = { rules: RULES, delay: 5 * MINUTE, now: NOW };

/** A record that makes one item, by format. */
const RECORD: Readonly<Record<Format, string>> = {
  postgrey: "VERSION=3\nformat=print\nHEADER=END\n 192.0.2.0/a@x.example/b@y.example\n" +
    " 1700000000,1700000300\n",
  sqlgrey:
    "\nINSERT INTO connect VALUES('a','x.example','192.0.2.7','b@y.example',1700000000.7);\n",
  postfix:
    "\n1700000000.123456 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.1]: 450 4; " +
    "from=<a@b.example> to=<c@d.example> proto=x\n",
};

/** Parts that a file of each format consists of, and what an attacker would put between. */
const PARTS: Readonly<Record<Format, readonly string[]>> = {
  postgrey: [
    "VERSION=3\nformat=print\nHEADER=END\n",
    "format=bytevalue\n",
    "DATA=END\n",
    " 192.0.2.0/a@x.example/b@y.example\n",
    " 2001:db8::1\n",
    " \\00\\ff//@/@\n",
    " ",
    `${"9".repeat(12)},${"9".repeat(12)}\n`,
    " 0,0\n",
    " 5,1700000000\n",
    " 1,-1\n",
    " 1e9,2\n",
  ],
  sqlgrey: [
    "INSERT INTO connect VALUES(",
    "INSERT INTO from_awl VALUES(",
    "INSERT INTO domain_awl VALUES(",
    "INSERT INTO constructor VALUES(",
    "COPY optout_email (email) FROM stdin;\n",
    "COPY optin_domain (domain) FROM stdin;\n",
    "\nINSERT INTO from_awl VALUES('a','x.example','192.0.2',1700000000.7,1e300);\n",
    "'a','x.example','192.0.2',",
    "'#','RCPT','2001:db8:1:2',",
    "'-undef-','-undef-','192.0.2.7',",
    "'b@y.example',",
    "'x.example',",
    "1700000000,1700000000.5)",
    "1e300,-1e300);\n",
    "'2026-01-01 10:00:00','2026-01-01 10:00:00.123456+02')",
    "NULL,NULL)",
    "'275760-09-13 00:00:00'",
    "),(",
    "\\.\n",
    "__proto__\n",
  ],
  postfix: [
    "Jan  1 10:00:00 mx ",
    "2099-12-31T23:59:59.999999Z mx ",
    "9999999999.999999 mx ",
    "2026-01-01T10:00:00.123456+00:00 mx ",
    "<22>1 2026-01-01T10:00:00.123456Z mx postfix 1 - - ",
    "postfix/smtpd[1]: ",
    "postfix/qmgr[1]: ",
    "postfix/lmtp[1]: ",
    "4F1aaaaaaa: client=mail.example.org[192.0.2.1]\n",
    "4F1aaaaaaa: from=<alice@example.org>, size=1, nrcpt=1\n",
    "4F1aaaaaaa: to=<bob@example.net>, relay=x, status=sent (ok)\n",
    "NOQUEUE: reject: RCPT from a[192.0.2.1]: 450 4; from=<a@b.example> to=<c@d.example> proto=x\n",
    '{"SYSLOG_IDENTIFIER":"postfix/smtpd","__REALTIME_TIMESTAMP":"1700000000123456","MESSAGE":',
    '"4F1aaaaaaa: client=a[192.0.2.1]"}\n',
    "__REALTIME_TIMESTAMP=1700000000123456\n",
    "SYSLOG_IDENTIFIER=postfix/smtpd\n",
    "MESSAGE=",
    "MESSAGE\n",
    "\0\0\0\0\0\0\0\0",
    "\n",
  ],
};

function numbersOf(item: Item): number[] {
  return Object.entries(item.record ?? {}).filter(([name, value]) =>
    typeof value === "number" && name !== "retried" && name !== "abandoned"
  ).map(([, value]) => value as number);
}

for (const format of ["postgrey", "sqlgrey", "postfix"] as const) {
  Deno.test(`whatever a file of ${format} holds, whole numbers reach the store`, async () => {
    await inDirectory(async (directory) => {
      const store = openStore({ database: `${directory}/g.db`, privacy: false });
      const path = `${directory}/file`;
      const part = fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(RECORD[format], ...PARTS[format]) },
        { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
      );
      let stored = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(part, { maxLength: 40 }), async (parts) => {
          await Deno.writeTextFile(path, parts.join(""));
          const { items, choices } = await readSources(
            { format, paths: [path], command: "greylag import" },
            READING,
            { own: [], relayDomains: new Set() },
            () => {},
          );
          for (const item of items) {
            for (const value of numbersOf(item)) {
              assert(Number.isSafeInteger(value) && value >= 0, `${JSON.stringify(item)}`);
            }
            assert(item.record.lastSeen <= NOW && item.record.firstSeen <= NOW);
          }
          const counts = emptyCounts();
          await storeItems(items, store, READING, false, counts, () => {});
          storeChoices(choices, "test", store, false, counts);
          stored += items.length;
        }),
        { numRuns: 300, examples: [[[RECORD[format]]]] },
      );
      store.close();
      assert(stored > 0, "no run found a record");
    });
  });
}

Deno.test("whatever the rows of a database of sqlgrey hold, whole numbers reach the store", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/sqlgrey.db`;
    const db = new Database(path);
    const columns = "sender_name, sender_domain, src, first_seen, last_seen";
    db.exec(`CREATE TABLE connect (sender_name, sender_domain, src, rcpt, first_seen)`);
    db.exec(`CREATE TABLE from_awl (${columns})`);
    db.exec("BEGIN");
    const times = [1.5, 1e300, -5, 1_700_000_000.123, "2026-01-01 10:00:00.5", "x", null];
    for (const first of times) {
      for (const last of times) {
        for (const src of ["192.0.2", "192.0.2.7", "2001:db8::1", "", "1.2.3.4.5", null]) {
          db.prepare("INSERT INTO from_awl VALUES ('a', 'x.example', ?, ?, ?)")
            .run(src, first, last);
          db.prepare("INSERT INTO connect VALUES ('a', 'x.example', ?, 'b@y.example', ?)")
            .run(src, first);
        }
      }
    }
    db.exec("COMMIT");
    db.close();
    let errors = 0;
    const { items } = await readSources(
      { format: "sqlgrey", paths: [path], command: "greylag import" },
      READING,
      { own: [], relayDomains: new Set() },
      () => errors++,
    );
    assert(errors > 0 && items.length > 0);
    for (const item of items) assertEquals(numbersOf(item).every(Number.isSafeInteger), true);
    const store = openStore({ database: `${directory}/g.db`, privacy: false });
    await storeItems(items, store, READING, false, emptyCounts(), () => {});
    store.close();
  });
});
