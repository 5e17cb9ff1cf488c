import { assertEquals } from "@std/assert";
import { withPage } from "../page.ts";

Deno.test("new settings apply to queries and commands", async () => {
  await withPage(({ service }) => {
    assertEquals(service.queries.fixedRules().length > 0, true);
    service.configure({ ...service.settings, builtinList: false, version: "2" });
    assertEquals(service.queries.fixedRules(), []);
    assertEquals(service.settings.version, "2");
    return Promise.resolve();
  });
});

Deno.test("after a reopen the statistics are those of the new database", async () => {
  await withPage(({ service, store, clock }) => {
    const requests = () => service.queries.summary(3_600_000).requests;
    assertEquals(requests(), 0);
    const hour = clock.now - clock.now % 3_600_000;
    store.history.record({
      decisions: [],
      tallies: [{ hour, decision: "defer", reason: "new", count: 3 }],
      delays: [],
      quietPeriod: 1,
    });
    assertEquals(requests(), 0);
    service.reopen();
    assertEquals(requests(), 3);
    return Promise.resolve();
  });
});
