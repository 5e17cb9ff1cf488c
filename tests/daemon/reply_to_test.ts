import { assertEquals } from "@std/assert";
import { parseRequest } from "../../lib/daemon/parsed_request.ts";
import { replyTo } from "../../lib/daemon/reply_to.ts";
import type { Verdict } from "../../lib/greylist/model.ts";
import { policyRequest } from "./request.ts";
import { settingsWith } from "./settings.ts";

const { engine: { reply } } = settingsWith();
const { attempt } = parseRequest(policyRequest(), 0, "+");

const TABLE: readonly (readonly [verdict: Verdict, action: RegExp])[] = [
  [{ decision: "pass", reason: "known" }, /^DUNNO$/],
  [{ decision: "defer", reason: "new", wait: 59_001 }, /^DEFER_IF_PERMIT 4\.7\.1 .* 60 seconds$/],
  [{ decision: "defer", reason: "early", wait: 1 }, / 1 seconds$/],
  [{ decision: "defer", reason: "early", wait: 0 }, / 1 seconds$/],
  [{ decision: "reject", reason: "blocked" }, /^550 5\.7\.1 /],
  [
    { decision: "reject", reason: "listed", by: "dnsbl.example" },
    /^554 5\.7\.1 Client host \[192\.0\.2\.\d+\] is listed by dnsbl\.example$/,
  ],
  [
    { decision: "pass", reason: "retried", delayed: 61_900, firstOfMessage: true },
    /^PREPEND X-Greylist: delayed 61 seconds/,
  ],
  [{ decision: "pass", reason: "retried", delayed: 61_900, firstOfMessage: false }, /^DUNNO$/],
  [
    { decision: "pass", reason: "new", shadow: "defer", wait: 60_000 },
    /^INFO greylag would have deferred this: new, 60 s to wait$/,
  ],
  [
    { decision: "pass", reason: "blocked", shadow: "reject" },
    /^INFO greylag would have refused this: blocked$/,
  ],
  [
    { decision: "pass", reason: "listed", shadow: "reject" },
    /^INFO greylag would have refused this: listed$/,
  ],
];

Deno.test("each verdict has its action", () => {
  for (const [verdict, action] of TABLE) {
    const text = replyTo(verdict, attempt!, reply, 0);
    const [, found] = /^action=(.*)\n\n$/.exec(text)!;
    assertEquals(action.test(found!), true, `${JSON.stringify(verdict)}: ${found}`);
  }
});
