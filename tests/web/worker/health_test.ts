import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Counters } from "../../../lib/daemon/counters.ts";
import { HOUR } from "../../../lib/text/duration.ts";
import { checkSharedDatabase } from "../../../lib/admin/system_checks.ts";
import { databaseSize, healthOf, problemsOf } from "../../../lib/web/worker/health.ts";
import { recordDeferral, withPage } from "../page.ts";

const TESTED = { writeTest: true } as const;

Deno.test("a write test shows obstacles and the stored rows", async () => {
  await withPage(async ({ service }) => {
    const { obstacles, stored, databaseBytes } = await healthOf(service, TESTED);
    assertEquals(obstacles, ["disk full"]);
    assertEquals(stored, { pending: 1, relations: 1, reputations: 5 });
    assert(databaseBytes! > 4096);
  }, { seeded: true, obstacles: ["disk full"] });
});

Deno.test("without a write test the last write of the daemon counts", async () => {
  for (const databaseWorks of [true, false]) {
    await withPage(async ({ service }) => {
      const { obstacles, stored } = await healthOf(service, { writeTest: false });
      assertEquals(obstacles, databaseWorks ? [] : ["the database does not work"]);
      assertEquals(stored, undefined);
    }, { daemonStatus: { databaseWorks }, obstacles: ["not tested"] });
  }
});

Deno.test("failing DNS and a clock that was set back are warnings", async () => {
  const dns = { answered: 1, failed: 9, works: false, lastFailure: { time: 1, why: "timeout" } };
  await withPage(async (page) => {
    recordDeferral(page, "alice@example.org");
    page.clock.now -= HOUR;
    const { warnings } = await healthOf(page.service, TESTED);
    const problems = warnings.map(({ what }) => what).join("\n");
    assertStringIncludes(problems, "the clock was set back");
    assertStringIncludes(problems, "DNS does not answer: timeout");
  }, { daemonStatus: { dns } });
});

Deno.test("a list file that the daemon cannot use is an error with the entries that it keeps", async () => {
  const lists = [{ path: "/etc/w", why: "no such file or directory", kept: 57 }];
  await withPage(async ({ service }) => {
    const { warnings } = await healthOf(service, TESTED);
    const [found] = warnings.filter(({ what }) => what.includes("/etc/w"));
    assertEquals(found?.severity, "error");
    assertStringIncludes(found!.remedy, "last 57 entries stay in force");
  }, { daemonStatus: { lists } });
});

Deno.test("a DNS list that does not work is a warning", async () => {
  const dnsLists = [
    { zone: "zen.example", state: "works" },
    { zone: "dead.example", state: "disabled", why: "it lists 127.0.0.1" },
  ] as const;
  await withPage(async ({ service }) => {
    const { warnings } = await healthOf(service, TESTED);
    const problems = warnings.map(({ what }) => what);
    assertEquals(problems, ["DNS list dead.example is not used: it lists 127.0.0.1"]);
  }, { daemonStatus: { dnsLists } });
});

Deno.test("a daemon that no submission service calls gets an advice, after some time", async () => {
  const counters = (requests: number, authenticated: number) => {
    const { reasons, ...others } = new Counters().snapshot();
    return { ...others, requests, reasons: { ...reasons, authenticated } };
  };
  const started = Date.now();
  const table: [requests: number, authenticated: number, hours: number, advised: boolean][] = [
    [1000, 0, 24, true],
    [1000, 1, 24, false],
    [1000, 0, 1, false],
    [10, 0, 24, false],
  ];
  for (const [requests, authenticated, hours, advised] of table) {
    await withPage(async ({ service }) => {
      const { warnings } = await healthOf(service, TESTED);
      const found = warnings.filter(({ severity }) => severity === "advice");
      assertEquals(found.length, advised ? 1 : 0, `${requests} ${authenticated} ${hours}`);
    }, {
      now: started + hours * HOUR,
      daemonStatus: { started, counters: counters(requests, authenticated) },
    });
  }
});

Deno.test("a remedy ends with one full stop", async () => {
  const started = Date.now();
  const daemonStatus = {
    started,
    counters: { ...new Counters().snapshot(), requests: 1000 },
    dns: { answered: 1, failed: 9, works: false, lastFailure: { time: 1, why: "timeout" } },
    dnsLists: [{ zone: "dead.example", state: "disabled", why: "it lists 127.0.0.1" }],
    lists: [
      { path: "/etc/w", why: "no such file or directory", kept: 57 },
      { path: "/etc/v", why: "no such file or directory", kept: 0 },
    ],
  } as const;
  await withPage(async (page) => {
    recordDeferral(page, "alice@example.org");
    page.clock.now -= HOUR;
    const health = await healthOf(page.service, TESTED);
    const warnings = [...health.warnings, ...checkSharedDatabase("/var/g.db", true)];
    const problems = problemsOf({ ...health, warnings }, page.clock.now);
    assertEquals(problems.length, 8);
    for (const { remedy } of problems) assertMatch(remedy, /^[A-Z].*[^.]\.$/);
  }, { daemonStatus, now: started + 24 * HOUR, obstacles: ["disk full"] });
});

Deno.test("a missing database has no size and no rows, and is no exception", async () => {
  await withPage(async ({ service, store }) => {
    service.close();
    store.close();
    await Deno.remove(service.settings.store.database);
    const { stored, databaseBytes } = await healthOf(service, TESTED);
    assertEquals([stored, databaseBytes], [undefined, undefined]);
    assertEquals(await databaseSize("/nonexistent/g.db"), undefined);
  });
});
