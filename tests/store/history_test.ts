import { assert, assertEquals } from "@std/assert";
import {
  type DecisionRecord,
  type DecisionSearch,
  type Deferral,
  type DeferralState,
  deferralState,
  type Selection,
} from "../../lib/store/history.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { inDirectory } from "../daemon.ts";
import { recordDecisions } from "./records.ts";

async function withHistory(
  body: (store: Store) => void,
  { privacy = false }: { readonly privacy?: boolean } = {},
): Promise<void> {
  await inDirectory((directory) => {
    const store = openStore({ database: `${directory}/g.db`, privacy });
    try {
      body(store);
    } finally {
      store.close();
    }
    return Promise.resolve();
  });
}

const NEWS: Partial<DecisionRecord> = {
  heloName: "mail.example.org",
  sender: "alice@news.example.org",
  legitimacy: 3,
};

function record(store: Store, ...decisions: readonly Partial<DecisionRecord>[]): void {
  recordDecisions(store, 100_000, ...decisions.map((one) => ({ ...NEWS, ...one })));
}

const page = { text: "", limit: 50 };

const timesOf = (store: Store, search: Partial<DecisionSearch>) =>
  store.history.findDecisions({ ...page, ...search }).rows.map(({ time }) => time);

const MAIL: readonly Partial<DecisionRecord>[] = [
  {},
  { time: 2000, sender: "carol@example.com", clientAddress: "192.0.2.7" },
  { time: 3000, recipient: "eve@example.net", reason: "known", decision: "pass" },
  {
    time: 4000,
    sender: "",
    clientAddress: "198.51.100.1",
    network: "net:198.51.100.0/24",
    reason: "known",
    decision: "pass",
    shadow: "reject",
  },
];

const SELECTIONS: readonly (readonly [search: Partial<DecisionSearch>, times: number[]])[] = [
  [{}, [4000, 3000, 2000, 1000]],
  [{ senderDomain: "example.org" }, [3000, 1000]],
  [{ senderDomain: "" }, [4000]],
  [{ recipient: "BOB@example.net" }, [4000, 2000, 1000]],
  [{ network: "net:192.0.2.0/24" }, [3000, 2000, 1000]],
  [{ clientAddress: "192.0.2.7" }, [2000]],
  [{ decision: "reject" }, [4000]],
  [{ decision: "pass", reasons: ["known"] }, [3000]],
  [{ from: 2000, until: 4000 }, [3000, 2000]],
  [{ from: 5000 }, []],
  [{ senderDomain: "example.org", recipient: "bob@example.net", from: 0 }, [1000]],
  [{ senderDomain: "example.org", text: "carol" }, []],
];

Deno.test("the filters of decisions combine", async () => {
  await withHistory((store) => {
    record(store, ...MAIL);
    for (const [search, times] of SELECTIONS) {
      assertEquals(timesOf(store, search), times, JSON.stringify(search));
    }
  });
});

Deno.test("with privacy the filters find hashes, by the value and by the hash itself", async () => {
  await withHistory((store) => {
    record(store, ...MAIL);
    for (
      const [search, times] of SELECTIONS.filter(([{ text, recipient }]) =>
        text === undefined && recipient === undefined
      )
    ) {
      assertEquals(timesOf(store, search), times, JSON.stringify(search));
    }
    const { rows } = store.history.findDecisions({ ...page, recipient: "bob@example.net" });
    assertEquals(rows.map(({ time }) => time), [4000, 2000, 1000]);
    const { senderDomain, network, recipient } = rows.at(-1)!;
    for (const hash of [senderDomain, network, recipient]) assert(hash.includes("~"), hash);
    assertEquals(timesOf(store, { senderDomain, network, recipient }), [1000]);
  }, { privacy: true });
});

Deno.test("a deferral has the sender of its newest attempt as given, under the key of a retry", async () => {
  await withHistory((store) => {
    const key = { normalisedSender: "invoice@example.org", normalisedRecipient: "bob@example.net" };
    record(
      store,
      { ...key, sender: "prvs=1234567890=invoice@example.org", recipient: "bob+a@example.net" },
      { ...key, sender: "prvs=2345678901=invoice@example.org", time: 2000, reason: "early" },
    );
    const [one, ...others] = store.history.findDeferrals(page).rows;
    assertEquals(others, []);
    assertEquals(
      [one!.sender, one!.recipient, one!.senderDomain, one!.tries],
      ["prvs=2345678901=invoice@example.org", "bob@example.net", "example.org", 2],
    );
    const decisions = store.history.findDecisions({ ...page, deferral: one!.id });
    assertEquals(decisions.rows.length, 2);
    assertEquals(store.forget("invoice@example.org").deferrals, 1);
  });
});

Deno.test("the evidence of the first attempt stays with the deferral, and never with privacy", async () => {
  const evidence = [{ what: "SPF", found: "pass for example.org", speaks: "for" }] as const;
  for (const privacy of [false, true]) {
    await withHistory((store) => {
      record(store, { evidence }, { time: 2000, evidence: [] });
      const [one] = store.history.findDeferrals(page).rows;
      assertEquals(one!.evidence, privacy ? undefined : [...evidence]);
    }, { privacy });
  }
});

const STATES: readonly DeferralState[] = ["retried", "rejected", "waiting", "not-retried"];

Deno.test("every deferral of a period is in one state, counted as it is listed", async () => {
  await withHistory((store) => {
    for (let at = 0; at < 40; at++) {
      const sender = `s${at}@example.org`;
      record(store, { time: at, sender });
      if (at % 4 === 1) {
        record(store, { time: 50, sender, decision: "pass", reason: "retried" });
      }
      if (at % 4 === 2) {
        const reason = at % 8 === 2 ? "blocked" : "listed";
        record(store, { time: 50, sender, decision: "reject", reason });
      }
      if (at % 4 === 3) record(store, { time: 60, sender, reason: "early" });
    }
    const period = { from: 10, until: 35, quietSince: 55 };
    const listed = (state: DeferralState): Deferral[] => [
      ...store.history.findDeferrals({ ...page, ...period, state }).rows,
    ];
    const byState = store.history.countDeferrals(period.from, period.quietSince, period.until);
    const counts = STATES.map((state) => byState[state]);
    assertEquals(STATES.map((state) => listed(state).length), counts);
    for (const state of STATES) {
      const derived = listed(state).map((one) => deferralState(one, period.quietSince));
      assertEquals(new Set(derived), new Set([state]));
    }
    const rejectedBy = listed("rejected").map(({ endedBy }) => endedBy);
    assertEquals([...new Set(rejectedBy)].sort(), ["blocked", "listed"]);
    assertEquals(counts.reduce((sum, count) => sum + count), 25);
    assertEquals(new Set(STATES.flatMap(listed).map(({ id }) => id)).size, 25);
    const [top, ...others] = store.history.topDeferrals("senderDomain", period, 5);
    assertEquals(others, []);
    assertEquals(top, {
      value: "example.org",
      deferred: 25,
      retried: byState.retried,
      notRetried: byState["not-retried"],
    });
  });
});

Deno.test("top lists have the most deferred first, up to their limit", async () => {
  await withHistory((store) => {
    record(
      store,
      { sender: "a@a.example" },
      { sender: "b@b.example" },
      { sender: "c@b.example", network: "net:198.51.100.0/24" },
    );
    const period = { from: 0, until: 2000, quietSince: 0 };
    const values = (by: Parameters<Store["history"]["topDeferrals"]>[0], limit: number) =>
      store.history.topDeferrals(by, period, limit).map(({ value }) => value);
    assertEquals(values("senderDomain", 2), ["b.example", "a.example"]);
    assertEquals(values("senderDomain", 1), ["b.example"]);
    assertEquals(values("network", 1), ["net:192.0.2.0/24"]);
    assertEquals(values("recipient", 3), ["bob@example.net"]);
  });
});

Deno.test("the delays of a sender's retries are those of its newest", async () => {
  for (const privacy of [false, true]) {
    await withHistory((store) => {
      for (const [at, delay] of [5000, 7000, 9000].entries()) {
        const sender = `s${at}@example.org`;
        record(
          store,
          { sender },
          { sender, time: 1000 + delay, decision: "pass", reason: "retried" },
        );
      }
      assertEquals(store.history.retryDelays("example.org", 2), [9000, 7000]);
      assertEquals(store.history.retryDelays("example.com", 2), []);
    }, { privacy });
  }
});

Deno.test("a selection is found however far back, page by page", async () => {
  await withHistory((store) => {
    record(store, { sender: "first@rare.example" });
    for (let batch = 0; batch < 3; batch++) {
      const decisions = Array.from(
        { length: 10_000 },
        (_, at) => ({ time: 2000 + at, reason: "known", decision: "pass" }) as const,
      );
      record(store, ...decisions);
    }
    const selection: Selection = { senderDomain: "rare.example" };
    let after: string | undefined;
    const found: number[] = [];
    do {
      const { rows, next } = store.history.findDecisions({ ...page, ...selection, after });
      found.push(...rows.map(({ time }) => time));
      after = next;
    } while (after !== undefined);
    assertEquals(found, [1000]);
  });
});
