import { assert, assertEquals } from "@std/assert";
import { legitimacyOf, MAX_LEGITIMACY } from "../../lib/evidence/legitimacy.ts";
import { type Attempt, makeAttempt } from "../../lib/greylist/attempt.ts";
import { type Evidence, NO_EVIDENCE } from "../../lib/greylist/evidence.ts";
import { parseAddress } from "../../lib/net/network.ts";

const address = parseAddress("192.0.2.10")!;

function attemptOf(name: string | undefined, heloName: string, sender: string): Attempt {
  return makeAttempt({
    stage: "RCPT",
    authenticated: false,
    address,
    clientName: name ?? "unknown",
    heloName,
    sender,
    recipient: "bob@example.net",
    instance: "",
  }, "+");
}

function legitimacy(name: string | undefined, heloName: string, sender: string): number {
  return legitimacyOf(attemptOf(name, heloName, sender));
}

Deno.test("a host of the sender's own organisation ranks highest, a client without a name lowest", () => {
  const name = "mail.example.org";
  const generic = "192-0-2-10.dsl.example.com";
  const ranked = [
    legitimacy(name, name, "alice@example.org"),
    legitimacy(name, name, "alice@example.com"),
    legitimacy(name, "localhost", "alice@example.com"),
    legitimacy(undefined, name, "alice@example.org"),
    legitimacy(generic, "localhost", "alice@example.org"),
    legitimacy(undefined, "192.0.2.10", ""),
  ];
  assertEquals(ranked.toSorted((a, b) => b - a), ranked);
  assert(ranked[0]! > ranked[1]! && ranked[1]! > ranked[3]! && ranked[3]! > ranked[5]!);
});

Deno.test("SPF and DNS lists count for and against, and a pass that identifies nobody does not", () => {
  const of = (evidence: Partial<Evidence>) => {
    const name = "mail.example.org";
    const attempt = attemptOf(name, name, "alice@example.com");
    return legitimacyOf(attempt, { ...NO_EVIDENCE, spf: "unknown", ...evidence });
  };
  const listings = { ...NO_EVIDENCE.listings, isListed: true };
  const unknown = of({});
  assert(of({ spf: "pass", spfDomain: "example.com" }) > unknown);
  assertEquals(of({ spf: "pass" }), unknown);
  assert(of({ spf: "none" }) < unknown && of({ spf: "fail" }) < of({ spf: "softfail" }));
  assert(of({ spf: "pass", spfDomain: "example.com", listings }) < unknown);
  assert(of({ wellKnown: "x" }) > unknown);
  assertEquals(of({ wellKnown: "x", spf: "pass", spfDomain: "y" }) <= MAX_LEGITIMACY, true);
});
