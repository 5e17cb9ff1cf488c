import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Change, MAX_ORIGINS, type RelationKey } from "../../lib/greylist/model.ts";
import { Connection } from "../../lib/store/connection.ts";
import { makePseudonym } from "../../lib/store/pseudonym.ts";
import { pseudonymise } from "../../lib/store/pseudonymise.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import type { Expiry, StoredRelation } from "../../lib/store/store.ts";
import { inDirectory } from "../daemon.ts";
import { relation } from "./records.ts";

const BOB = "bob@example.net";
const EVE = "eve@example.net";

function relationOf(sender: string, recipient: string, lastSeen = 2000): Change {
  return { ...relation(sender, { lastSeen }), key: { sender, recipient } };
}

function storeWith(...changes: readonly Change[]) {
  const connection = new Connection(":memory:");
  const store = new SqliteStore(connection);
  store.greylist.exchange(() => changes);
  const recipients = () =>
    connection.db.prepare("SELECT address FROM recipient ORDER BY address").values<[string]>()
      .flat();
  return { connection, store, recipients };
}

function allRelations({ greylist }: SqliteStore, limit: number): StoredRelation[] {
  const found: StoredRelation[] = [];
  let after: string | undefined;
  do {
    const page = greylist.findRelations({
      text: "",
      limit,
      ...after === undefined ? {} : { after },
    });
    found.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return found;
}

// No attribute of a request contains a line feed, and no key a NUL.
const text = (maxLength: number) =>
  fc.string({ unit: "binary", maxLength }).map((one) =>
    one.toWellFormed().replaceAll(/[\0\n]/g, "")
  );
const domain = fc.domain();
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const mailbox = fc.oneof(
  fc.tuple(text(64), domain).map((parts) => parts.join("@")),
  domain.map((name) => `@${name}`),
  text(400),
  fc.constant(""),
);
const origin = fc.oneof(
  address.map((one) => `ip:${one}`),
  fc.tuple(address, fc.nat(128)).map(([one, prefix]) => `net:${one}/${prefix}`),
  fc.tuple(fc.constantFrom("org:", "spf:"), fc.oneof(domain, text(60))).map((parts) =>
    parts.join("")
  ),
);
const origins = fc.array(origin, { maxLength: MAX_ORIGINS });
/** The range that other sites may send. */
const time = fc.integer({ min: -1e15, max: 1e15 });
const stored = fc.record(
  { sender: mailbox, recipient: mailbox, origins, firstSeen: time, lastSeen: time },
  { noNullPrototype: true },
);

Deno.test("any relation is read and found as it was written", () => {
  const { connection, store } = storeWith();
  const keyText = ({ sender, recipient }: RelationKey) => `${recipient}\0${sender}`;
  const written = new Map<string, StoredRelation>();
  fc.assert(
    fc.property(stored, (one) => {
      const { sender, recipient, ...record } = one;
      const key = { sender, recipient };
      written.set(keyText(key), one);
      store.greylist.exchange(() => [{ kind: "relation", key, record }]);
      store.greylist.exchange((memory) => {
        assertEquals(memory.relation(key), record);
        return [];
      });
    }),
    { numRuns: 300 },
  );
  const found = allRelations(store, 7);
  assertEquals(new Map(found.map((one) => [keyText(one), one])), written);
  assertEquals(found.length, written.size);
  connection.close();
});

Deno.test("any relation is hidden, and read by its address", () => {
  const hide = makePseudonym(new Uint8Array(32).fill(7));
  // A pseudonym begins with ~.
  const inClear = stored.filter(({ recipient }) => !recipient.startsWith("~"));
  fc.assert(
    fc.property(fc.array(inClear, { minLength: 1, maxLength: 5 }), (all) => {
      const byKey = new Map(all.map((one) => [`${one.recipient}\0${one.sender}`, one]));
      const { connection, recipients } = storeWith(
        ...[...byKey.values()].map(({ sender, recipient, ...record }): Change => ({
          kind: "relation",
          key: { sender, recipient },
          record,
        })),
      );
      pseudonymise(connection.db, hide);
      assertEquals(recipients().filter((one) => !one.startsWith("~")), []);
      const { memoryByStoredKey } = connection.records;
      for (
        const { sender, recipient, origins: { length }, firstSeen, lastSeen } of byKey.values()
      ) {
        const key = { sender: hide(sender), recipient: hide(recipient) };
        const { origins, ...times } = memoryByStoredKey.relation(key)!;
        assertEquals(times, { firstSeen, lastSeen });
        assertEquals(origins.length, length);
      }
      connection.close();
    }),
    { numRuns: 40 },
  );
});

Deno.test("relations of several recipients are found page by page", () => {
  const keys = ["a", "b", "c"].flatMap((name) =>
    [EVE, BOB].map((recipient) => [`${name}@example.org`, recipient] as const)
  );
  const { connection, store } = storeWith(...keys.map((key) => relationOf(...key)));
  const found = allRelations(store, 2).map(({ sender, recipient }) => [sender, recipient]);
  assertEquals(found.toSorted(), keys.map((key) => [...key]).toSorted());
  const ofEve = store.greylist.findRelations({ text: "EVE@", limit: 9 }).rows;
  assertEquals(ofEve.map(({ sender }) => sender[0]), ["a", "b", "c"]);
  connection.close();
});

Deno.test("a recipient is stored once, and removed after its last relation", () => {
  const { connection, store, recipients } = storeWith(
    relationOf("a@example.org", BOB, 1000),
    relationOf("b@example.org", BOB, 3000),
    relationOf("a@example.org", EVE, 1000),
  );
  assertEquals(recipients(), [BOB, EVE]);
  const removedBefore = (seenBefore: number) => {
    const expiry: Expiry = {
      pendingBefore: 0,
      seenBefore,
      historyBefore: 0,
      historyRows: 9,
      deferralRows: 9,
      evictions: [],
    };
    let next = store.greylist.expire(expiry, undefined, 2, () => []).next;
    while (next !== undefined) next = store.greylist.expire(expiry, next, 2, () => []).next;
  };
  removedBefore(2000);
  assertEquals(recipients(), [BOB]);
  removedBefore(4000);
  assertEquals(recipients(), []);
  store.greylist.exchange(() => [relationOf("a@example.org", EVE)]);
  assertEquals(recipients(), [EVE]);
  connection.close();
});

Deno.test("a relation of a recipient that came meanwhile is not forgotten", async () => {
  await inDirectory((directory) => {
    const [command, daemon] = [1, 2].map(() => new Connection(`${directory}/g.db`));
    const stores = [command!, daemon!].map((connection) => new SqliteStore(connection));
    stores[0]!.greylist.exchange(() => [relationOf("a@example.org", BOB)]);
    const { transact } = command!;
    command!.transact = (mode, work) => {
      if (mode === "write") {
        stores[1]!.forget(BOB);
        stores[1]!.greylist.exchange(() => [relationOf("a@example.org", EVE)]);
      }
      return transact.call(command, mode, work) as ReturnType<typeof work>;
    };
    stores[0]!.forget(BOB);
    assertEquals(allRelations(stores[1]!, 9).map(({ recipient }) => recipient), [EVE]);
    for (const store of stores) store.close();
  });
});

Deno.test("forgetting an address removes the recipients that have no other relation", () => {
  const { connection, store, recipients } = storeWith(
    relationOf("a@example.org", BOB),
    relationOf("b@example.org", BOB),
    relationOf("a@example.org", EVE),
  );
  assertEquals(store.forget("a@example.org").triplets, 2);
  assertEquals(recipients(), [BOB]);
  assertEquals(store.forget("Bob@example.net").triplets, 1);
  assertEquals(recipients(), []);
  connection.db.exec("INSERT INTO recipient (address) VALUES (?)", EVE);
  store.forget(EVE);
  assertEquals(recipients(), []);
  connection.close();
});
