import { assertEquals } from "@std/assert";
import { rankLost } from "../../lib/admin/queries.ts";
import type { Deferral } from "../../lib/store/history.ts";

let id = 0;

function deferral(given: Partial<Deferral>): Deferral {
  return {
    id: ++id,
    sender: `s${id}@example.org`,
    senderDomain: "example.org",
    recipient: "bob@example.net",
    firstSeen: 0,
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
    deferral({ sender: "tried", legitimacy: 5, tries: 3 }),
  ];
  assertEquals(rankLost(all).map(({ deferral: { sender } }) => sender), [
    "best",
    "tried",
    "new",
    "old",
  ]);
});

Deno.test("many recipients of one sender lower its rank", () => {
  const run = [1, 2, 3, 4].map((at) =>
    deferral({ sender: "run", recipient: `r${at}`, legitimacy: 6 })
  );
  const ranked = rankLost([...run, deferral({ sender: "person", legitimacy: 4 })]);
  assertEquals(ranked[0]!.deferral.sender, "person");
});
