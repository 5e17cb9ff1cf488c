import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { StoredDecision } from "../../../lib/store/history.ts";
import { MINUTE } from "../../../lib/text/duration.ts";
import { DecisionTable } from "../../../lib/web/pages/decisions.tsx";

const PAGE = { prefix: "/mail", path: "/", visitor: { kind: "anonymous" }, now: 0 } as const;

const DECISION: StoredDecision = {
  id: 7,
  time: 0,
  decision: "pass",
  reason: "known",
  clientAddress: "192.0.2.1",
  clientName: "unknown",
  heloName: "x",
  senderDomain: "example.org",
  network: "net:192.0.2.0/24",
  sender: "",
  recipient: "bob@example.net",
};

function render(given: Partial<StoredDecision>, isHashed = false): string {
  const rows = [{ ...DECISION, ...given }];
  return `${<DecisionTable page={PAGE} rows={rows} isHashed={isHashed} empty="" />}`;
}

function cell(html: string, head: string): string {
  const content = new RegExp(`data-head="${head}"><div>(.*?)</div></td>`).exec(html)![1]!;
  return content.replaceAll(/<[^>]*>/g, "").trim();
}

Deno.test("a decision is named, also one that shadow mode did not carry out", () => {
  const table: [Partial<StoredDecision>, string][] = [
    [{}, "passed"],
    [{ decision: "defer", reason: "new" }, "deferred"],
    [{ decision: "reject", reason: "blocked" }, "rejected"],
    [{ shadow: "defer", reason: "new" }, "passed (shadow: deferred)"],
    [{ shadow: "reject", reason: "blocked" }, "passed (shadow: rejected)"],
  ];
  for (const [given, expected] of table) {
    assertEquals(/class="badge[^"]*">(.*?)</.exec(render(given))![1], expected);
  }
});

Deno.test("a reason comes with its delay, entry and origin", () => {
  const table: [Partial<StoredDecision>, string][] = [
    [{ reason: "new", wait: MINUTE }, "new, retry accepted after 1m"],
    [{ reason: "retried", delayed: 90_000 }, "retried, after 1m 30s"],
    [{ reason: "blocked", by: "entry:2" }, "blocked, entry:2"],
    [{ origin: "spf:example.org" }, "known, spf:example.org"],
  ];
  for (const [given, expected] of table) {
    assertStringIncludes(cell(render(given), "Decision"), ` ${expected}`);
  }
});

Deno.test("entries are made from addresses, not from hashes", () => {
  const html = render({});
  assertStringIncludes(html, 'href="/mail/lists/new?decision=7&amp;list=allow"');
  assertStringIncludes(html, 'aria-label="Block … the null sender"');
  assert(!render({}, true).includes("/lists/new"));
});
