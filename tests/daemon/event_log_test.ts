import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { Verdict } from "../../lib/greylist/model.ts";
import { PolicyRequest } from "../../lib/postfix/request.ts";
import {
  escapeValue,
  EventLog,
  type LinePrefix,
  type LogSettings,
} from "../../lib/daemon/event_log.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";

function eventLogWith(
  settings: Partial<LogSettings> = {},
  prefix: LinePrefix = "priority",
): { journal: EventLog; lines: string[]; clock: { now: number } } {
  const lines: string[] = [];
  const clock = { now: Date.UTC(2026, 10, 24, 12) };
  const sink = {
    write: (line: () => string) => lines.push(line()),
    flush: () => Promise.resolve(),
  };
  const all: LogSettings = { logLevel: "info", logFormat: "text", ...settings };
  return { journal: new EventLog(sink, all, prefix, () => clock.now), lines, clock };
}

const request = (given: Record<string, string> = {}) =>
  new PolicyRequest(
    Object.entries({
      client_name: "mail.example.org",
      client_address: "192.0.2.10",
      sender: "alice@example.org",
      recipient: "bob@example.net",
      ...given,
    }).map(([name, value]) => `${name}=${value}\n`).join(""),
  );

const NEW: Verdict = { decision: "defer", reason: "new", wait: 59_001 };

Deno.test("a decision is one line with postgrey's names first", () => {
  const { journal, lines } = eventLogWith();
  journal.decision(request(), NEW);
  journal.decision(request({ sender: "", queue_id: "4F2" }), {
    decision: "pass",
    reason: "retried",
    delayed: 61_500,
    firstOfMessage: true,
    origin: "net:192.0.2.0/24",
  });
  assertEquals(lines, [
    "<6>action=greylist, reason=new, client_name=mail.example.org, client_address=192.0.2.10, " +
    "sender=alice@example.org, recipient=bob@example.net, wait=60",
    "<6>action=pass, reason=retried, delay=61, client_name=mail.example.org, " +
    "client_address=192.0.2.10, sender=<>, recipient=bob@example.net, origin=net:192.0.2.0/24, " +
    "queue_id=4F2",
  ]);
});

Deno.test("without journald a line begins with its time and level", () => {
  const { journal, lines } = eventLogWith({}, "time");
  journal.listening("inet:127.0.0.1:10023");
  assertEquals(lines, ["2026-11-24T12:00:00.000Z info: listening on inet:127.0.0.1:10023"]);
});

Deno.test("JSON is an object a line with the same names", () => {
  const { journal, lines } = eventLogWith({ logFormat: "json" });
  journal.decision(request({ sender: 'q"\u202e\u007f' }), NEW);
  assertEquals(JSON.parse(lines[0]!), {
    time: "2026-11-24T12:00:00.000Z",
    level: "info",
    event: "decision",
    action: "greylist",
    reason: "new",
    client_name: "mail.example.org",
    client_address: "192.0.2.10",
    sender: 'q"\u202e\u007f',
    recipient: "bob@example.net",
    wait: 60,
  });
  assertMatch(lines[0]!, /^[\x20-\x7e]*$/);
});

Deno.test("no value breaks out of its field, its line or the terminal", () => {
  assertEquals(escapeValue("alice+x=y@example.org"), "alice+x=y@example.org");
  assertEquals(escapeValue("jürgen@bücher.example"), "jürgen@bücher.example");
  assertEquals(escapeValue("a b,c\\d"), "a\\u{20}b\\u{2c}c\\u{5c}d");
  assertEquals(escapeValue("\x1b[2J\u202e\u200b\ufeff"), "\\u{1b}[2J\\u{202e}\\u{200b}\\u{feff}");
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 500 }), (value) => {
    const escaped = escapeValue(value);
    assert(!/[\p{C}\p{Z}\s,"\\]/u.test(escaped.replaceAll(/\\u\{[0-9a-f]+\}/g, "")));
    const { journal, lines } = eventLogWith();
    journal.decision(request({ sender: value.replaceAll("\n", "") }), NEW);
    assertEquals(lines.length, 1);
    assertEquals(lines[0]!.split(", ").length, 7);
    assert(!/[\p{Cc}\p{Cf}]/u.test(lines[0]!));
    const json = eventLogWith({ logFormat: "json" });
    json.journal.decision(request({ sender: value.replaceAll("\n", "") }), NEW);
    assert(!/[\p{Cc}\p{Cf}]/u.test(json.lines[0]!));
    JSON.parse(json.lines[0]!);
  }));
});

Deno.test("a value of 64 KiB does not fill the log", () => {
  const { journal, lines } = eventLogWith();
  journal.decision(request({ sender: "x".repeat(65_536) }), NEW);
  assert(lines[0]!.length < 700);
});

Deno.test("each level includes those before it", () => {
  const count = (logLevel: LogSettings["logLevel"]) => {
    const { journal, lines } = eventLogWith({ logLevel });
    journal.decision(request(), NEW);
    journal.warning("w");
    journal.reloadFailed("e");
    assertEquals(journal.counters.reasons.new, 1);
    return lines.length;
  };
  assertEquals([count("error"), count("warning"), count("info"), count("debug")], [1, 2, 3, 3]);
});

Deno.test("a fault is logged once a minute, with what to do and how often it came", () => {
  const { journal, lines, clock } = eventLogWith();
  const fault = new DatabaseError(
    "full",
    "/var/lib/greylag/greylag.db",
    "database or disk is full",
  );
  for (let second = 0; second < 120; second++) {
    journal.storeIll(fault);
    clock.now += 1000;
  }
  assertEquals(lines.length, 2);
  assertStringIncludes(
    lines[0]!,
    "<3>database /var/lib/greylag/greylag.db: database or disk is full",
  );
  assertStringIncludes(lines[0]!, "free some space");
  assertStringIncludes(lines[0]!, "all mail passes");
  assertStringIncludes(lines[1]!, "(and 59 times more)");
  assertEquals(journal.counters.storeFaults, 120);
  journal.storeRecovered();
  journal.storeIll(fault);
  assertEquals(lines.length, 4);
});

Deno.test("a text of several lines is one line", () => {
  const { journal, lines } = eventLogWith();
  journal.bug(new Error("first\nsecond\x1b[0m"));
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /^[\x20-\x7e]*$/);
});

Deno.test("what is too much at once is counted each time, and told once a minute", () => {
  const { journal, lines } = eventLogWith();
  for (let turn = 0; turn < 3; turn++) {
    journal.historyDropped();
    journal.backgroundLookupsDropped();
  }
  assertEquals([
    journal.counters.historyDropped,
    journal.counters.backgroundLookupsDropped,
    lines.length,
  ], [3, 3, 2]);
});
