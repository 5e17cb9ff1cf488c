import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { REASON_TEXTS, type Verdict } from "../../../lib/greylist/model.ts";
import { Counters } from "../../../lib/daemon/counters.ts";
import { renderMetrics } from "../../../lib/web/api/metrics.ts";
import { decisionEvent } from "../../daemon/request.ts";
import { DAEMON_STATUS } from "../page.ts";

const measured = (counters = new Counters()) => ({
  daemonStatus: { ...DAEMON_STATUS, counters: counters.snapshot(), started: 1_700_000_000_500 },
  version: '1.0 "x"\\',
  databaseBytes: 4096,
  deferrals: {
    deferrals: { retried: 3, rejected: 2, waiting: 1, "not-retried": 40 },
    listed: 2,
  },
});

Deno.test("every metric has its help and type once, and every known label is present with zero", () => {
  const text = renderMetrics(measured());
  for (const reason of Object.keys(REASON_TEXTS)) {
    assertStringIncludes(text, `greylag_requests_total{reason="${reason}"} 0\n`);
  }
  const names = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => /^[a-z_]+/.exec(line)![0]);
  for (const name of new Set(names)) {
    assertEquals(text.split(`# HELP ${name} `).length, 2, name);
    assertEquals(text.split(`# TYPE ${name} `).length, 2, name);
    assert(text.includes(`# TYPE ${name} counter`) === name.endsWith("_total"), name);
  }
  assertStringIncludes(text, 'greylag_info{version="1.0 \\"x\\"\\\\"} 1\n');
  assertStringIncludes(text, "greylag_start_time_seconds 1700000000.5\n");
});

Deno.test("each state of a DNS list is 1 or 0", () => {
  const given = measured();
  const dnsLists = [{ zone: "zen.example", state: "disabled", why: "x" }] as const;
  const text = renderMetrics({ ...given, daemonStatus: { ...given.daemonStatus, dnsLists } });
  for (const [state, value] of [["works", 0], ["unproven", 0], ["disabled", 1]]) {
    assertStringIncludes(
      text,
      `greylag_dns_list_state{zone="zen.example",state="${state}"} ${value}\n`,
    );
  }
  assertEquals(renderMetrics(given).includes("dns_list_state"), false);
});

Deno.test("requests are counted by reason and decision", () => {
  const counters = new Counters();
  const verdicts: Verdict[] = [
    { decision: "defer", reason: "new" },
    { decision: "pass", reason: "known" },
    { decision: "pass", reason: "known" },
  ];
  for (const verdict of verdicts) counters.handle(decisionEvent(verdict));
  const text = renderMetrics(measured(counters));
  assertStringIncludes(text, 'greylag_requests_total{reason="known"} 2\n');
  assertStringIncludes(text, 'greylag_decisions_total{decision="pass"} 2\n');
  assertStringIncludes(text, 'greylag_decisions_total{decision="defer"} 1\n');
});

Deno.test("deferrals are gauges by state, and absent while the database is unreadable", () => {
  const text = renderMetrics(measured());
  assertStringIncludes(text, 'greylag_deferrals{state="not-retried"} 40\n');
  assertStringIncludes(text, "greylag_deferrals_listed 2\n");
  const unreadable = renderMetrics({ ...measured(), deferrals: undefined });
  assertEquals(unreadable.includes("greylag_deferrals"), false);
});
