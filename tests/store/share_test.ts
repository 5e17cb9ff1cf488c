import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { mergePending, mergeRelation } from "../../lib/greylist/merge.ts";
import type { Change } from "../../lib/greylist/model.ts";
import { Connection } from "../../lib/store/connection.ts";
import { makePseudonym } from "../../lib/store/pseudonym.ts";
import type { SharedChange } from "../../lib/store/shared_change.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { DAY, HOUR, MINUTE } from "../../lib/text/duration.ts";
import { decision, keyOf, NETWORK, pending, relation, reputation } from "./records.ts";

// The records of these tests are as old as the epoch.
const RULES = { retryWindow: 2 * DAY, lifetime: 2 * Date.now(), now: Date.now() + HOUR };
const FORGET_KEY = new Uint8Array(32).fill(3);

/** One site: its store, and the positions up to which it read the others. */
class TestSite {
  readonly connection: Connection;
  readonly store: SqliteStore;
  readonly positions = new Map<TestSite, string>();

  constructor(readonly name: string, options: { readonly hides?: boolean } = {}) {
    const pseudonym = options.hides ? makePseudonym(new Uint8Array(32).fill(7)) : undefined;
    const as = { name, forgetKey: FORGET_KEY };
    this.connection = new Connection(":memory:", { pseudonym, share: { file: "1", as } });
    this.store = new SqliteStore(this.connection);
  }

  write(...changes: Change[]): void {
    this.store.greylist.exchange(() => changes);
  }

  /** Writes changes as a decision would: they continue what is stored, and known mail does not wait. */
  decide(changes: readonly Change[]): void {
    this.store.greylist.exchange((memory) =>
      changes.flatMap((change): Change[] => {
        if (change.kind === "relation") {
          const before = memory.relation(change.key);
          const record = before === undefined
            ? change.record
            : mergeRelation(before, change.record);
          return [{ ...change, record }];
        }
        if (change.kind !== "pending" || change.record === undefined) return [change];
        if (memory.relation(change.key) !== undefined) return [];
        const [before] = memory.pending(change.key);
        if (before === undefined) return [change];
        const record = mergePending(before, change.record, RULES.retryWindow);
        return "origins" in record ? [{ ...change, record }] : [];
      })
    );
  }

  /** Merges all that another has to tell. @returns the number of changes. */
  pull(from: TestSite, limit = 7): SharedChange[] {
    const all: SharedChange[] = [];
    for (let isMore = true; isMore;) {
      const page = from.store.share.changes(this.positions.get(from) ?? "", limit)!;
      const reached = { id: from.name, position: page.next };
      const { hasOrders } = this.store.share.merge(from.name, page.changes, RULES, reached);
      if (hasOrders) this.store.share.carryOutOrders();
      this.positions.set(from, page.next);
      all.push(...page.changes);
      isMore = page.isMore;
    }
    return all;
  }

  /** The records that all sites must have alike. */
  records(): unknown {
    const { db } = this.connection;
    const round = (value: unknown) => typeof value === "number" ? Math.round(value * 1e6) : value;
    const lines = (text: unknown) => String(text).split("\n").sort();
    return {
      pending: db.prepare("SELECT * FROM pending").all<Record<string, unknown>>()
        .map((row) => ({ ...row, origins: lines(row.origins) })),
      relation: db.prepare(
        "SELECT sender, recipient, relation_origins(origins, sender) AS origins, first_seen, last_seen FROM relation_text ORDER BY recipient, sender",
      ).all<Record<string, unknown>>().map((row) => ({ ...row, origins: lines(row.origins) })),
      reputation: db.prepare("SELECT * FROM reputation").values<unknown[]>()
        .map((row) => row.map(round)),
      entries: db.prepare(
        "SELECT id, list, match_on, pattern, note, created, expires FROM entry ORDER BY list, pattern",
      ).all(),
    };
  }
}

/** Every site reads every other, until nothing is new. */
function converge(...sites: TestSite[]): void {
  for (let round = 0; round < 2; round++) {
    for (const to of sites) {
      for (const from of sites) if (from !== to) to.pull(from);
    }
  }
}

function retried(sender: string, at: number): Change[] {
  return [
    relation(sender, { firstSeen: at, lastSeen: at }),
    { kind: "pending", key: keyOf(sender), network: NETWORK, ended: at },
  ];
}

const LATER = { expires: RULES.now + DAY };

Deno.test("a first attempt at one site is known at another", () => {
  const [one, other] = [new TestSite("mx1"), new TestSite("mx2")];
  one.write(pending("a@example.org", LATER));
  other.pull(one);
  assertEquals(other.records(), one.records());
});

Deno.test("a site that does not share notes nothing", () => {
  const connection = new Connection(":memory:");
  const store = new SqliteStore(connection);
  store.greylist.exchange(
    () => [pending("a@example.org", LATER), ...retried("b@example.org", HOUR)],
  );
  assertEquals(store.share.site(), undefined);
  assertEquals(store.share.changes("", 10), undefined);
  assertEquals(connection.db.prepare("SELECT count(*) FROM outbox").value(), [0]);
  assertEquals(connection.db.prepare("SELECT count(*) FROM outbox_pending").value(), [0]);
});

Deno.test("a site that joins reads everything, a site that is up to date nothing", () => {
  const [one, other] = [new TestSite("mx1"), new TestSite("mx2")];
  for (let at = 0; at < 30; at++) one.write(pending(`${at}@example.org`, LATER));
  for (let at = 0; at < 30; at++) {
    const key = { sender: `${at % 10}@example.org`, recipient: `${at}@example.net` };
    one.write({ ...relation(key.sender), key });
  }
  assertEquals(other.pull(one).length, 60);
  assertEquals(other.pull(one), []);
  one.write(pending("30@example.org", LATER));
  assertEquals(other.pull(one).length, 1);
  assertEquals(other.records(), one.records());
});

Deno.test("a retry at one site ends the triplet at all, also if the copy comes late", () => {
  const [one, other, third] = [new TestSite("mx1"), new TestSite("mx2"), new TestSite("mx3")];
  one.write(pending("a@example.org", LATER));
  other.pull(one);
  other.write(...retried("a@example.org", 3000));
  third.pull(other);
  third.pull(one);
  one.pull(other);
  assertEquals(third.store.size().pending, 0);
  assertEquals(one.records(), third.records());
});

Deno.test("the retries that sites count are summed, and not counted again when they return", () => {
  const [one, other] = [new TestSite("mx1"), new TestSite("mx2")];
  const name = "org:example.org";
  one.write(reputation(name, { retried: 2, total: 2, abandoned: 0 }));
  other.write(reputation(name, { retried: 3, total: 3, abandoned: 0 }));
  converge(one, other);
  const total = (site: TestSite) =>
    site.store.greylist.findReputations({ text: "", limit: 10 }).rows[0]!.total;
  assertEquals([total(one), total(other)], [5, 5]);
  one.write(reputation(name, { retried: 6, total: 6, abandoned: 0 }));
  converge(one, other);
  assertEquals([total(one), total(other)], [6, 6]);
  other.write(reputation(name, { retried: 0, total: 0, abandoned: 0, updated: 3000 }));
  converge(one, other);
  assertEquals([total(one), total(other)], [0, 0]);
});

const ENTRY = {
  list: "allow",
  matchOn: "client",
  pattern: "192.0.2.1",
  note: "",
  addedBy: "root",
  created: 1,
} as const;

Deno.test("an entry has one number at all sites, and stays removed", () => {
  const [one, other] = [new TestSite("mx1"), new TestSite("mx2")];
  const { id } = one.store.lists.add(ENTRY);
  const before = other.store.lists.revision();
  converge(one, other);
  assertEquals(other.store.lists.entry(id)?.pattern, ENTRY.pattern);
  assertNotEquals(other.store.lists.revision(), before);
  other.store.lists.add({ ...ENTRY, pattern: "192.0.2.2" });
  other.store.lists.remove(id);
  converge(one, other);
  assertEquals(one.store.lists.entries().map(({ pattern }) => pattern), ["192.0.2.2"]);
  assertEquals(one.records(), other.records());
  const third = new TestSite("mx3");
  converge(one, other, third);
  assertEquals(third.records(), one.records());
});

for (
  const [what, second] of [
    ["a site that lost its database", "mx1"],
    ["a name with the same block of numbers", "mx889"],
  ] as const
) {
  Deno.test(`${what} gives no entry a number that is taken`, () => {
    const [one, other] = [new TestSite("mx1"), new TestSite("mx2")];
    one.store.lists.add(ENTRY);
    converge(one, other);
    const late = new TestSite(second);
    late.pull(other);
    const { id } = late.store.lists.add({ ...ENTRY, pattern: "192.0.2.2" });
    converge(late, other);
    assertEquals(late.records(), other.records());
    assertEquals(other.store.lists.entry(id)?.pattern, "192.0.2.2");
    assertEquals(other.store.lists.entries().length, 2);
  });
}

Deno.test("entries that sites had before they shared keep apart", () => {
  const [one, other] = [new TestSite("mx1"), new TestSite("mx2")];
  one.connection.db.exec("UPDATE site SET active = 0");
  other.connection.db.exec("UPDATE site SET active = 0");
  for (const site of [one, other]) site.connection.readSite();
  one.store.lists.add(ENTRY);
  other.store.lists.add({ ...ENTRY, pattern: "192.0.2.2" });
  for (const site of [one, other]) {
    site.connection.db.exec("UPDATE site SET active = 1");
    site.connection.readSite();
  }
  converge(one, other);
  const patterns = (site: TestSite) =>
    site.store.lists.entries().map(({ pattern }) => pattern).sort();
  assertEquals(patterns(one), ["192.0.2.1", "192.0.2.2"]);
  assertEquals(patterns(other), patterns(one));
});

Deno.test("mail that passed at one site is not lost at another", () => {
  const [one, other] = [new TestSite("mx1"), new TestSite("mx2")];
  const record = (site: TestSite, given: Parameters<typeof decision>[0]) =>
    site.store.history.record({
      decisions: [decision(given)],
      tallies: [],
      delays: [],
      quietPeriod: DAY,
    });
  one.pull(other);
  record(one, { time: HOUR });
  one.write(pending(decision({}).normalisedSender, LATER));
  other.pull(one);
  record(other, { time: 2 * HOUR, decision: "pass", reason: "allowed" });
  one.pull(other);
  const [deferral] = one.store.history.findDeferrals({ text: "", limit: 10 }).rows;
  assertEquals([deferral?.ended, deferral?.endedBy, deferral?.endedAtSite], [
    2 * HOUR,
    "allowed",
    "mx2",
  ]);
});

Deno.test("a forgotten address is removed at all sites and no copy restores it", () => {
  for (const hides of [false, true]) {
    const [one, other, late] = ["mx1", "mx2", "mx3"].map((name) => new TestSite(name, { hides }));
    one!.write(pending("alice@example.org", LATER), relation("bob@example.org"));
    converge(one!, other!, late!);
    one!.store.forget("alice@example.org");
    other!.pull(one!);
    assertEquals(other!.records(), one!.records());
    assertEquals(other!.store.size(), { pending: 0, relations: 1, reputations: 0 });
    // It has not read the order.
    other!.pull(late!);
    one!.positions.clear();
    one!.pull(late!);
    assertEquals([one!, other!].map(({ store }) => store.size().pending), [0, 0]);
    one!.write(pending("alice@example.org", {
      ...LATER,
      firstSeen: Date.now() + MINUTE,
      lastSeen: Date.now() + MINUTE,
      expires: Date.now() + DAY,
    }));
    assertEquals(one!.store.size().pending, 1);
  }
});

Deno.test("an order to forget removes a recipient whose relations have expired", () => {
  const [one, other] = [new TestSite("mx1"), new TestSite("mx2")];
  other.connection.db.exec("INSERT INTO recipient (address) VALUES ('bob@example.net')");
  one.store.forget("bob@example.net");
  other.pull(one);
  assertEquals(other.connection.db.prepare("SELECT address FROM recipient").values(), []);
});

Deno.test("a new site reads the relations of many recipients page by page", () => {
  const [one, other] = [new TestSite("mx1"), new TestSite("mx2")];
  one.write(
    ...Array.from({ length: 60 }, (_, at): Change => ({
      ...relation("alice@example.org"),
      key: { sender: `s${at % 5}@example.org`, recipient: `r${Math.floor(at / 5)}@example.net` },
    })),
  );
  one.connection.db.exec("DELETE FROM outbox");
  other.pull(one);
  assertEquals(other.records(), one.records());
});

Deno.test("a database that was copied or restored has another incarnation", () => {
  const site = new TestSite("mx1");
  const other = new TestSite("mx2");
  const name = "org:example.org";
  site.write(reputation(name, { retried: 2, total: 2 }));
  other.pull(site);
  const before = site.store.share.site()!.incarnation;
  site.store.share.renew();
  assertNotEquals(site.store.share.site()!.incarnation, before);
  converge(site, other);
  const total = (one: TestSite) =>
    one.store.greylist.findReputations({ text: "", limit: 10 }).rows[0]!.total;
  assertEquals([total(site), total(other)], [2, 2]);
  site.write(reputation(name, { retried: 3, total: 3 }));
  converge(site, other);
  assertEquals([total(site), total(other)], [3, 3]);
});

Deno.test("a position from the future of a restored database is noticed", () => {
  const [older, newer] = [new TestSite("mx1"), new TestSite("mx1")];
  newer.write(pending("a@example.org", LATER));
  const { incarnation } = older.store.share.site()!;
  const position = `${incarnation}/0/1`;
  assert(older.store.share.changes(position, 10)!.isAhead);
  older.write(pending("b@example.org", LATER));
  const { isAhead, changes } = older.store.share.changes(position, 10)!;
  assertEquals([isAhead, changes], [false, []]);
});

Deno.test("a position that means nothing begins with everything", () => {
  const site = new TestSite("mx1");
  for (let at = 0; at < 3; at++) site.write(pending(`${at}@example.org`, LATER));
  const { incarnation } = site.store.share.site()!;
  for (
    const position of [
      "",
      "x",
      "other/5/5",
      `${incarnation}/0/0/["nothing"]`,
      `${incarnation}/-1/0`,
    ]
  ) {
    const reader = new TestSite("mx2");
    reader.positions.set(site, position);
    assertEquals(reader.pull(site).length, 3, position);
  }
});

Deno.test("a flood of one network is not sent beyond the limit, and what is known comes first", () => {
  const site = new TestSite("mx1");
  const other = new TestSite("mx2");
  other.pull(site);
  site.store.share.limitPending(5);
  for (let at = 0; at < 20; at++) site.write(pending(`${at}@example.org`, LATER));
  site.write(relation("a@example.org"));
  const changes = other.pull(site, 100);
  assertEquals(changes.map(([kind]) => kind), ["relation", ...Array(5).fill("pending")]);
});

Deno.test("sites that change records at random converge", () => {
  const sender = fc.constantFrom("a@example.org", "b@example.org");
  const at = fc.integer({ min: 1, max: 8 }).map((hour) => hour * HOUR);
  const ip = fc.integer({ min: 1, max: 3 }).map((host) => `ip:192.0.2.${host}`);
  const change = fc.oneof(
    fc.record({ sender, at, ip }).map(({ sender, at, ip }) => [
      pending(sender, {
        origins: [ip, NETWORK],
        firstSeen: at,
        lastSeen: at,
        ...LATER,
      }),
    ]),
    fc.record({ sender, at }).map(({ sender, at }) => retried(sender, at)),
    fc.record({ sender, at, ip }).map(({ sender, at, ip }) => [
      relation(sender, { origins: [ip, NETWORK], firstSeen: at, lastSeen: at }),
    ]),
  );
  const site = fc.integer({ min: 0, max: 2 });
  const step = fc.oneof(
    fc.record({ site, change }),
    fc.record({ site, from: site }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
      const sites = ["mx1", "mx2", "mx3"].map((name) => new TestSite(name));
      for (const step of steps) {
        if ("change" in step) sites[step.site]!.decide(step.change);
        else if (step.from !== step.site) sites[step.site]!.pull(sites[step.from]!);
      }
      converge(...sites);
      assertEquals(sites[1]!.records(), sites[0]!.records());
      assertEquals(sites[2]!.records(), sites[0]!.records());
    }),
    { numRuns: 150 },
  );
});

Deno.test("one site counts a triplet that was abandoned, and each some of them", () => {
  const sites = ["mx1", "mx2", "mx3"].map((name) => new TestSite(name));
  for (const { store, name } of sites) {
    store.share.setOthers(["mx1", "mx2", "mx3"].filter((other) => other !== name));
  }
  const reported = sites.map(({ store }) => {
    const seen: string[] = [];
    store.greylist.exchange(() =>
      Array.from({ length: 90 }, (_, at) => pending(`${at}@example.org`, { expires: 1 }))
    );
    const expiry = {
      pendingBefore: 2,
      seenBefore: 0,
      historyBefore: 0,
      historyRows: 1,
      deferralRows: 1,
      evictions: [],
    };
    store.greylist.expire(expiry, undefined, 1000, (expired) => {
      seen.push(...expired.map((one) => one.sender));
      return [];
    });
    assertEquals(store.size().pending, 0);
    return seen;
  });
  assertEquals(new Set(reported.flat()).size, 90);
  assertEquals(reported.flat().length, 90);
  assert(reported.every((seen) => seen.length > 10));
});
