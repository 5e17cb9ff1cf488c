import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Counters } from "../../../lib/daemon/counters.ts";
import { DAY } from "../../../lib/text/duration.ts";
import { type StepFacts, StepList, stepsOf } from "../../../lib/web/pages/first_steps.tsx";
import type { Store } from "../../../lib/store/store.ts";
import { decision } from "../../store/records.ts";
import { DAEMON_STATUS, withPage } from "../page.ts";

const NOTHING: StepFacts = {
  isAsked: false,
  hasOwnMail: false,
  learnsOutbound: true,
  hasStranger: false,
  hasPassword: false,
  dnsWorks: undefined,
  usesDns: true,
  hasNoticeTargets: false,
  notices: { sent: 0, failed: 0 },
};

const EVERYTHING: StepFacts = {
  isAsked: true,
  hasOwnMail: true,
  learnsOutbound: true,
  hasStranger: true,
  hasPassword: true,
  dnsWorks: true,
  usesDns: true,
  hasNoticeTargets: true,
  notices: { sent: 1, failed: 0 },
};

const statesOf = (facts: StepFacts) =>
  Object.fromEntries(stepsOf(facts).map(({ name, state }) => [name, state]));

Deno.test("each step is open with a remedy until it is done", () => {
  const open = stepsOf(NOTHING);
  assertEquals(open.map(({ name }) => name), [
    "Postfix asks",
    "Own mail passes",
    "First stranger seen",
    "Password set",
    "DNS works",
    "Notices work",
  ]);
  assert(open.every(({ state, remedy }) => state === "open" && remedy !== ""));
  assert(stepsOf(EVERYTHING).every(({ state, remedy }) => state === "done" && remedy === ""));
});

Deno.test("DNS that does not answer and notices that cannot be sent are failures", () => {
  assertEquals(statesOf({ ...EVERYTHING, dnsWorks: false })["DNS works"], "failed");
  const failed = { ...EVERYTHING, notices: { sent: 3, failed: 1 } };
  assertEquals(statesOf(failed)["Notices work"], "failed");
});

Deno.test("steps of what is switched off are left out", () => {
  const names = stepsOf({ ...NOTHING, learnsOutbound: false, usesDns: false }).map(({ name }) =>
    name
  );
  assert(!names.includes("Own mail passes") && !names.includes("DNS works"));
});

Deno.test("the state is said in words as well", () => {
  const html = `${<StepList steps={stepsOf({ ...EVERYTHING, dnsWorks: false })} />}`;
  assertStringIncludes(html, '<span class="visually-hidden">done:</span> <b>Postfix asks</b>');
  assertStringIncludes(html, '<span class="visually-hidden">failed:</span> <b>DNS works</b>');
});

/** The first request ever. */
function recordFirst(store: Store, time: number): void {
  store.history.record({
    decisions: [decision({ time })],
    tallies: [{ hour: time, decision: "defer", reason: "new", count: 1 }],
    delays: [],
    quietPeriod: DAY,
  });
}

const overview = (get: (path: string) => Promise<Response>) =>
  get("/").then((response) => response.text());

Deno.test("a new installation shows its first steps", async () => {
  await withPage(async ({ get }) => {
    assertStringIncludes(await overview(get), "First steps");
  }, { seeded: false });
});

Deno.test("the first steps disappear a week after the first request, and when all are done", async () => {
  const now = 100 * DAY;
  for (const [age, isShown] of [[1, true], [9, false]] as const) {
    await withPage(async ({ get, store }) => {
      recordFirst(store, now - age * DAY);
      assertEquals((await overview(get)).includes("First steps"), isShown, `${age} days`);
    }, { seeded: false, now });
  }
  const counters = new Counters().snapshot();
  const done = {
    ...DAEMON_STATUS,
    counters: {
      ...counters,
      reasons: { ...counters.reasons, authenticated: 1 },
      notices: { sent: 1, failed: 0, dropped: 0 },
    },
    dns: { answered: 1, failed: 0, works: true },
  };
  await withPage(async ({ get, store }) => {
    recordFirst(store, now - DAY);
    assert(!(await overview(get)).includes("First steps"));
  }, { seeded: false, now, daemonStatus: done });
});
