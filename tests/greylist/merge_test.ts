import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  combinedReputation,
  type EntryState,
  mergeEntry,
  mergeParts,
  mergePending,
  mergeRelation,
  newerPart,
  ownPart,
  type PendingState,
  type ReputationPart,
} from "../../lib/greylist/merge.ts";
import { MAX_ORIGINS, type Relation } from "../../lib/greylist/model.ts";
import { DAY, HOUR, MINUTE } from "../../lib/text/duration.ts";

const WINDOW = 2 * DAY;
const LIFETIME = 36 * DAY;

/** Fails unless the order, the grouping and the repetition of what is merged make no difference. */
function checkLaws<T>(states: fc.Arbitrary<T>, merge: (a: T, b: T) => T): void {
  fc.assert(
    fc.property(states, states, states, (a, b, c) => {
      const ab = merge(a, b);
      assertEquals(merge(b, a), ab, "commutative");
      assertEquals(merge(ab, c), merge(a, merge(b, c)), "associative");
      assertEquals(merge(ab, ab), ab, "idempotent");
      assertEquals(merge(ab, a), ab, "absorbs what it has");
    }),
    { numRuns: 3000 },
  );
}

// Few values, so that periods, ends and ties meet; ends of the retry window lie among them.
const time = fc.integer({ min: 0, max: 40 }).map((at) => at * 6 * HOUR);
const duration = fc.integer({ min: 0, max: 12 }).map((at) => at * 6 * HOUR);
const origin = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map((at) => `ip:192.0.2.${at}`),
  fc.integer({ min: 0, max: 10 }).map((at) => `net:192.0.${at}.0/24`),
  fc.constantFrom("org:example.org", "spf:example.org", "via:provider.example"),
);
const origins = fc.array(origin, { minLength: 1, maxLength: MAX_ORIGINS });
const NETWORK = "net:192.0.2.0/24";

const pending: fc.Arbitrary<PendingState> = fc.oneof(
  fc.record({ firstSeen: time, lasts: duration, tries: fc.integer({ min: 1, max: 5 }), origins })
    .map(({ firstSeen, lasts, tries, origins }) => ({
      network: NETWORK,
      origins,
      firstSeen,
      lastSeen: firstSeen + Math.min(lasts, WINDOW),
      tries,
      expires: firstSeen + WINDOW,
    })),
  fc.record({ firstSeen: time, after: duration }).map(({ firstSeen, after }) => ({
    network: NETWORK,
    firstSeen,
    expires: firstSeen + WINDOW,
    ended: firstSeen + after,
  })),
);

const relation: fc.Arbitrary<Relation> = fc.record({ firstSeen: time, lasts: duration, origins })
  .map(({ firstSeen, lasts, origins }) => ({ origins, firstSeen, lastSeen: firstSeen + lasts }));

const count = fc.integer({ min: 0, max: 8 });
const part: fc.Arbitrary<ReputationPart> = fc.record({
  site: fc.constantFrom("a", "b", "c"),
  retried: count,
  abandoned: count,
  total: count,
  updated: time,
  firstSeen: time,
  lastSeen: time.map((at) => at * 8),
  lastRetried: time,
  lastAbandoned: time,
  cleared: fc.constantFrom(0, 5 * DAY),
  domains: fc.array(
    fc.record({ domain: fc.constantFrom("x.example", "y.example"), since: time }),
    { maxLength: 2 },
  ),
});
const parts = fc.array(part, { minLength: 1, maxLength: 5 }).map((list) => mergeParts(list, []));

const entry: fc.Arbitrary<EntryState> = fc.record({
  stamp: fc.integer({ min: 0, max: 3 }),
  entry: fc.option(
    fc.record({
      note: fc.constantFrom("", "x"),
      addedBy: fc.constantFrom("root", "api"),
      created: fc.integer({ min: 0, max: 2 }),
    }),
    { nil: undefined },
  ),
}).map(({ stamp, entry }) => entry === undefined ? { stamp } : { stamp, entry: { ...entry } });

/** In the order of a merged record. */
const sorted = <T extends { readonly origins: readonly string[] }>(one: T): T => ({
  ...one,
  origins: mergeRelation({ ...one, firstSeen: 0, lastSeen: 0 }, {
    ...one,
    firstSeen: 0,
    lastSeen: 0,
  }).origins,
});

Deno.test("pending triplets merge alike in any order, also across their ends", () => {
  const states = pending.map((one) => "origins" in one ? sorted(one) : one);
  checkLaws(states, (a, b) => mergePending(a, b, WINDOW));
});

Deno.test("relations merge alike in any order", () => {
  checkLaws(relation.map(sorted), mergeRelation);
});

Deno.test("entries merge alike in any order", () => checkLaws(entry, mergeEntry));

Deno.test("parts of a reputation merge alike in any order", () => {
  checkLaws(parts, mergeParts);
});

Deno.test("of two states of a part one is the newer, whichever is asked first", () => {
  fc.assert(fc.property(part, part, (a, b) => {
    assertEquals(newerPart({ ...a, site: "a" }, { ...b, site: "a" }), {
      ...newerPart({ ...b, site: "a" }, { ...a, site: "a" }),
    });
  }));
});

function triplet(firstSeen: number, lastSeen = firstSeen): PendingState {
  return {
    network: NETWORK,
    origins: ["ip:192.0.2.1"],
    firstSeen,
    lastSeen,
    tries: 1,
    expires: firstSeen + WINDOW,
  };
}

Deno.test("a triplet has waited since its first attempt at any site", () => {
  const merged = mergePending(triplet(HOUR + MINUTE), triplet(HOUR), WINDOW);
  assertEquals(merged.firstSeen, HOUR);
});

Deno.test("a triplet whose time was over gives way whole", () => {
  fc.assert(fc.property(time, fc.integer({ min: 1, max: 40 * DAY }), (first, after) => {
    const old = triplet(first);
    const later = triplet(old.expires + after);
    assertEquals(mergePending(old, later, WINDOW), later);
  }));
});

Deno.test("a triplet that was retried at one site waits at none, also in a copy that comes late", () => {
  const passed: PendingState = {
    network: NETWORK,
    firstSeen: HOUR,
    expires: HOUR + WINDOW,
    ended: 2 * HOUR,
  };
  assertEquals(mergePending(passed, triplet(HOUR, 3 * HOUR), WINDOW), passed);
  assertEquals(mergePending(passed, { ...passed, ended: 90 * MINUTE }, WINDOW), {
    ...passed,
    ended: 90 * MINUTE,
  });
});

function reputation(site: string, retried: number, at = HOUR, cleared = 0): ReputationPart {
  return {
    site,
    retried,
    abandoned: 0,
    total: retried,
    updated: at,
    firstSeen: HOUR,
    lastSeen: at,
    lastRetried: at,
    lastAbandoned: 0,
    cleared,
  };
}

Deno.test("what sites counted is summed", () => {
  const combined = combinedReputation([reputation("a", 2), reputation("b", 3)], LIFETIME);
  assertEquals([combined.retried, combined.total], [5, 5]);
});

Deno.test("what one site adds to the sum is its own", () => {
  fc.assert(fc.property(parts, count, (given, added) => {
    const others = given.filter(({ site, cleared }) => site !== "a" && cleared === 0)
      .map((one) => ({ ...one, firstSeen: 0 }));
    const own = { ...reputation("a", 2, 300 * DAY) };
    const combined = combinedReputation(mergeParts([own], others), Infinity);
    const written = {
      ...combined,
      retried: combined.retried + added,
      total: combined.total + added,
    };
    const after = ownPart("a", written, others, 0);
    assertEquals(after.total, 2 + added);
    assert(Math.abs(after.retried - 2 - added) < 1e-6);
  }));
});

Deno.test("a cleared origin has only what sites counted since they knew", () => {
  const clearing = reputation("b", 0, 2 * HOUR, 2 * HOUR);
  const before = reputation("a", 5, 3 * HOUR);
  const after = reputation("a", 1, 4 * HOUR, 2 * HOUR);
  const total = (...list: ReputationPart[]) => combinedReputation(list, LIFETIME).total;
  assertEquals(total(before, clearing), 0);
  assertEquals(total(after, clearing), 1);
});

Deno.test("a part that was over at the last message does not count", () => {
  const old = reputation("a", 5, HOUR);
  const later = { ...reputation("b", 1, HOUR + LIFETIME + 1), firstSeen: HOUR + LIFETIME };
  const combined = combinedReputation([old, later], LIFETIME);
  assertEquals([combined.total, combined.firstSeen], [1, HOUR + LIFETIME]);
});

Deno.test("a removed entry stays removed until it is added later", () => {
  const added = { stamp: 1, entry: { note: "", addedBy: "root", created: 1 } };
  const again = { stamp: 3, entry: { note: "", addedBy: "root", created: 3 } };
  assertEquals(mergeEntry(added, { stamp: 2 }), { stamp: 2 });
  assertEquals(mergeEntry({ stamp: 2 }, again), again);
});
