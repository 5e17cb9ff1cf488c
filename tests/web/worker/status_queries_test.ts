import { assert, assertEquals, assertThrows } from "@std/assert";
import { RefusedError } from "../../../lib/web/worker/status_queries.ts";
import { HOUR } from "../../../lib/text/duration.ts";
import { recordDeferral, withPage } from "../page.ts";

Deno.test("a missing row is refused with 404", async () => {
  await withPage(({ service: { queries } }) => {
    for (
      const query of [
        () => queries.deferral(7777),
        () => queries.decision(7777),
        () => queries.entry(7777),
      ]
    ) {
      assertEquals(assertThrows(query, RefusedError).status, 404);
    }
    return Promise.resolve();
  }, { seeded: true });
});

Deno.test("a deferral is waiting for six hours after its last attempt, and not retried then", async () => {
  await withPage((page) => {
    const { service: { queries }, clock } = page;
    recordDeferral(page, "alice@example.org");
    const query = { text: "", limit: 10 };
    const senders = () => [
      queries.waiting(query).rows.map(({ sender }) => sender),
      queries.deferred({ ...query, state: "not-retried" }).rows.map(({ sender }) => sender),
    ];
    assertEquals(senders(), [["alice@example.org"], []]);
    clock.now += 6 * HOUR + 1;
    assertEquals(senders(), [[], ["alice@example.org"]]);
    return Promise.resolve();
  });
});

Deno.test("a deferral that a block list, SPF or a DNS list ended is rejected", async () => {
  await withPage((page) => {
    const { service: { queries }, clock } = page;
    recordDeferral(page, "alice@example.org");
    const [one] = queries.waiting({ text: "", limit: 1 }).rows;
    const states = (["blocked", "listed", "retried", "known"] as const)
      .map((endedBy) => queries.stateOf({ ...one!, ended: clock.now, endedBy }));
    assertEquals(states, ["rejected", "rejected", "retried", "retried"]);
    return Promise.resolve();
  });
});

Deno.test("statistics are cached until the settings change", async () => {
  await withPage((page) => {
    const { service: { queries } } = page;
    const first = queries.summary(HOUR);
    assert(queries.summary(HOUR) === first);
    assert(queries.summary(2 * HOUR) !== first);
    queries.settings = { ...queries.settings };
    assert(queries.summary(HOUR) !== first);
    return Promise.resolve();
  }, { seeded: true });
});

Deno.test("suggestions come from a message, but not from hashes", async () => {
  for (const [privacy, expected] of [[false, true], [true, false]] as const) {
    await withPage(({ service: { queries } }) => {
      const [decision] = queries.decisions({ text: "", limit: 1 }).rows;
      assertEquals(queries.suggestions(decision!).length > 0, expected);
      return Promise.resolve();
    }, { seeded: true, privacy });
  }
});
