import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { FilterSessions, resultLine } from "../../lib/opensmtpd/filter.ts";

const report = (event: string, ...fields: string[]) =>
  `report|0.6|1607432400.123456|smtp-in|${event}|s1|${fields.join("|")}`;
const ask = (event: string, parameter: string) =>
  `filter|0.6|1607432400.123456|smtp-in|${event}|s1|t1|${parameter}`;

/** The attributes of the policy request for bob@example.net after some lines. */
function attributesAfter(...lines: readonly string[]): Readonly<Record<string, string>> {
  const sessions = new FilterSessions();
  for (const line of lines) sessions.handle(line);
  const step = sessions.handle(ask("rcpt-to", "bob@example.net"));
  return step?.kind === "ask" ? step.attributes : { step: step?.kind ?? "" };
}

const CONNECT = report(
  "link-connect",
  "mail.example.org",
  "pass",
  "192.0.2.10:33174",
  "192.0.2.1:25",
);

Deno.test("a recipient becomes a policy request with what the session said before", () => {
  const attributes = attributesAfter(
    CONNECT,
    report("link-identify", "EHLO", "helo.example.org"),
    ask("mail-from", "<alice@example.org>"),
  );
  assertEquals(attributes, {
    request: "smtpd_access_policy",
    protocol_state: "RCPT",
    protocol_name: "ESMTP",
    client_address: "192.0.2.10",
    client_name: "mail.example.org",
    reverse_client_name: "mail.example.org",
    helo_name: "helo.example.org",
    sender: "alice@example.org",
    recipient: "bob@example.net",
    instance: "s1.1",
    sasl_username: "",
  });
});

Deno.test("the client's name counts only if DNS confirms it", () => {
  const table: [name: string, fcrdns: string, source: string, expected: string[]][] = [
    ["mail.example.org", "pass", "192.0.2.10:1", [
      "192.0.2.10",
      "mail.example.org",
      "mail.example.org",
    ]],
    ["mail.example.org", "fail", "192.0.2.10:1", ["192.0.2.10", "unknown", "mail.example.org"]],
    ["<unknown>", "error", "192.0.2.10:1", ["192.0.2.10", "unknown", "unknown"]],
    ["", "pass", "192.0.2.10:1", ["192.0.2.10", "unknown", "unknown"]],
    ["a.example", "pass", "[2001:db8::10]:1", ["2001:db8::10", "a.example", "a.example"]],
    ["a.example", "pass", "[IPv6:2001:db8::10]:1", ["2001:db8::10", "a.example", "a.example"]],
  ];
  for (const [name, fcrdns, source, expected] of table) {
    const { client_address, client_name, reverse_client_name } = attributesAfter(
      report("link-connect", name, fcrdns, source, "192.0.2.1:25"),
    );
    assertEquals([client_address, client_name, reverse_client_name], expected, source);
  }
});

Deno.test("an authenticated user is named, in both orders of the fields", () => {
  for (const fields of [["carol", "pass"], ["pass", "carol"]]) {
    assertEquals(
      attributesAfter(CONNECT, report("link-auth", ...fields))["sasl_username"],
      "carol",
    );
  }
  assertEquals(attributesAfter(CONNECT, report("link-auth", "carol", "fail"))["sasl_username"], "");
});

Deno.test("each message of a session has its own instance and sender", () => {
  const { instance, sender } = attributesAfter(
    CONNECT,
    ask("mail-from", "one@example.org"),
    ask("mail-from", "<>"),
  );
  assertEquals([instance, sender], ["s1.2", ""]);
});

Deno.test("local mail, unknown sessions and other commands proceed", () => {
  const proceed = { kind: "proceed", session: "s1", token: "t1" } as const;
  const sessions = new FilterSessions();
  assertEquals(sessions.handle(ask("rcpt-to", "bob@example.net")), proceed);
  sessions.handle(report("link-connect", "localhost", "pass", "unix:/var/run/smtpd.sock", "unix:"));
  assertEquals(sessions.handle(ask("rcpt-to", "bob@example.net")), proceed);
  assertEquals(sessions.handle(ask("mail-from", "alice@example.org")), proceed);
  assertEquals(sessions.handle(ask("ehlo", "a.example")), proceed);
});

Deno.test("smtpd's configuration ends with the registration, a session with its end", () => {
  const sessions = new FilterSessions();
  assertEquals(sessions.handle("config|smtpd-version|6.8.0"), undefined);
  assertEquals(sessions.handle("config|ready"), { kind: "register" });
  sessions.handle(CONNECT);
  assertEquals(sessions.handle(report("link-disconnect")), { kind: "end", session: "s1" });
  assertEquals(sessions.handle(ask("rcpt-to", "bob@example.net"))?.kind, "proceed");
});

Deno.test("no line breaks the filter, and no attribute has a line break", () => {
  fc.assert(fc.property(
    fc.array(
      fc.oneof(
        fc.string({ unit: "binary" }).map((text) => text.replaceAll("\n", "")),
        fc.string().map((text) => ask("rcpt-to", text.replaceAll("\n", ""))),
        fc.constant(CONNECT),
      ),
      { maxLength: 6 },
    ),
    (lines) => {
      const sessions = new FilterSessions();
      for (const line of lines) {
        const step = sessions.handle(line);
        if (step?.kind !== "ask") continue;
        assertEquals(Object.values(step.attributes).filter((text) => text.includes("\n")), []);
      }
    },
  ));
});

Deno.test("a result proceeds, or rejects with a reply code", () => {
  assertEquals(resultLine("s", "t", { kind: "accept", text: "" }), "filter-result|s|t|proceed");
  assertEquals(
    resultLine("s", "t", { kind: "defer", text: "4.7.1 Greylisted" }),
    "filter-result|s|t|reject|450 4.7.1 Greylisted",
  );
  assertEquals(
    resultLine("s", "t", { kind: "reject", text: "5.7.1 Blocked" }),
    "filter-result|s|t|reject|550 5.7.1 Blocked",
  );
});
