import { assert, assertEquals, assertFalse } from "@std/assert";
import { type Triplet, tripletKey } from "../../lib/greylist/model.ts";
import { Connection } from "../../lib/store/connection.ts";
import { loadKey, makePseudonym } from "../../lib/store/pseudonym.ts";
import type { DecisionRecord } from "../../lib/store/history.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { inDirectory } from "../daemon.ts";
import { testConformance } from "./conformance.ts";

testConformance("sqlite", () => new SqliteStore(new Connection(":memory:")));
testConformance("sqlite with pseudonyms", () => {
  const pseudonym = makePseudonym(new Uint8Array(32).fill(7));
  return new SqliteStore(new Connection(":memory:", { pseudonym }));
}, { hides: true });

const key = tripletKey("net:192.0.2.0/24", "alice@example.org", "bob@example.net");
const record: Triplet = { firstSeen: 1, lastSeen: 2, tries: 3, counted: false };

function stored(path: string, pseudonym?: (text: string) => string): Triplet | undefined {
  const store = new SqliteStore(new Connection(path, { pseudonym }));
  let found: Triplet | undefined;
  store.greylist.exchange([key], ({ triplets }) => {
    found = triplets.get(key.id);
    return [];
  });
  store.close();
  return found;
}

Deno.test("records outlive the connection", async () => {
  await inDirectory((directory) => {
    const store = new SqliteStore(new Connection(`${directory}/g.db`));
    store.greylist.exchange([], () => [{ kind: "triplet", key, record }]);
    store.close();
    assertEquals(stored(`${directory}/g.db`), record);
  });
});

async function allBytes(directory: string): Promise<string> {
  let text = "";
  for await (const { name } of Deno.readDir(directory)) {
    text += new TextDecoder("latin1").decode(await Deno.readFile(`${directory}/${name}`));
  }
  return text;
}

Deno.test("with pseudonyms no file contains an address, and finding one needs the key", async () => {
  await inDirectory(async (directory) => {
    const pseudonym = makePseudonym(loadKey(`${directory}/key`));
    const store = new SqliteStore(new Connection(`${directory}/g.db`, { pseudonym }));
    store.greylist.exchange([], () => [{ kind: "triplet", key, record }]);
    for (const secret of ["alice", "example.org", "bob", "192.0.2"]) {
      assertFalse((await allBytes(directory)).includes(secret), secret);
    }
    store.close();
    assertEquals(stored(`${directory}/g.db`, makePseudonym(loadKey(`${directory}/key`))), record);
    assertEquals(stored(`${directory}/g.db`, makePseudonym(new Uint8Array(32))), undefined);
    assertEquals((await Deno.stat(`${directory}/key`)).mode! & 0o777, 0o600);
  });
});

Deno.test("turning on pseudonyms hides stored addresses and keeps their records", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/g.db`;
    const store = new SqliteStore(new Connection(path));
    store.greylist.exchange([], () => [
      { kind: "triplet", key, record },
      {
        kind: "origin",
        key: key.origin,
        record: { firstSeen: 1, lastSeen: 2, deliveries: 3, lastCounted: 4 },
      },
    ]);
    store.close();
    assert((await allBytes(directory)).includes("alice"));
    const pseudonym = makePseudonym(new Uint8Array(32).fill(9));
    assertEquals(stored(path, pseudonym), record);
    assertEquals(stored(path, pseudonym), record);
    for (const secret of ["alice", "example.org", "bob", "192.0.2"]) {
      assertFalse((await allBytes(directory)).includes(secret), secret);
    }
  });
});

const decision: DecisionRecord = {
  time: 1,
  decision: "defer",
  reason: "new",
  clientAddress: "192.0.2.10",
  clientName: "mail.example.org",
  heloName: "helo.example.org",
  sender: "alice@example.org",
  recipient: "Bob+x@example.net",
  normalisedSender: "alice@example.org",
  normalisedRecipient: "bob@example.net",
  network: "net:192.0.2.0/24",
  origin: "net:192.0.2.0/24",
  legitimacy: 5,
};

const found = (store: SqliteStore, text: string) => [
  store.history.findDecisions({ text, limit: 9 }).rows.length,
  store.history.findDeferrals({ text, limit: 9 }).rows.length,
];

Deno.test("hidden history is found and forgotten by the whole address", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/g.db`;
    const clear = new SqliteStore(new Connection(path));
    clear.history.record({ decisions: [decision], tallies: [], delays: [], quietPeriod: 9 });
    clear.close();
    const pseudonym = makePseudonym(new Uint8Array(32).fill(9));
    const store = new SqliteStore(new Connection(path, { pseudonym }));
    const other = { ...decision, normalisedSender: "eve@example.org" };
    store.history.record({ decisions: [other], tallies: [], delays: [], quietPeriod: 9 });
    for (const secret of ["alice", "example.org", "eve", "Bob", "bob", "192.0.2"]) {
      assertFalse((await allBytes(directory)).includes(secret), secret);
    }
    assertEquals(found(store, "alice@example.org"), [1, 1]);
    assertEquals(found(store, "bob+y@example.net"), [2, 2]);
    assertEquals(found(store, "192.0.2.10"), [2, 2]);
    assertEquals(found(store, "mail.example.org"), [2, 2]);
    assertEquals(found(store, "alice"), [0, 0]);
    assertEquals(store.forget("alice@example.org"), { triplets: 0, deferrals: 1, decisions: 1 });
    assertEquals(found(store, ""), [1, 1]);
    store.close();
  });
});

Deno.test("a forgotten address leaves no trace in any file", async () => {
  await inDirectory(async (directory) => {
    const store = new SqliteStore(new Connection(`${directory}/g.db`));
    store.greylist.exchange([], () => [{ kind: "triplet", key, record }]);
    store.history.record({ decisions: [decision], tallies: [], delays: [], quietPeriod: 9 });
    assert((await allBytes(directory)).includes("alice@"));
    store.forget("alice@example.org");
    assertFalse((await allBytes(directory)).includes("alice@"));
    store.close();
  });
});

Deno.test("a page scans a limited number of rows and continues on the next", async () => {
  await inDirectory((directory) => {
    const store = new SqliteStore(new Connection(`${directory}/g.db`));
    const decisions = Array.from({ length: 25_000 }, (_, at) => ({
      ...decision,
      reason: "known" as const,
      decision: "pass" as const,
      sender: at === 0 ? "needle@example.org" : "a@example.org",
    }));
    store.history.record({ decisions, tallies: [], delays: [], quietPeriod: 9 });
    const first = store.history.findDecisions({ text: "needle", limit: 5 });
    assertEquals(first.rows, []);
    assert(first.next !== undefined);
    const second = store.history.findDecisions({ text: "needle", limit: 5, after: first.next });
    assertEquals([second.rows.length, second.next], [1, undefined]);
    store.close();
  });
});
