import { assert, assertEquals, assertFalse } from "@std/assert";
import { makeAttempt, UNLISTED } from "../../lib/greylist/attempt.ts";
import { NO_EVIDENCE } from "../../lib/greylist/evidence.ts";
import type { Memory } from "../../lib/greylist/memory.ts";
import { decide, learn } from "../../lib/greylist/decide.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { Connection } from "../../lib/store/connection.ts";
import { loadKey, makePseudonym, type Pseudonym } from "../../lib/store/pseudonym.ts";
import type { DecisionRecord } from "../../lib/store/history.ts";
import { openStore } from "../../lib/store/open.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { inDirectory } from "../daemon.ts";
import { RULES } from "../greylist/world.ts";
import { testConformance } from "./conformance.ts";
import { keyOf, PENDING, pending, relation, reputation } from "./records.ts";

testConformance("sqlite", () => new SqliteStore(new Connection(":memory:")));
testConformance("sqlite with pseudonyms", () => {
  const pseudonym = makePseudonym(new Uint8Array(32).fill(7));
  return new SqliteStore(new Connection(":memory:", { pseudonym }));
}, { hides: true });

const ALICE = "alice@example.org";
const RECORDS = [
  pending(ALICE),
  relation(ALICE),
  reputation("ip:192.0.2.10", { total: 7 }),
  reputation("net:192.0.2.0/24 example.org"),
  reputation("correspondent:example.com"),
];
const NAMES = RECORDS.slice(2).map(({ key }) => String(key));

/** The number of stored records of each kind that are found by their keys and origins. */
function found(memory: Memory): number[] {
  const holds = (record: { readonly origins: readonly string[] } | undefined) =>
    record !== undefined && PENDING.origins.every((one) => memory.includes(record.origins, one));
  return [
    memory.pending(keyOf(ALICE)).filter(holds).length,
    Number(holds(memory.relation(keyOf(ALICE)))),
    NAMES.filter((name) => memory.reputation(name) !== undefined).length,
  ];
}

function openAt(path: string, pseudonym?: Pseudonym): SqliteStore {
  const connection = new Connection(path, { pseudonym });
  connection.pseudonymise();
  return new SqliteStore(connection);
}

function stored(path: string, pseudonym?: Pseudonym): number[] {
  const store = openAt(path, pseudonym);
  let counts: number[] = [];
  store.greylist.exchange((memory) => {
    counts = found(memory);
    return [];
  });
  store.close();
  return counts;
}

Deno.test("records outlive the connection", async () => {
  await inDirectory((directory) => {
    const store = new SqliteStore(new Connection(`${directory}/g.db`));
    store.greylist.exchange(() => RECORDS);
    store.close();
    assertEquals(stored(`${directory}/g.db`), [1, 1, 3]);
  });
});

const SECRETS = ["alice", "example.org", "example.com", "bob", "192.0.2", "served"];

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
    const domains = [{ domain: "served.example", since: 1 }];
    store.greylist.exchange(() => [...RECORDS, reputation("via:spf.example.com", { domains })]);
    for (const secret of SECRETS) {
      assertFalse((await allBytes(directory)).includes(secret), secret);
    }
    store.close();
    const path = `${directory}/g.db`;
    assertEquals(stored(path, makePseudonym(loadKey(`${directory}/key`))), [1, 1, 3]);
    assertEquals(stored(path, makePseudonym(new Uint8Array(32))), [0, 0, 0]);
    assertEquals((await Deno.stat(`${directory}/key`)).mode! & 0o777, 0o600);
  });
});

Deno.test("turning on pseudonyms hides stored addresses and keeps their records", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/g.db`;
    const store = new SqliteStore(new Connection(path));
    const domains = [{ domain: "served.example", since: 1 }];
    store.greylist.exchange(() => [...RECORDS, reputation("via:spf.example.com", { domains })]);
    store.close();
    assert((await allBytes(directory)).includes("alice"));
    const pseudonym = makePseudonym(new Uint8Array(32).fill(9));
    assertEquals(stored(path, pseudonym), [1, 1, 3]);
    assertEquals(stored(path, pseudonym), [1, 1, 3]);
    for (const secret of SECRETS) {
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

const historyOf = (store: SqliteStore, text: string) => [
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
    const store = openAt(path, pseudonym);
    const other = { ...decision, normalisedSender: "eve@example.org" };
    store.history.record({ decisions: [other], tallies: [], delays: [], quietPeriod: 9 });
    for (const secret of ["alice", "example.org", "eve", "Bob", "bob", "192.0.2"]) {
      assertFalse((await allBytes(directory)).includes(secret), secret);
    }
    assertEquals(historyOf(store, "alice@example.org"), [1, 1]);
    assertEquals(historyOf(store, "bob+y@example.net"), [2, 2]);
    assertEquals(historyOf(store, "192.0.2.10"), [2, 2]);
    assertEquals(historyOf(store, "mail.example.org"), [2, 2]);
    assertEquals(historyOf(store, "alice"), [0, 0]);
    assertEquals(store.forget("alice@example.org"), {
      triplets: 0,
      reputations: 0,
      deferrals: 1,
      decisions: 1,
    });
    assertEquals(historyOf(store, ""), [1, 1]);
    store.close();
  });
});

for (const privacy of [false, true]) {
  Deno.test(`with ${privacy ? "hashes" : "addresses"} recipient_delimiter counts for searches and forgetting`, async () => {
    await inDirectory((directory) => {
      const recipientDelimiter = "+-_";
      const settings = { database: `${directory}/g.db`, privacy, recipientDelimiter };
      const store = openStore(settings);
      store.greylist.exchange(() => [relation("alice@example.org")]);
      const found = (text: string) => store.greylist.findRelations({ text, limit: 9 }).rows.length;
      if (privacy) assertEquals(found("bob-shop@example.net"), 1);
      assertEquals(found("bob@example.net"), 1);
      assertEquals(store.forget("Bob_shop@example.net").triplets, 1);
      assertEquals(found("bob@example.net"), 0);
      store.close();
    });
  });
}

for (const privacy of [false, true]) {
  const pseudonym = privacy ? makePseudonym(new Uint8Array(32).fill(9)) : undefined;
  const where = privacy ? "in any file of hashes" : "in any file";

  Deno.test(`a forgotten mail address leaves no trace ${where}`, async () => {
    await inDirectory(async (directory) => {
      const store = new SqliteStore(new Connection(`${directory}/g.db`, { pseudonym }));
      store.greylist.exchange(() => RECORDS);
      store.history.record({ decisions: [decision], tallies: [], delays: [], quietPeriod: 9 });
      const trace = privacy ? pseudonym!(ALICE) : "alice@";
      assert((await allBytes(directory)).includes(trace));
      store.forget(ALICE);
      assertFalse((await allBytes(directory)).includes(trace));
      store.close();
    });
  });

  Deno.test(`a retried triplet leaves no trace of a forgotten mail address ${where}`, async () => {
    await inDirectory(async (directory) => {
      const store = new SqliteStore(new Connection(`${directory}/g.db`, { pseudonym }));
      const triplets = ["alice@example.org", "carol@example.org"].map((sender) => pending(sender));
      store.greylist.exchange(() => triplets);
      store.greylist.exchange(() => [
        ...triplets.map((triplet) => ({ ...triplet, record: undefined })),
        relation(ALICE),
      ]);
      const trace = privacy ? pseudonym!(ALICE) : "alice@";
      store.forget(ALICE);
      assertFalse((await allBytes(directory)).includes(trace));
      store.close();
    });
  });

  Deno.test(`a forgotten client leaves no trace ${where}`, async () => {
    await inDirectory(async (directory) => {
      const store = new SqliteStore(new Connection(`${directory}/g.db`, { pseudonym }));
      store.greylist.exchange(() => RECORDS);
      store.history.record({ decisions: [decision], tallies: [], delays: [], quietPeriod: 9 });
      const trace = privacy ? pseudonym!("192.0.2.10") : "192.0.2.10";
      assert((await allBytes(directory)).includes(trace));
      assertEquals(store.forget("192.0.2.10"), {
        triplets: 1,
        reputations: 1,
        deferrals: 1,
        decisions: 1,
      });
      assertFalse((await allBytes(directory)).includes(trace));
      assertEquals(store.size(), { pending: 0, relations: 1, reputations: 2 });
      store.close();
    });
  });

  const world = () => new SqliteStore(new Connection(":memory:", { pseudonym }));
  const attemptFrom = (address: string, clientName: string) =>
    makeAttempt({
      stage: "RCPT",
      authenticated: false,
      address: parseAddress(address)!,
      clientName,
      heloName: clientName,
      sender: ALICE,
      recipient: "bob@example.net",
      instance: "",
    }, "+");
  const byOrganisation = NO_EVIDENCE;
  const bySpf = { ...NO_EVIDENCE, spf: "pass" as const, spfDomain: "example.org" };
  const RETRIES = [
    ["from the same network", "192.0.2.77", "unknown", byOrganisation],
    ["by another host of the organisation", "198.51.100.7", "b.relay.example", byOrganisation],
    ["by another host that SPF authorises", "203.0.112.7", "mx.other.example", bySpf],
    ["by a foreign host", "203.0.112.7", "mx.other.example", byOrganisation],
  ] as const;

  for (const [which, address, name, evidence] of RETRIES) {
    const isMatched = which !== "by a foreign host";
    const outcome = isMatched ? "is matched" : "is not matched";
    Deno.test(`with ${privacy ? "hashes" : "addresses"} a retry ${which} ${outcome}`, () => {
      const store = world();
      const reasonAt = (now: number, ...client: [string, string]) => {
        let reason = "";
        store.greylist.exchange((memory) => {
          const about = {
            attempt: attemptFrom(...client),
            listing: UNLISTED,
            evidence: client[0] === "192.0.2.10" ? { ...bySpf } : evidence,
          };
          const decision = decide(about, memory, RULES, now);
          if ("ask" in decision) throw new Error(decision.ask);
          reason = decision.verdict.reason;
          return decision.changes;
        });
        return reason;
      };
      assertEquals(reasonAt(1000, "192.0.2.10", "a.relay.example"), "new");
      const retry = isMatched ? "retried" : "new";
      assertEquals(reasonAt(1000 + RULES.delay, address, name), retry);
      assertEquals(store.size().pending, isMatched ? 0 : 2);
      store.close();
    });
  }

  Deno.test(`with ${privacy ? "hashes" : "addresses"} late evidence is added to the pending triplet`, () => {
    const store = world();
    const about = { attempt: attemptFrom("192.0.2.10", "a.relay.example"), listing: UNLISTED };
    store.greylist.exchange((memory) => {
      const decision = decide({ ...about, evidence: NO_EVIDENCE }, memory, RULES, 1000);
      return "changes" in decision ? decision.changes : [];
    });
    store.greylist.exchange((memory) => learn({ ...about, evidence: bySpf }, memory, RULES, 1000));
    store.greylist.exchange((memory) => {
      const [{ origins }, ...more] = memory.pending(about.attempt.pendingKey) as [typeof PENDING];
      assertEquals(more, []);
      assert(memory.includes(origins, "spf:example.org"));
      assertEquals(new Set(origins).size, origins.length);
      // What is there already is no change.
      assertEquals(learn({ ...about, evidence: bySpf }, memory, RULES, 1000), []);
      return [];
    });
    store.close();
  });
}

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
