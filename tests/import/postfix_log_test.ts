import { assertEquals, assertThrows } from "@std/assert";
import { type LoggedMail, PostfixLog } from "../../lib/import/postfix_log.ts";
import { formatAddress } from "../../lib/net/network.ts";

const NOW = Date.UTC(2026, 0, 2, 12);
const ISO = "2026-01-01T10:00:00Z mx";

function deliveries(...lines: string[]): string[] {
  const log = new PostfixLog(NOW);
  return lines.map((line) => log.line(line)).filter((one): one is LoggedMail => one !== undefined)
    .map(({ address, clientName, sender, recipient }) =>
      `${clientName}[${formatAddress(address)}] ${sender} ${recipient}`
    );
}

const CLIENT = `${ISO} postfix/smtpd[1]: 4XABCDEF12: client=mail.example.org[192.0.2.1]`;
const FROM = `${ISO} postfix/qmgr[2]: 4XABCDEF12: from=<alice@example.org>, size=1, nrcpt=1`;
const sentTo = (recipient: string, status = "sent", program = "virtual") =>
  `${ISO} postfix/${program}[3]: 4XABCDEF12: to=<${recipient}>, relay=virtual, status=${status} (ok)`;

Deno.test("a delivery needs its client, its sender and the status sent", () => {
  const delivered = ["mail.example.org[192.0.2.1] alice@example.org bob@example.net"];
  const table: [string[], string[]][] = [
    [[CLIENT, FROM, sentTo("bob@example.net")], delivered],
    [[CLIENT, FROM, sentTo("bob@example.net", "sent", "lmtp")], delivered],
    [
      [
        CLIENT,
        FROM,
        `${ISO} postfix/local[3]: 4XABCDEF12: to=<root@mx>, orig_to=<bob@example.net>, status=sent (ok)`,
      ],
      delivered,
    ],
    [[CLIENT, FROM, sentTo("bob@example.net", "deferred")], []],
    [[CLIENT, sentTo("bob@example.net")], []],
    [[FROM, sentTo("bob@example.net")], []],
    [[`${CLIENT}, sasl_username=alice`, FROM, sentTo("bob@example.net")], []],
    [[CLIENT.replace("192.0.2.1", "127.0.0.1"), FROM, sentTo("bob@example.net")], []],
    [
      [
        CLIENT,
        FROM,
        `${ISO} postfix/qmgr[2]: 4XABCDEF12: removed`,
        sentTo("bob@example.net"),
      ],
      [],
    ],
    [["no log line", `${ISO} sshd[1]: hello`], []],
  ];
  for (const [lines, expected] of table) assertEquals(deliveries(...lines), expected);
});

Deno.test("a temporary rejection at RCPT is a deferral", () => {
  const reject = (reply: string, id = "NOQUEUE") =>
    new PostfixLog(NOW).line(
      `${ISO} postfix/smtpd[1]: ${id}: reject: RCPT from mail.example.org[192.0.2.1]: ${reply}; ` +
        "from=<alice@example.org> to=<bob@example.net> proto=ESMTP helo=<mail.example.org>",
    );
  const { kind, clientName, sender, recipient, address } = reject("450 4.2.0 Greylisted; wait")!;
  assertEquals([kind, clientName, sender, recipient, formatAddress(address)], [
    "deferred",
    "mail.example.org",
    "alice@example.org",
    "bob@example.net",
    "192.0.2.1",
  ]);
  assertEquals(reject("450 4.2.0 Greylisted", "4XABCDEF12")?.kind, "deferred");
  assertEquals(reject("550 5.1.1 unknown user"), undefined);
});

Deno.test("a date without a year is the latest that is not in the future", () => {
  const log = new PostfixLog(NOW);
  const at = (date: string) => {
    log.line(`${date} mx postfix/smtpd[1]: 4XABCDEF12: client=a.example[192.0.2.1]`);
    log.line(`${date} mx postfix/qmgr[1]: 4XABCDEF12: from=<a@b.example>, size=1`);
    const found = log.line(
      `${date} mx postfix/virtual[1]: 4XABCDEF12: to=<c@d.example>, status=sent`,
    );
    return new Date(found!.time).getFullYear();
  };
  assertEquals([at("Jan  1 10:00:00"), at("Dec 31 10:00:00")], [2026, 2025]);
});

Deno.test("an invalid date is an error", () => {
  assertThrows(
    () => new PostfixLog(NOW).line("2026-99-99Tno mx postfix/smtpd[1]: hello"),
    Error,
    'invalid date "2026-99-99Tno"',
  );
});
