import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseLogLine } from "../../lib/import/log_entry.ts";

const NOW = Date.UTC(2026, 0, 2, 12);
const TIME = Date.UTC(2026, 0, 1, 10);
const local = (...date: [number, number, number, number, number]) => new Date(...date).getTime();

Deno.test("a line is read in each format", () => {
  const text = "4F1aaaaaaa: removed";
  const table: [line: string, time: number, service?: string][] = [
    ["Jan  1 10:00:00 mx postfix/qmgr[12]:", local(2026, 0, 1, 10, 0)],
    ["<22>Jan  1 10:00:00 mx postfix/qmgr[12]:", local(2026, 0, 1, 10, 0)],
    ["Jan 01 10:00:00.123456 mx postfix/qmgr[12]:", local(2026, 0, 1, 10, 0)],
    ["Jan  1 10:00:00 mx mail.info postfix/qmgr[12]:", local(2026, 0, 1, 10, 0)],
    ["2026-01-01T10:00:00Z mx postfix/qmgr[12]:", TIME],
    ["2026-01-01T10:00:00.123456+00:00 mx postfix/qmgr[12]:", TIME + 123],
    ["2026-01-01T11:00:00+0100 mx postfix/qmgr[12]:", TIME],
    ["2026-01-01T11:00:00,5+01 mx postfix/qmgr[12]:", TIME + 500],
    ["2026-01-01T10:00:00 mx postfix/qmgr[12]:", local(2026, 0, 1, 10, 0)],
    ["Thu 2026-01-01 10:00:00 UTC mx postfix/qmgr[12]:", TIME],
    ["Thu 2026-01-01 10:00:00 CET mx postfix/qmgr[12]:", local(2026, 0, 1, 10, 0)],
    ["1767261600.123456 mx postfix/qmgr[12]:", TIME + 123],
    ["<22>1 2026-01-01T10:00:00.5Z mx postfix/qmgr 12 - -", TIME + 500],
    ['<22>1 2026-01-01T10:00:00Z mx postfix/qmgr 12 ID [a@1 b="\\]"][c d="]"] \ufeff', TIME],
    ["mail-1  | Jan  1 10:00:00 mx postfix/qmgr[12]:", local(2026, 0, 1, 10, 0)],
    ["\x1b[36mmail-1  |\x1b[0m Jan  1 10:00:00 mx postfix/qmgr[12]:", local(2026, 0, 1, 10, 0)],
    ["mail-1 | 2026-01-01T10:00:00.987654321Z Jan  1 09:00:00 mx postfix/qmgr[12]:", TIME + 987],
    ["2026-01-01T10:00:00.987654321Z postfix/qmgr[12]:", TIME + 987],
    ["mx.1.x@node   | 2026-01-01T10:00:00Z mx postfix/qmgr[12]:", TIME],
    ["Jan  1 10:00:00 mx postfix-in/qmgr[12]:", local(2026, 0, 1, 10, 0), "postfix-in"],
    ["Jan  1 10:00:00 mx postfix/mx/qmgr[12]:", local(2026, 0, 1, 10, 0), "postfix/mx"],
    ["Jan  1 10:00:00 mx postfix/10025/qmgr[1]:", local(2026, 0, 1, 10, 0), "postfix/10025"],
    ["Jan  1 10:00:00 mx mta1/qmgr[1]:", local(2026, 0, 1, 10, 0), "mta1"],
  ];
  for (const [head, time, service = "postfix"] of table) {
    const line = head.endsWith("\ufeff") ? head + text : `${head} ${text}`;
    assertEquals(parseLogLine(line, NOW), { time, service, daemon: "qmgr", text }, line);
  }
});

Deno.test("rsyslog's RFC 5424 names no daemon", () => {
  const line = (app: string) => `<22>1 2026-01-01T10:00:00Z mx ${app} 12 - -  4F1aaaaaaa: removed`;
  for (const service of ["postfix", "postfix-in"]) {
    const expected = { time: TIME, service, daemon: "", text: "4F1aaaaaaa: removed" };
    assertEquals(parseLogLine(line(service), NOW), expected);
  }
  assertEquals(parseLogLine(line("dovecot"), NOW), undefined);
});

Deno.test("lines of other programs are none, whatever text they quote", () => {
  const quoted = "postfix/smtpd[1]: 4F1aaaaaaa: client=mail.example.org[192.0.2.1]";
  const table = [
    "",
    "no log line",
    quoted,
    "Jan  1 10:00:00 mx sshd[1]: hello",
    `Jan  1 10:00:00 mx sshd[1]: Invalid user ${quoted}`,
    `Jan  1 10:00:00 mx sshd[1]: Invalid user x | Jan  1 10:00:00 mx ${quoted}`,
    `2026-01-01T10:00:00Z mx dovecot: imap(x ${quoted}`,
    `web-1 | GET / ${quoted}`,
    `<22>1 2026-01-01T10:00:00Z mx sshd 1 - - ${quoted}`,
  ];
  for (const line of table) assertEquals(parseLogLine(line, NOW), undefined, line);
});

Deno.test("a date without a year is the latest that is not in the future", () => {
  const yearOf = (date: string) =>
    new Date(parseLogLine(`${date} mx postfix/smtpd[1]: x`, NOW)!.time).getFullYear();
  assertEquals(["Jan  1 10:00:00", "Dec 31 10:00:00"].map(yearOf), [2026, 2025]);
});

Deno.test("an invalid date is an error", () => {
  for (const date of ["2026-99-99T10:00:00Z", "2026-01-01T25:00:00Z", "Jan 32 10:00:00"]) {
    assertThrows(
      () => parseLogLine(`${date} mx postfix/smtpd[1]: hello`, NOW),
      Error,
      "invalid date",
    );
  }
});

Deno.test("any line is read in little time, and its time is a whole number", () => {
  const part = fc.constantFrom(
    "Jan  1 10:00:00 ",
    "2026-01-01T10:00:00.1Z ",
    "1767261600.1234567 ",
    "<22>1 ",
    "mx ",
    " | ",
    "[",
    '"',
    "\\",
    "postfix/smtpd[1]: ",
    "a/",
    "x",
    "\u2028",
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
    const entry = parseLogLine(parts.join(""), NOW);
    if (entry !== undefined) assertEquals(Number.isInteger(entry.time), true);
  }));
  for (const one of ["a/", "a.", "[", '["', "<22>1 2026-01-01T10:00:00Z x a/b 1 - [", " | "]) {
    const started = performance.now();
    parseLogLine(`Jan  1 10:00:00 ${one.repeat(100_000)}`, NOW);
    parseLogLine(one.repeat(100_000), NOW);
    assertEquals(performance.now() - started < 2000, true, one);
  }
});
