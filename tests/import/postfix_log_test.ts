import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseLogLine } from "../../lib/import/log_entry.ts";
import { readLog } from "../../lib/import/log_reader.ts";
import { type Exclusion, type LoggedMail, PostfixLog } from "../../lib/import/postfix_log.ts";
import { formatAddress, parseNetwork } from "../../lib/net/network.ts";

const NOW = Date.UTC(2026, 0, 2, 12);
const HEAD = "2026-01-01T10:00:00Z mx";

function read(lines: readonly string[], own: readonly string[] = [], relayDomains = [""]) {
  const log = new PostfixLog({
    own: own.map((network) => parseNetwork(network)!),
    relayDomains: new Set(relayDomains),
  });
  const mails = lines.flatMap((line) => {
    const entry = parseLogLine(line, NOW);
    const mail = entry && log.entry(entry);
    if (mail === undefined) return [];
    const { kind, address, clientName, sender, recipient } = mail;
    return `${kind} ${clientName}[${formatAddress(address)}] ${sender} ${recipient}`;
  });
  const excluded = Object.entries(log.counts.excluded)
    .filter(([, count]) => count > 0).map(([why]) => why);
  return { mails, excluded, counts: log.counts };
}

const accepted = (rest: string, service = "postfix", id = "4F1aaaaaaa") =>
  `${HEAD} ${service}/smtpd[1]: ${id}: client=${rest}`;
const FROM =
  `${HEAD} postfix/qmgr[2]: 4F1aaaaaaa: from=<alice@example.org>, size=1, nrcpt=1 (queue active)`;
const delivery = (
  { to = "bob@example.net", daemon = "virtual", relay = "virtual", status = "sent", reply = "ok" },
) =>
  `${HEAD} postfix/${daemon}[3]: 4F1aaaaaaa: to=<${to}>, relay=${relay}, delay=0.1, ` +
  `delays=0.1/0/0/0, dsn=2.0.0, status=${status} (${reply})`;
const CLIENT = accepted("mail.example.org[192.0.2.1]");
const SENT = delivery({});
const DELIVERED = "delivered mail.example.org[192.0.2.1] alice@example.org bob@example.net";

Deno.test("a delivery needs its client, its sender and the status sent", () => {
  const table: [string[], string[]][] = [
    [[CLIENT, FROM, SENT], [DELIVERED]],
    [[CLIENT, FROM, delivery({ daemon: "lmtp", relay: "mx[private/dovecot-lmtp]" })], [DELIVERED]],
    [[CLIENT, FROM, delivery({ daemon: "pipe", relay: "dovecot" })], [DELIVERED]],
    [
      [CLIENT, FROM, delivery({ daemon: "local", to: "root@mx>, orig_to=<bob@example.net" })],
      [DELIVERED],
    ],
    [[CLIENT, FROM, delivery({ status: "deferred" })], []],
    [[CLIENT, FROM, delivery({ daemon: "discard" })], []],
    [[CLIENT, FROM, delivery({ daemon: "bounce" })], []],
    [[CLIENT, SENT], []],
    [[FROM, SENT], []],
    [[CLIENT, FROM, `${HEAD} postfix/qmgr[2]: 4F1aaaaaaa: removed`, SENT], []],
    [["no log line", `${HEAD} sshd[1]: hello`], []],
  ];
  for (const [lines, expected] of table) assertEquals(read(lines).mails, expected, lines.join());
});

Deno.test("the service name and the port of the client change nothing", () => {
  for (const service of ["postfix", "postfix/mx", "postfix-in", "postfix/10025", "mta1"]) {
    assertEquals(
      read([accepted("mail.example.org[192.0.2.1]:4711", service), FROM, SENT]).mails,
      [DELIVERED],
      service,
    );
  }
});

Deno.test("a delivery that shows no trustworthy client is excluded", () => {
  const table: [lines: string[], why: Exclusion, own?: string[]][] = [
    [[accepted("localhost[127.0.0.1]"), FROM, SENT], "local"],
    [[`${HEAD} postfix/pickup[1]: 4F1aaaaaaa: uid=0 from=<root>`, FROM, SENT], "local"],
    [[accepted("unknown[10.0.0.7]"), FROM, SENT], "own"],
    [[CLIENT, FROM, SENT], "own", ["198.51.100.0/24", "192.0.2.0/28"]],
    [
      [accepted("home[192.0.2.1], sasl_method=PLAIN, sasl_username=bob"), FROM, SENT],
      "own",
    ],
    [[accepted("home[192.0.2.1]", "postfix/submission"), FROM, SENT], "own"],
    [[accepted("home[192.0.2.1]", "postfix/smtps"), FROM, SENT], "own"],
    [
      [CLIENT, FROM, delivery({ daemon: "smtp", relay: "mx.example.com[198.51.100.1]:25" })],
      "outgoing",
    ],
    [[FROM, SENT], "untraced"],
    [[CLIENT, FROM, delivery({ daemon: "discard", relay: "none", reply: "ok" })], "discarded"],
    ...[
      "250 2.7.0 Ok, discarded, id=123-01 - spam",
      "250 2.6.0 message quarantined",
      "250 this is SPAM, thank you",
      "250 infected: Eicar",
      "delivered to file: /dev/null",
    ].map((reply): [string[], Exclusion] => [[CLIENT, FROM, delivery({ reply })], "discarded"]),
  ];
  for (const [lines, why, own] of table) {
    const { mails, excluded } = read(lines, own);
    assertEquals([mails, excluded], [[], [why]], lines.join());
  }
});

Deno.test("a reply that names an address or a filter in passing is a delivery", () => {
  for (
    const reply of [
      "250 2.0.0 <spam@example.net> abc Saved",
      "delivered via spamassassin service",
      "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4F2aaaaaaa",
    ]
  ) {
    assertEquals(read([CLIENT, FROM, delivery({ reply })]).mails, [DELIVERED], reply);
  }
});

Deno.test("mail that goes on by SMTP counts for relayed and aliased recipients", () => {
  const onwards = (to: string, relay: string) =>
    read([CLIENT, FROM, delivery({ daemon: "smtp", to, relay })], [], ["example.net"]).mails;
  const outside = "mx.example.com[198.51.100.1]:25";
  assertEquals(onwards("bob@example.net", outside), [DELIVERED], "relay domain");
  assertEquals(onwards("bob@example.org", outside), []);
  assertEquals(onwards("bob@gmail.com>, orig_to=<bob@example.net", outside), [DELIVERED], "alias");
  assertEquals(onwards("bob@example.net", "10.0.0.5[10.0.0.5]:25"), [DELIVERED], "inner host");
  assertEquals(onwards("bob@example.net", "127.0.0.1[127.0.0.1]:10024"), [DELIVERED], "filter");
});

Deno.test("behind a filter the client is the original one, counted once", () => {
  const back = (rest: string) => accepted(`localhost[127.0.0.1]${rest}`, "postfix/10025");
  const original = ", orig_client=mail.example.org[192.0.2.1]";
  assertEquals(read([back(original), FROM, SENT]).mails, [DELIVERED], "before-queue");
  const user = accepted("home[192.0.2.1], sasl_username=bob", "postfix", "NOQUEUE");
  assertEquals(read([user, back(original), FROM, SENT]).excluded, ["own"], "authenticated");
  const proxied = accepted("mail.example.org[192.0.2.1]", "postfix", "NOQUEUE");
  assertEquals(read([proxied, back(original), FROM, SENT]).mails, [DELIVERED]);
  const first = [CLIENT, FROM, SENT].map((line) => line.replaceAll("4F1aaaaaaa", "4F0aaaaaaa"));
  const queue = `, orig_queue_id=4F0aaaaaaa${original}`;
  const { mails, excluded } = read([...first, back(queue), FROM, SENT]);
  assertEquals([mails, excluded], [[DELIVERED], ["local"]], "after-queue");
});

const reject = (reply: string, { id = "NOQUEUE", from = "mail.example.org[192.0.2.1]" } = {}) =>
  `${HEAD} postfix/smtpd[1]: ${id}: reject: RCPT from ${from}: ${reply}; ` +
  "from=<alice@example.org> to=<bob@example.net> proto=ESMTP helo=<mail.example.org>";

Deno.test("a temporary rejection at RCPT is a deferral", () => {
  const deferred = ["deferred mail.example.org[192.0.2.1] alice@example.org bob@example.net"];
  const table: [line: string, mails: string[]][] = [
    [reject("450 4.2.0 Greylisted; wait"), deferred],
    [reject("450 4.2.0 Greylisted", { id: "4XABCDEF12" }), deferred],
    [reject("450 4.2.0 Greylisted", { from: "mail.example.org[192.0.2.1]:4711" }), deferred],
    [reject("550 5.1.1 unknown user"), []],
    [reject("450 4.2.0 Greylisted", { from: "unknown[10.0.0.1]" }), []],
    [
      `${HEAD} postfix/postscreen[1]: NOQUEUE: reject: RCPT from [192.0.2.1]:4711: ` +
      "450 4.3.2 Service currently unavailable; from=<alice@example.org>, to=<bob@example.net>, " +
      "proto=ESMTP, helo=<mail.example.org>",
      ["deferred unknown[192.0.2.1] alice@example.org bob@example.net"],
    ],
  ];
  for (const [line, mails] of table) assertEquals(read([line]).mails, mails, line);
});

Deno.test("without the names of the daemons the messages tell", () => {
  const table: [string[], string[]][] = [
    [[CLIENT, FROM, SENT], [DELIVERED]],
    [[CLIENT, FROM, delivery({ daemon: "discard", relay: "none" })], []],
    [[CLIENT, FROM, delivery({ daemon: "smtp", relay: "mx.example.com[198.51.100.1]:25" })], []],
    [[CLIENT, FROM, delivery({ daemon: "smtp", relay: "filter[127.0.0.1]:10024" })], [DELIVERED]],
    [[CLIENT, FROM, delivery({ daemon: "lmtp", relay: "mx[private/lmtp]" })], [DELIVERED]],
    [[`${HEAD} postfix/pickup[1]: 4F1aaaaaaa: uid=0 from=<root>`, FROM, SENT], []],
    [[CLIENT, FROM, `${HEAD} postfix/qmgr[2]: 4F1aaaaaaa: removed`, SENT], []],
  ];
  for (const [lines, expected] of table) {
    const anonymous = lines.map((line) =>
      line.replace(/^(\S+) mx postfix\/\w+\[(\d+)\]:/, "<22>1 $1 mx postfix $2 - - ")
    );
    assertEquals(read(anonymous).mails, expected, lines.join());
  }
});

Deno.test("what a client says does not look like the end of a line", () => {
  const helo = reject("550 5.7.1 no")
    .replace("helo=<", "helo=<x: 450 4; from=<v@example.org> to=<u@example.net> proto=");
  assertEquals(read([helo]).mails, []);
  const forged = delivery({ to: 'x>, relay=x, status=sent (ok)"@example.net', status: "bounced" });
  assertEquals(read([CLIENT, FROM, forged]).mails, []);
  const reply = delivery({ status: "deferred", reply: "host said: status=sent (ok)" });
  assertEquals(read([CLIENT, FROM, reply]).mails, []);
});

Deno.test("deliveries, deferrals and lines are counted", () => {
  const { counts } = read([
    CLIENT,
    FROM,
    SENT,
    SENT,
    reject("450 4.2.0 Greylisted"),
    accepted("localhost[::1]", "postfix", "4F2aaaaaaa"),
  ]);
  assertEquals(counts, {
    lines: 6,
    deliveries: 2,
    deferrals: 1,
    excluded: { local: 0, own: 0, outgoing: 0, discarded: 0, untraced: 0 },
  });
});

Deno.test("any text of Postfix is read", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom("4F1aaaaaaa: ", "client=", "a[192.0.2.1]", "from=<", "to=<", ">, ", "status="),
  );
  const daemon = fc.constantFrom("smtpd", "qmgr", "virtual", "smtp", "pickup", "postscreen");
  const entry = fc.tuple(daemon, fc.array(piece)).map(([one, pieces]) => ({
    time: NOW,
    service: "postfix",
    daemon: one,
    text: pieces.join(""),
  }));
  fc.assert(fc.property(fc.array(entry), (entries) => {
    const log = new PostfixLog({ own: [], relayDomains: new Set() });
    for (const one of entries) log.entry(one);
  }));
});

Deno.test("mail keeps nothing else of its log in memory", async () => {
  const other = `2026-09-21T10:00:00Z mx other[1]: ${"x".repeat(1_000_000)}\n`;
  const pieces = 400;
  const log = async function* () {
    for (let at = 0; at < pieces; at++) {
      const id = `4F${`${at}`.padStart(8, "0")}`;
      const lines = [
        `smtpd[1]: ${id}: client=mail.a-long-name.example[198.51.100.7]`,
        `qmgr[1]: ${id}: from=<a.long.name${at}@example.org>, size=1, nrcpt=1 (queue active)`,
        `local[1]: ${id}: to=<another.name${at}@example.net>, relay=local, status=sent (ok)`,
      ].map((line) => `2026-09-21T10:00:00Z mx postfix/${line}\n`);
      yield new TextEncoder().encode(other + lines.join(""));
    }
  };
  const postfixLog = new PostfixLog({ own: [], relayDomains: new Set() });
  const mails: LoggedMail[] = [];
  const before = Deno.memoryUsage().heapUsed;
  for await (const { entries } of readLog(log(), Date.UTC(2026, 9, 1))) {
    for (const entry of entries) {
      const mail = postfixLog.entry(entry);
      if (mail !== undefined) mails.push(mail);
    }
  }
  const grown = Deno.memoryUsage().heapUsed - before;
  assertEquals(mails.length, pieces);
  assert(grown < pieces * 500_000, `${grown} bytes`);
});
