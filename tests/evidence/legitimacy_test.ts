import { assert, assertEquals } from "@std/assert";
import {
  legitimacyOf,
  legitimacyWithTries,
  MAX_LEGITIMACY,
} from "../../lib/evidence/legitimacy.ts";
import { parseAddress } from "../../lib/net/network.ts";

const address = parseAddress("192.0.2.10")!;

Deno.test("a host of the sender's own organisation ranks highest, a client without a name lowest", () => {
  const name = "mail.example.org";
  const generic = "192-0-2-10.dsl.example.com";
  const ranked = [
    legitimacyOf({ address, name, heloName: name }, "alice@example.org"),
    legitimacyOf({ address, name, heloName: name }, "alice@example.com"),
    legitimacyOf({ address, name, heloName: "localhost" }, "alice@example.com"),
    legitimacyOf({ address, name: undefined, heloName: name }, "alice@example.org"),
    legitimacyOf({ address, name: generic, heloName: "localhost" }, "alice@example.org"),
    legitimacyOf({ address, name: undefined, heloName: "192.0.2.10" }, ""),
  ];
  assertEquals(ranked.toSorted((a, b) => b - a), ranked);
  assert(ranked[0]! > ranked[1]! && ranked[1]! > ranked[3]! && ranked[3]! > ranked[5]!);
});

Deno.test("retries raise the legitimacy, up to the maximum", () => {
  assert(legitimacyWithTries(5, 2) > legitimacyWithTries(5, 1));
  assertEquals(legitimacyWithTries(5, 1), 5);
  assertEquals(legitimacyWithTries(9, 100), MAX_LEGITIMACY);
});
