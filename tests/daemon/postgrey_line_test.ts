import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { EventLog } from "../../lib/daemon/event_log.ts";
import { postgreyText } from "../../lib/daemon/postgrey_line.ts";
import type { Verdict } from "../../lib/greylist/model.ts";
import { decisionEvent } from "./request.ts";

const REST = "client_name=mail.example.org, client_address=192.0.2.10, " +
  "sender=alice@example.org, recipient=bob@example.net";

const NAMED = { client_name: "mail.example.org" };

Deno.test("each verdict is named as postgrey names it", () => {
  const table: [Verdict, string][] = [
    [{ decision: "defer", reason: "new", wait: 50_000 }, "action=greylist, reason=new"],
    [
      { decision: "defer", reason: "early", wait: 12_345, origin: "net:192.0.2.0/24" },
      "action=greylist, reason=early-retry (13s missing)",
    ],
    [
      { decision: "pass", reason: "retried", delayed: 65_900, firstOfMessage: true },
      "action=pass, reason=triplet found, delay=65",
    ],
    [
      { decision: "pass", reason: "retried", delayed: 65_900, firstOfMessage: false },
      "action=pass, reason=triplet found",
    ],
    [{ decision: "pass", reason: "known" }, "action=pass, reason=triplet found"],
    [{ decision: "pass", reason: "auto-whitelisted" }, "action=pass, reason=client AWL"],
    [{ decision: "pass", reason: "correspondent" }, "action=pass, reason=client AWL"],
    [{ decision: "pass", reason: "allowed" }, "action=pass, reason=client whitelist"],
    [
      { decision: "pass", reason: "allowed", by: "entry:1", matchedOn: "client" },
      "action=pass, reason=client whitelist",
    ],
    [
      { decision: "pass", reason: "allowed", by: "entry:1", matchedOn: "recipient" },
      "action=pass, reason=recipient whitelist",
    ],
    [
      { decision: "pass", reason: "allowed", by: "entry:1", matchedOn: "sender" },
      "action=pass, reason=sender whitelist",
    ],
    [
      { decision: "pass", reason: "allowed", by: "entry:1", matchedOn: "pair" },
      "action=pass, reason=triplet found",
    ],
    [{ decision: "pass", reason: "new", shadow: "defer", wait: 1 }, "action=pass, reason=new"],
    [{ decision: "reject", reason: "blocked", by: "entry:1" }, "action=reject, reason=blocked"],
    [{ decision: "pass", reason: "spf-pass" }, "action=pass, reason=spf-pass"],
  ];
  for (const [verdict, beginning] of table) {
    assertEquals(postgreyText(decisionEvent(verdict, NAMED)), `${beginning}, ${REST}`);
  }
});

Deno.test("postgrey's line leaves out what is empty and begins with the queue ID", () => {
  const verdict: Verdict = { decision: "pass", reason: "known", origin: "ip:192.0.2.10" };
  assertEquals(
    postgreyText(decisionEvent(verdict, { ...NAMED, sender: "", queue_id: "4F2" })),
    "4F2: action=pass, reason=triplet found, client_name=mail.example.org, " +
      "client_address=192.0.2.10, recipient=bob@example.net",
  );
});

Deno.test("syslog adds the time of postgrey's lines, and journald takes their priority", () => {
  for (const prefix of ["time", "priority"] as const) {
    const lines: string[] = [];
    const sink = {
      write: (line: string) => lines.push(line),
      flush: () => Promise.resolve(),
    };
    const log = new EventLog(sink, { logLevel: "info", logFormat: "postgrey" }, prefix);
    log.handle(decisionEvent({ decision: "pass", reason: "known" }, NAMED));
    log.handle(
      decisionEvent({ decision: "pass", reason: "retried", autoWhitelisted: true }, NAMED),
    );
    log.handle({ kind: "warning", text: "two\nlines" });
    const [info, warning] = prefix === "time" ? ["", ""] : ["<6>", "<4>"];
    assertEquals(lines, [
      `${info}action=pass, reason=triplet found, ${REST}`,
      `${info}whitelisted: mail.example.org[192.0.2.10]`,
      `${info}action=pass, reason=triplet found, ${REST}`,
      `${warning}two\\u{a}lines`,
    ]);
  }
});

Deno.test("property: no value breaks out of its field in postgrey's line", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 500 }), (value) => {
    const attributes = { ...NAMED, sender: value.replaceAll("\n", ""), recipient: "b@example.net" };
    const line = postgreyText(decisionEvent({ decision: "pass", reason: "known" }, attributes));
    assertEquals(line.split(", ").length, attributes.sender === "" ? 5 : 6);
    assert(!/[\p{Cc}\p{Cf}]/u.test(line));
    assert(line.length < 20_000);
  }));
});
