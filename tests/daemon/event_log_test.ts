import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { EventLog, type LogSettings } from "../../lib/daemon/event_log.ts";
import type { LinePrefix } from "../../lib/daemon/log_line.ts";
import type { Verdict } from "../../lib/greylist/model.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { parseRequest } from "../../lib/daemon/parsed_request.ts";
import { PolicyRequest } from "../../lib/postfix/request.ts";
import { decisionEvent, policyRequest } from "./request.ts";

function eventLogWith(
  settings: Partial<LogSettings> = {},
  prefix: LinePrefix = "priority",
): { log: EventLog; lines: string[]; clock: { now: number } } {
  const lines: string[] = [];
  const clock = { now: Date.UTC(2026, 10, 24, 12) };
  const sink = {
    write: (line: string) => lines.push(line),
    flush: () => Promise.resolve(),
  };
  const all: LogSettings = { logLevel: "info", logFormat: "text", ...settings };
  return { log: new EventLog(sink, all, prefix, () => clock.now), lines, clock };
}

const NEW: Verdict = { decision: "defer", reason: "new", wait: 59_001 };

const NAMED = { client_name: "mail.example.org" };

const FULL = new DatabaseError("full", "/var/lib/greylag/greylag.db", "database or disk is full");

Deno.test("a decision is one line with postgrey's names first", () => {
  const { log, lines } = eventLogWith();
  log.handle(decisionEvent(NEW, NAMED));
  const retried: Verdict = {
    decision: "pass",
    reason: "retried",
    delayed: 61_500,
    firstOfMessage: true,
    origin: "net:192.0.2.0/24",
  };
  log.handle(decisionEvent(retried, { ...NAMED, sender: "", queue_id: "4F2" }));
  assertEquals(lines, [
    "<6>action=greylist, reason=new, client_name=mail.example.org, client_address=192.0.2.10, " +
    "sender=alice@example.org, recipient=bob@example.net, wait=60",
    "<6>action=pass, reason=retried, delay=61, client_name=mail.example.org, " +
    "client_address=192.0.2.10, sender=<>, recipient=bob@example.net, origin=net:192.0.2.0/24, " +
    "queue_id=4F2",
  ]);
});

Deno.test("a request that passes because of an error has no line besides the error's", () => {
  const { log, lines } = eventLogWith();
  log.handle(decisionEvent({ decision: "pass", reason: "fault" }));
  assertEquals(lines, []);
});

Deno.test("a health check is logged at level debug only", () => {
  const healthCheck = new PolicyRequest("request=smtpd_access_policy\nprotocol_state=CONNECT\n");
  const count = (logLevel: LogSettings["logLevel"], request: PolicyRequest) => {
    const { log, lines } = eventLogWith({ logLevel });
    log.handle({
      kind: "decision",
      request: parseRequest(request, 0, "+"),
      verdict: { decision: "pass", reason: "out-of-scope" },
    });
    return lines.length;
  };
  assertEquals([count("info", healthCheck), count("debug", healthCheck)], [0, 1]);
  assertEquals(count("info", policyRequest({ protocol_state: "CONNECT" })), 1);
});

Deno.test("a sentence stays on one line", () => {
  const { log, lines } = eventLogWith();
  log.handle({ kind: "warning", text: "two\nlines" });
  assertEquals(lines, ["<4>two\\u{a}lines"]);
});

Deno.test("without journald a line begins with its time and level", () => {
  const { log, lines } = eventLogWith({}, "time");
  log.handle({ kind: "listening", endpoint: "inet:127.0.0.1:10023" });
  assertEquals(lines, ["2026-11-24T12:00:00.000Z info: listening on inet:127.0.0.1:10023"]);
});

Deno.test("JSON is an object a line with the same names", () => {
  const { log, lines } = eventLogWith({ logFormat: "json" });
  log.handle(decisionEvent(NEW, { ...NAMED, sender: 'q"\u202e\u007f' }));
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

Deno.test("property: no value breaks out of its field, its line or the terminal", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 500 }), (value) => {
    const sender = value.replaceAll("\n", "");
    const { log, lines } = eventLogWith();
    log.handle(decisionEvent(NEW, { sender }));
    assertEquals(lines.length, 1);
    assertEquals(lines[0]!.split(", ").length, 7);
    assert(!/[\p{Cc}\p{Cf}]/u.test(lines[0]!));
    const json = eventLogWith({ logFormat: "json" });
    json.log.handle(decisionEvent(NEW, { sender }));
    assert(!/[\p{Cc}\p{Cf}]/u.test(json.lines[0]!));
    JSON.parse(json.lines[0]!);
  }));
});

Deno.test("a value of 64 KiB does not fill the log", () => {
  const { log, lines } = eventLogWith();
  log.handle(decisionEvent(NEW, { sender: "x".repeat(65_536) }));
  assert(lines[0]!.length < 700);
});

Deno.test("each level includes those before it", () => {
  const count = (logLevel: LogSettings["logLevel"]) => {
    const { log, lines } = eventLogWith({ logLevel });
    log.handle(decisionEvent(NEW));
    log.handle({ kind: "warning", text: "w" });
    log.handle({ kind: "reload-failed", why: "e" });
    return lines.length;
  };
  assertEquals([count("error"), count("warning"), count("info"), count("debug")], [1, 2, 3, 3]);
});

Deno.test("the level and the format can change", () => {
  const { log, lines } = eventLogWith({ logLevel: "error" });
  log.handle(decisionEvent(NEW));
  log.configure({ logLevel: "info", logFormat: "json" });
  log.handle(decisionEvent(NEW));
  assertEquals(lines.length, 1);
  assertEquals(JSON.parse(lines[0]!).reason, "new");
});

Deno.test("an error is logged once a minute, with its remedy and the number suppressed", () => {
  const { log, lines, clock } = eventLogWith();
  for (let second = 0; second < 120; second++) {
    log.handle({ kind: "database-failed", error: FULL });
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
  log.handle({ kind: "database-recovered" });
  log.handle({ kind: "database-failed", error: FULL });
  assertEquals(lines.length, 4);
});

Deno.test("a text of several lines is one line", () => {
  const { log, lines } = eventLogWith();
  log.handle({ kind: "bug", error: new Error("first\nsecond\x1b[0m") });
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /^[\x20-\x7e]*$/);
});

Deno.test("overload is logged once a minute", () => {
  const { log, lines } = eventLogWith();
  for (let turn = 0; turn < 3; turn++) {
    log.handle({ kind: "history-dropped", count: 1 });
    log.handle({ kind: "background-lookup-dropped" });
  }
  assertEquals(lines.length, 2);
});
