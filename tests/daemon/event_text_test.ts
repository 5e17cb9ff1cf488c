import { assert, assertEquals } from "@std/assert";
import { decisionFields, decisionText, messagesOf } from "../../lib/daemon/event_text.ts";
import type { DaemonEvent } from "../../lib/daemon/events.ts";
import { Counters } from "../../lib/daemon/counters.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { decisionEvent } from "./request.ts";

const PATH = "/etc/greylag/clients";

const TABLE: readonly (readonly [event: DaemonEvent, ...lines: string[]])[] = [
  [
    { kind: "started", version: "1.2", database: "/g.db" },
    "info started: greylag 1.2 started, database /g.db",
  ],
  [
    { kind: "stopping", signal: "SIGTERM" },
    "info stopping: SIGTERM received: answering open requests, then stopping",
  ],
  [
    { kind: "stopped", counters: new Counters().snapshot() },
    "info stopped: stopped after 0 requests: 0 passed, 0 greylisted",
  ],
  [{ kind: "reloaded", needRestart: [] }, "info reloaded: configuration reread"],
  [
    { kind: "reloaded", needRestart: ["listen", "database"] },
    "info reloaded: configuration reread",
    "warning restart-needed: settings that change only at a restart: listen, database",
  ],
  [
    {
      kind: "list-read",
      path: PATH,
      entries: 3,
      errors: [{ path: PATH, line: 2, why: "not a name" }],
    },
    `error list-error: ${PATH}:2: not a name`,
    `info list-read: ${PATH}: 3 entries`,
  ],
  [
    { kind: "list-failed", path: PATH, why: "permission denied", kept: 0 },
    `error list-failed: ${PATH}: cannot use this list: permission denied`,
  ],
  [
    { kind: "list-failed", path: PATH, why: "no such file or directory", kept: 57 },
    `error list-failed: ${PATH}: cannot use this list: no such file or directory; ` +
    "its last 57 entries stay in force",
  ],
  [
    { kind: "connection-rejected", endpoint: "inet:[::1]:10023", why: "too many connections" },
    "warning connection-rejected: inet:[::1]:10023: connection closed: too many connections",
  ],
  [
    { kind: "log-lines-dropped", count: 7 },
    "warning log-lines-dropped: log lines dropped: 7; the reader of the log is too slow",
  ],
  [
    { kind: "pending-limit", maxPending: 2_000_000, maxPendingPerOrigin: 20_000 },
    "warning pending-limit: pending limit reached (max_pending = 2000000, " +
    "max_pending_per_origin = 20000): evicting the oldest",
  ],
  [
    { kind: "page-listening", where: "http://127.0.0.1:10623/", isLocal: true },
    "info page-listening: status server on http://127.0.0.1:10623/",
  ],
  [
    { kind: "page", event: { kind: "sign-in-failed", address: "192.0.2.1" } },
    "warning sign-in-failed: status page: wrong password from 192.0.2.1",
  ],
];

Deno.test("each event has its sentences, which begin with the subject", () => {
  for (const [event, ...lines] of TABLE) {
    const found = messagesOf(event).map(({ level, event, text }) => `${level} ${event}: ${text}`);
    assertEquals(found, lines, event.kind);
  }
});

Deno.test("a status page that other hosts can reach comes with a warning", () => {
  const where = "http://192.0.2.1:10623/";
  const messages = messagesOf({ kind: "page-listening", where, isLocal: false });
  assertEquals(messages.map(({ level }) => level), ["info", "warning"]);
});

Deno.test("errors of one kind share a key, others do not", () => {
  const keyOf = (event: DaemonEvent) => messagesOf(event)[0]!.errorKey;
  const fault = (kind: "io" | "full", text: string): DaemonEvent => ({
    kind: "database-failed",
    error: new DatabaseError(kind, "/g.db", text),
  });
  assertEquals(keyOf(fault("io", "a")), keyOf(fault("io", "b")));
  assert(keyOf(fault("io", "a")) !== keyOf(fault("full", "a")));
  assert(keyOf({ kind: "bug", error: 1 }) !== keyOf({ kind: "history-dropped", count: 1 }));
});

Deno.test("a decision has fields and no sentence; optional fields are left out", () => {
  const event = decisionEvent({ decision: "pass", reason: "known", shadow: "defer" }, {
    sender: "x".repeat(1000),
  });
  assertEquals(messagesOf(event), []);
  const fields = decisionFields(event);
  assertEquals(fields.map(([name]) => name), [
    "action",
    "reason",
    "client_name",
    "client_address",
    "sender",
    "recipient",
    "shadow",
  ]);
  assertEquals(String(fields[4]![1]).length, 323);
});

Deno.test("in a line of text values are escaped, numbers are not", () => {
  const event = decisionEvent({ decision: "defer", reason: "new", wait: 49_001 }, {
    sender: "x, y=z",
    client_name: "unknown",
    client_address: "192.0.2.7",
    recipient: "bob@example.net",
  });
  assertEquals(
    decisionText(event),
    "action=greylist, reason=new, client_name=unknown, client_address=192.0.2.7, " +
      "sender=x\\u{2c}\\u{20}y=z, recipient=bob@example.net, wait=50",
  );
});
