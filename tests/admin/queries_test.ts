import { assert, assertEquals } from "@std/assert";
import {
  findAutoWhitelisted,
  findKnown,
  LOST_THRESHOLD,
  rankLost,
} from "../../lib/admin/queries.ts";
import type { Change } from "../../lib/greylist/model.ts";
import type { Deferral } from "../../lib/store/history.ts";
import { openStore } from "../../lib/store/open.ts";
import { MINUTE } from "../../lib/text/duration.ts";
import { inDirectory } from "../daemon.ts";
import { RULES } from "../greylist/world.ts";

let id = 0;

function deferral(given: Partial<Deferral>): Deferral {
  return {
    id: ++id,
    sender: `s${id}@example.org`,
    senderDomain: "example.org",
    recipient: "bob@example.net",
    firstSeen: 0,
    acceptedFrom: 0,
    lastSeen: 0,
    tries: 1,
    networkChanges: 0,
    network: "net:192.0.2.0/24",
    clientAddress: "192.0.2.10",
    clientName: "mail.example.org",
    heloName: "mail.example.org",
    legitimacy: 5,
    ...given,
  };
}

Deno.test("mail is ordered by legitimacy, then by its last attempt", () => {
  const all = [
    deferral({ sender: "old", legitimacy: 5, lastSeen: 1 }),
    deferral({ sender: "new", legitimacy: 5, lastSeen: 2 }),
    deferral({ sender: "best", legitimacy: 8 }),
    deferral({ sender: "queued", legitimacy: 5, tries: 3, lastSeen: 5 * MINUTE }),
  ];
  const known = new Set(["example.org"]);
  assertEquals(rankLost(all, known).map(({ deferral: { sender } }) => sender), [
    "best",
    "queued",
    "new",
    "old",
  ]);
});

Deno.test("many recipients of one sender lower its rank", () => {
  const run = [1, 2, 3, 4].map((at) =>
    deferral({ sender: "run", senderDomain: "bulk.example", recipient: `r${at}`, legitimacy: 6 })
  );
  const ranked = rankLost([...run, deferral({ sender: "person", legitimacy: 4 })], new Set());
  assertEquals(ranked[0]!.deferral.sender, "person");
});

Deno.test("several hosts of a domain that gave up are bulk mail, even if one of them retried once", () => {
  const known = new Set(["example.org"]);
  const one = deferral({ legitimacy: 9 });
  const other = deferral({ legitimacy: 9, clientAddress: "192.0.2.11" });
  const lowest = (rows: readonly Deferral[]) => rankLost(rows, known).at(-1)!.legitimacy;
  assert(lowest([one, one]) >= LOST_THRESHOLD);
  assert(lowest([one, other]) < LOST_THRESHOLD);
});

Deno.test("a throwaway domain that tries twice in a row is not shown as possibly lost", () => {
  const spam = deferral({ legitimacy: 9, tries: 2, lastSeen: 40_000 });
  const legitimacyOf = (one: Deferral, known: readonly string[] = []) =>
    rankLost([one], new Set(known))[0]!.legitimacy;
  assert(legitimacyOf(spam) < LOST_THRESHOLD);
  assert(legitimacyOf(spam, ["example.org"]) >= LOST_THRESHOLD);
  assert(legitimacyOf({ ...spam, lastSeen: 10 * MINUTE }) >= LOST_THRESHOLD);
});

Deno.test("an address finds what its network and itself are known for, also hashed", async () => {
  const now = Date.now();
  const times = { firstSeen: now, lastSeen: now };
  const relation = (sender: string, ...origins: string[]): Change => ({
    kind: "relation",
    key: { sender, recipient: "bob@example.net" },
    record: { origins, ...times },
  });
  const reputation = (key: string): Change => ({
    kind: "reputation",
    key,
    record: {
      retried: 9,
      abandoned: 0,
      total: 9,
      updated: now,
      lastRetried: now,
      lastAbandoned: 0,
      ...times,
    },
  });
  const query = { text: "192.0.2.10", limit: 10 };
  for (const privacy of [false, true]) {
    await inDirectory((directory) => {
      const store = openStore({ database: `${directory}/g.db`, privacy });
      store.greylist.exchange(() => [
        relation("ip@example.org", "org:x.example", "ip:192.0.2.10"),
        relation("net@example.org", "net:192.0.2.0/24", "org:x.example"),
        relation("other@example.org", "ip:192.0.2.100", "net:198.51.100.0/24"),
        reputation("ip:192.0.2.10"),
        reputation("ip:192.0.2.100"),
        reputation("net:192.0.2.0/24 example.org"),
      ]);
      const known = findKnown(store.greylist, query, RULES, now).rows;
      assertEquals(known.length, 2);
      if (!privacy) {
        assertEquals(known.map(({ sender }) => sender), ["ip@example.org", "net@example.org"]);
      }
      const trusted = findAutoWhitelisted(store.greylist, query, RULES, now).rows;
      // A pair is hashed as a whole.
      assertEquals(trusted.map(({ kind }) => kind), privacy ? ["address"] : ["address", "domain"]);
      store.close();
    });
  }
});
