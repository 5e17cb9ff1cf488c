import { assertEquals } from "@std/assert";
import { describePreview, previewEntry } from "../../lib/admin/entry_preview.ts";
import { newEntry } from "../../lib/admin/list_entries.ts";
import type { ListName } from "../../lib/lists/matcher.ts";
import { guessMatchOn } from "../../lib/lists/pattern.ts";
import { Connection } from "../../lib/store/connection.ts";
import type { DecisionRecord } from "../../lib/store/history.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import type { NewEntry, Store } from "../../lib/store/store.ts";
import { DAY } from "../../lib/text/duration.ts";
import { recordDecisions } from "../store/records.ts";

const NOW = 100 * DAY;

function entry(list: ListName, text: string): NewEntry {
  const remarks = { note: "", addedBy: "test", now: NOW };
  const entered = newEntry(list, guessMatchOn(text) ?? "client", text, remarks);
  if (!entered.ok) throw new Error(entered.why);
  return entered.entry;
}

function record(
  store: Store,
  sender: string,
  decision: DecisionRecord["decision"],
  reason: DecisionRecord["reason"],
  days: number,
  client: readonly [name: string, address: string] = ["mail.example.org", "192.0.2.1"],
): void {
  const [clientName, clientAddress] = client;
  const time = NOW - days * DAY;
  recordDecisions(store, 2 * DAY, { time, decision, reason, clientAddress, clientName, sender });
}

function history(): Store {
  const store = new SqliteStore(new Connection(":memory:"));
  record(store, "old@example.org", "pass", "known", 10);
  record(store, "alice@example.org", "defer", "new", 5);
  record(store, "alice@example.org", "defer", "early", 5);
  record(store, "alice@example.org", "pass", "retried", 5);
  record(store, "bulk@example.org", "defer", "new", 4);
  record(store, "own@example.org", "pass", "fault", 3);
  record(store, "carol@example.com", "reject", "blocked", 2, ["mail.example.com", "192.0.2.9"]);
  record(store, "dave@example.com", "defer", "new", 1, ["unknown", "198.51.100.7"]);
  return store;
}

Deno.test("an entry is applied to the history: tries of a message count once", () => {
  const store = history();
  const table: [list: ListName, text: string, counts: [number, number, number]][] = [
    ["block", "example.org", [3, 3, 2]],
    ["block", "192.0.2.0/24", [3, 3, 2]],
    ["block", "bulk@example.org", [1, 1, 0]],
    ["block", "org:example.org", [3, 3, 2]],
    ["block", "198.51.100.7", [1, 1, 0]],
    ["allow", "example.org", [2, 2, 1]],
    ["allow", "example.com", [1, 1, 0]],
    ["allow", "bob@", [4, 4, 1]],
    ["allow", "203.0.113.1", [0, 0, 0]],
  ];
  for (const [list, text, counts] of table) {
    const preview = previewEntry(store, entry(list, text), "+");
    const { messages, senders, knownSenders, since } = preview!;
    assertEquals([messages, senders, knownSenders], counts, `${list} ${text}`);
    assertEquals(since, NOW - 10 * DAY);
  }
  store.close();
});

Deno.test("a stored entry that is more specific keeps its mail", () => {
  const store = history();
  store.lists.add(entry("allow", "alice@example.org"));
  assertEquals(previewEntry(store, entry("block", "example.org"), "+")?.senders, 2);
  // An entry replaces one of the same pattern.
  store.lists.add(entry("block", "example.org"));
  assertEquals(previewEntry(store, entry("block", "example.org"), "+")?.senders, 2);
  store.close();
});

Deno.test("patterns and lists that the history cannot tell about have no preview", () => {
  const store = history();
  for (const [list, text] of [["allow", "spf:example.org"], ["trap", "bob@example.net"]] as const) {
    const remarks = { note: "", addedBy: "test", now: NOW };
    const entered = newEntry(list, list === "trap" ? "recipient" : "client", text, remarks);
    assertEquals(entered.ok && previewEntry(store, entered.entry, "+"), undefined);
  }
  store.close();
});

Deno.test("the effect is one sentence", () => {
  const since = NOW - 14 * DAY;
  const table = [
    [
      "block",
      { messages: 41, senders: 9, knownSenders: 7, since },
      "In the last 14d it would have refused 41 messages of 9 senders, 7 of them known.",
    ],
    [
      "allow",
      { messages: 1, senders: 1, knownSenders: 0, since },
      "In the last 14d it would have accepted 1 message that was deferred or rejected of 1 sender, " +
      "none of them known.",
    ],
    [
      "block",
      { messages: 0, senders: 0, knownSenders: 0, since },
      "In the last 14d it would have refused no other message.",
    ],
    [
      "allow",
      { messages: 0, senders: 0, knownSenders: 0, since: undefined },
      "The history is empty: it cannot tell the effect.",
    ],
  ] as const;
  for (const [list, preview, text] of table) {
    assertEquals(describePreview(preview, list, NOW), text);
  }
});
