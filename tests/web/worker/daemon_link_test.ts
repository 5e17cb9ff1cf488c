import { assertEquals, assertRejects } from "@std/assert";
import { DaemonLink, DaemonStuckError } from "../../../lib/web/worker/daemon_link.ts";
import type { ToDaemon } from "../../../lib/web/worker/messages.ts";
import { DAEMON_STATUS } from "../page.ts";

const REPORT = { daemonStatus: DAEMON_STATUS, obstacles: [], warnings: [], log: [] };

Deno.test("reports are matched to their requests in any order", async () => {
  const sent: ToDaemon[] = [];
  const link = new DaemonLink((message) => sent.push(message));
  const [first, second] = [link.report(), link.report()];
  link.receive(1, { ...REPORT, obstacles: ["second"] });
  link.receive(0, { ...REPORT, obstacles: ["first"] });
  assertEquals((await first).obstacles, ["first"]);
  assertEquals((await second).obstacles, ["second"]);
  link.receive(0, REPORT);
  assertEquals(sent.map(({ kind }) => kind), ["report-request", "report-request"]);
});

Deno.test("concurrent callers share one write test", async () => {
  const sent: ToDaemon[] = [];
  const link = new DaemonLink((message) => sent.push(message));
  const reports = [link.testedReport(), link.testedReport(), link.testedReport()];
  assertEquals(sent, [{ kind: "report-request", request: 0, writeTest: true }]);
  link.receive(0, REPORT);
  assertEquals(await Promise.all(reports), [REPORT, REPORT, REPORT]);
  const next = link.testedReport();
  assertEquals(sent.length, 2);
  link.receive(1, REPORT);
  assertEquals(await next, REPORT);
});

Deno.test("a daemon that does not answer in time is an error", async () => {
  await assertRejects(() => new DaemonLink(() => {}, 10).report(), DaemonStuckError);
});

Deno.test("events go to the daemon as they are", () => {
  const sent: ToDaemon[] = [];
  const event = { kind: "changed", by: "test", what: "entry 1" } as const;
  new DaemonLink((message) => sent.push(message)).tell(event);
  assertEquals(sent, [{ kind: "event", event }]);
});
