import { assertEquals } from "@std/assert";
import { parseRequest } from "../../lib/daemon/parsed_request.ts";
import { PolicyRequest } from "../../lib/postfix/request.ts";
import { policyRequest } from "./request.ts";

const parse = (attributes: PolicyRequest, time: number) => parseRequest(attributes, time, "+");

Deno.test("a request becomes an attempt with the client's verified name", () => {
  const { attempt, time } = parse(
    policyRequest({ client_name: "Mail.Example.org", helo_name: "HELO.example.org" }),
    7,
  );
  assertEquals(time, 7);
  assertEquals(attempt?.name, "mail.example.org");
  assertEquals(attempt?.heloName, "HELO.example.org");
  assertEquals(attempt?.sender, "alice@example.org");
  assertEquals(attempt?.stage, "RCPT");
  assertEquals(attempt?.authenticated, false);
  assertEquals(parse(policyRequest(), 7).attempt?.name, undefined);
  assertEquals(
    parse(policyRequest({ sasl_username: "bob" }), 7).attempt?.authenticated,
    true,
  );
});

Deno.test("a recipient without a stage is that of RCPT", () => {
  const lines = "request=smtpd_access_policy\nclient_address=192.0.2.10\n";
  const table: [given: string, stage: string | undefined, assumed: boolean][] = [
    [`${lines}recipient=bob@example.net\n`, "RCPT", true],
    [`${lines}protocol_state=\nrecipient=bob@example.net\n`, "RCPT", true],
    [`${lines}protocol_state=DATA\nrecipient=bob@example.net\n`, "DATA", false],
    [`${lines}recipient=\n`, "", false],
    [lines, "", false],
    ["recipient=bob@example.net\n", undefined, false],
  ];
  for (const [given, stage, assumed] of table) {
    const { attempt, isStageAssumed } = parse(new PolicyRequest(given), 0);
    assertEquals([attempt?.stage, isStageAssumed], [stage, assumed], given);
  }
});

Deno.test("the submission service asks about own users only", () => {
  const context = { policy_context: "submission" };
  assertEquals(parse(policyRequest(context), 0).attempt, undefined);
  const own = parse(policyRequest({ ...context, sasl_username: "bob" }), 0).attempt;
  assertEquals(own?.authenticated, true);
  assertEquals(
    parse(policyRequest({ policy_context: "mx" }), 0).attempt?.authenticated,
    false,
  );
});

Deno.test("a request without a usable address, or of another kind, is no attempt", () => {
  const table: Record<string, string>[] = [
    { request: "" },
    { request: "other" },
    { client_address: "" },
    { client_address: "unknown" },
    { client_address: "192.0.2" },
  ];
  for (const given of table) {
    assertEquals(parse(policyRequest(given), 0).attempt, undefined, JSON.stringify(given));
  }
  assertEquals(parse(new PolicyRequest(""), 0).attempt, undefined);
});
