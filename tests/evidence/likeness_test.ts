import { assert, assertEquals } from "@std/assert";
import { likenessOf, likenessWithTries, MAX_LIKENESS } from "../../lib/evidence/likeness.ts";
import { parseAddress } from "../../lib/mail/network.ts";

const address = parseAddress("192.0.2.10")!;

Deno.test("a host of the sender's own organisation looks most like real mail, a bare line least", () => {
  const name = "mail.example.org";
  const generic = "192-0-2-10.dsl.example.com";
  const ranked = [
    likenessOf({ address, name, heloName: name }, "alice@example.org"),
    likenessOf({ address, name, heloName: name }, "alice@example.com"),
    likenessOf({ address, name, heloName: "localhost" }, "alice@example.com"),
    likenessOf({ address, name: undefined, heloName: name }, "alice@example.org"),
    likenessOf({ address, name: generic, heloName: "localhost" }, "alice@example.org"),
    likenessOf({ address, name: undefined, heloName: "192.0.2.10" }, ""),
  ];
  assertEquals(ranked.toSorted((a, b) => b - a), ranked);
  assert(ranked[0]! > ranked[1]! && ranked[1]! > ranked[3]! && ranked[3]! > ranked[5]!);
});

Deno.test("only a queue tries again, and nothing exceeds the scale", () => {
  assert(likenessWithTries(5, 2) > likenessWithTries(5, 1));
  assertEquals(likenessWithTries(5, 1), 5);
  assertEquals(likenessWithTries(9, 100), MAX_LIKENESS);
});
