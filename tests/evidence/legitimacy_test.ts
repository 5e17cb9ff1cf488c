import { assert, assertEquals } from "@std/assert";
import {
  legitimacyOf,
  legitimacyWithTries,
  MAX_LEGITIMACY,
} from "../../lib/evidence/legitimacy.ts";
import { makeClient } from "../../lib/greylist/client.ts";
import { parseAddress } from "../../lib/net/network.ts";

const address = parseAddress("192.0.2.10")!;

function legitimacy(name: string | undefined, heloName: string, sender: string): number {
  return legitimacyOf({ ...makeClient(address, name ?? "unknown"), heloName }, sender);
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

Deno.test("retries raise the legitimacy, up to the maximum", () => {
  assert(legitimacyWithTries(5, 2) > legitimacyWithTries(5, 1));
  assertEquals(legitimacyWithTries(5, 1), 5);
  assertEquals(legitimacyWithTries(9, 100), MAX_LEGITIMACY);
});
