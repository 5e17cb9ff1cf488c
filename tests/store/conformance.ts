/**
 * What every store must do, whatever keeps it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Change,
  type OriginRecord,
  type Triplet,
  type TripletKey,
  tripletKey,
} from "../../lib/greylist/verdict.ts";
import type { Cursor, NewEntry, Recalled, Store } from "../../lib/store/store.ts";

const triplet: Triplet = { firstSeen: 1000, lastSeen: 2000, tries: 2, counted: false };
const origin: OriginRecord = { firstSeen: 1, lastSeen: 2, deliveries: 3, lastCounted: 4 };
const key = (sender: string, name = "net:192.0.2.0/24") =>
  tripletKey(name, sender, "b@example.net");

async function recall(store: Store, keys: readonly TripletKey[]): Promise<Recalled> {
  let recalled: Recalled | undefined;
  await store.exchange(keys, (found) => {
    recalled = found;
    return [];
  });
  assert(recalled !== undefined);
  return recalled;
}

async function remember(store: Store, changes: readonly Change[]): Promise<void> {
  await store.exchange([], () => changes);
}

async function expireAll(
  store: Store,
  expiry: { waitingBefore: number; seenBefore: number },
  rows: number,
): Promise<{ removed: number; slices: number }> {
  let cursor: Cursor | undefined;
  let removed = 0;
  let slices = 0;
  do {
    const slice = await store.expire(expiry, cursor, rows);
    removed += slice.removed;
    cursor = slice.next;
    slices++;
  } while (cursor !== undefined);
  return { removed, slices };
}

/** Registers the tests for one implementation; `open` makes an empty store. */
export function testConformance(name: string, open: () => Promise<Store>): void {
  const test = (what: string, body: (store: Store) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });

  test("what was never stored is not recalled", async (store) => {
    const { triplets, origins } = await recall(store, [key("a"), key("b")]);
    assertEquals([triplets.size, origins.size], [0, 0]);
  });

  test("a record is recalled as it was stored, with its origin's", async (store) => {
    const passed: Triplet = { ...triplet, passed: 1500, counted: true };
    await remember(store, [
      { kind: "triplet", key: key("a"), record: triplet },
      { kind: "triplet", key: key("b"), record: passed },
      { kind: "origin", key: "net:192.0.2.0/24", record: origin },
      { kind: "origin", key: "org:example.org", record: { ...origin, deliveries: 9 } },
    ]);
    const found = await recall(store, [key("a"), key("b"), key("c", "org:example.org")]);
    assertEquals(found.triplets, new Map([[key("a").id, triplet], [key("b").id, passed]]));
    assertEquals(
      found.origins,
      new Map([["net:192.0.2.0/24", origin], ["org:example.org", { ...origin, deliveries: 9 }]]),
    );
  });

  test("the newest record takes the place of the one before", async (store) => {
    await remember(store, [{ kind: "triplet", key: key("a"), record: triplet }]);
    const newer = { ...triplet, passed: 5000, lastSeen: 5000 };
    await remember(store, [{ kind: "triplet", key: key("a"), record: newer }]);
    assertEquals((await recall(store, [key("a")])).triplets.get(key("a").id), newer);
    assertEquals(await store.size(), { triplets: 1, origins: 0 });
  });

  test("nothing of a batch is stored when its judge throws", async (store) => {
    try {
      await store.exchange([key("a")], () => {
        throw new Error("no");
      });
    } catch {
      // That is what is asked for.
    }
    assertEquals(await store.size(), { triplets: 0, origins: 0 });
    await remember(store, [{ kind: "triplet", key: key("a"), record: triplet }]);
    assertEquals((await store.size()).triplets, 1);
  });

  test("any text is a key, and times beyond 32 bits are kept", async (store) => {
    const text = fc.string({ unit: "binary", maxLength: 60 }).map((one) =>
      // A lone surrogate cannot come out of UTF-8, and NUL separates the parts of a key.
      one.toWellFormed().replaceAll("\0", "")
    );
    const time = fc.maxSafeNat();
    await fc.assert(
      fc.asyncProperty(text, text, text, time, async (sender, recipient, o, at) => {
        const one = tripletKey(`net:${o}`, sender, recipient);
        const record = { ...triplet, firstSeen: at, lastSeen: at };
        await remember(store, [{ kind: "triplet", key: one, record }]);
        assertEquals((await recall(store, [one])).triplets.get(one.id), record);
      }),
      { numRuns: 60 },
    );
  });

  test("what has expired is removed, slice by slice, and nothing else", async (store) => {
    const changes: Change[] = [];
    for (let at = 0; at < 100; at++) {
      const record: Triplet = { ...triplet, firstSeen: at, lastSeen: at };
      changes.push({ kind: "triplet", key: key(`w${at}`), record });
      changes.push({ kind: "triplet", key: key(`k${at}`), record: { ...record, passed: at } });
      changes.push({ kind: "origin", key: `net:${at}`, record: { ...origin, lastSeen: at } });
    }
    await remember(store, changes);
    const { removed, slices } = await expireAll(store, { waitingBefore: 70, seenBefore: 30 }, 7);
    assertEquals(removed, 70 + 30 + 30);
    assert(slices > 200 / 7);
    assertEquals(await store.size(), { triplets: 30 + 70, origins: 70 });
    const { triplets } = await recall(store, [key("w69"), key("w70"), key("k29"), key("k30")]);
    assertEquals([...triplets.keys()], [key("w70").id, key("k30").id]);
  });

  const entry: NewEntry = {
    list: "allow",
    topic: "client",
    pattern: "192.0.2.0/24",
    note: "who called",
    addedBy: "root",
    created: 1000,
  };

  test("an entry is kept with its hits, replaced by its like, and removed once", async (store) => {
    const added = await store.addEntry(entry);
    assertEquals({ ...entry, id: added.id, hits: 0 }, added);
    await store.countHits([
      { rule: added.id, count: 3, last: 5000 },
      { rule: 999, count: 1, last: 1 },
    ]);
    await store.countHits([{ rule: added.id, count: 1, last: 4000 }]);
    const again = await store.addEntry({ ...entry, note: "new", expires: 9000 });
    assertEquals(again.id, added.id);
    const other = await store.addEntry({ ...entry, list: "block" });
    assertEquals(await store.entries(), [
      { ...entry, note: "new", expires: 9000, id: added.id, hits: 4, lastHit: 5000 },
      other,
    ]);
    assertEquals(await store.removeEntry(added.id), true);
    assertEquals(await store.removeEntry(added.id), false);
    assertEquals(await store.entries(), [other]);
    assert((await store.addEntry(entry)).id > other.id, "a number is never given again");
  });

  test("entries that have ended are removed, and those that end later or never are kept", async (store) => {
    for (const [pattern, expires] of [["192.0.2.1", 100], ["192.0.2.2", 200]] as const) {
      await store.addEntry({ ...entry, pattern, expires });
    }
    await store.addEntry(entry);
    const revision = await store.entriesRevision();
    assertEquals(await store.removeEndedEntries(100), 0);
    assertEquals(await store.entriesRevision(), revision);
    assertEquals(await store.removeEndedEntries(200), 1);
    assertEquals((await store.entries()).map(({ pattern }) => pattern), [
      "192.0.2.2",
      "192.0.2.0/24",
    ]);
    assert(await store.entriesRevision() !== revision);
  });

  test("the hits of rules that are not stored themselves add up", async (store) => {
    await store.countHits([{ rule: "builtin:a", count: 2, last: 9 }, {
      rule: "/f:1",
      count: 1,
      last: 5,
    }]);
    await store.countHits([{ rule: "builtin:a", count: 1, last: 7 }]);
    assertEquals(await store.ruleHits(), [
      { rule: "/f:1", hits: 1, lastHit: 5 },
      { rule: "builtin:a", hits: 3, lastHit: 9 },
    ]);
  });

  test("the revision changes with every change of an entry, and only then", async (store) => {
    const seen = [await store.entriesRevision()];
    const { id } = await store.addEntry(entry);
    seen.push(await store.entriesRevision());
    await store.countHits([{ rule: id, count: 1, last: 1 }]);
    await remember(store, [{ kind: "triplet", key: key("a"), record: triplet }]);
    assertEquals(await store.entriesRevision(), seen[1]);
    await store.removeEntry(id);
    await store.removeEntry(id);
    seen.push(await store.entriesRevision());
    assertEquals(new Set(seen).size, 3);
  });

  test("an expiry of an empty store ends", async (store) => {
    assertEquals((await expireAll(store, { waitingBefore: 9, seenBefore: 9 }, 10)).removed, 0);
  });
}
