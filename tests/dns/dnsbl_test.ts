import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { judgeAnswers, listedName, parseDnsList } from "../../lib/dns/dnsbl.ts";
import { parseAddress } from "../../lib/net/network.ts";

Deno.test("a list is parsed in postscreen's notation", () => {
  const table: [string, ReturnType<typeof parseDnsList>][] = [
    ["zen.example.org", { zone: "zen.example.org", weight: 1 }],
    ["ZEN.example.org*3", { zone: "zen.example.org", weight: 3 }],
    ["list.example*-2", { zone: "list.example", weight: -2 }],
    ["list.example=127.0.0.2", {
      zone: "list.example",
      weight: 1,
      answers: [[127, 127], [0, 0], [0, 0], [2, 2]],
    }],
    ["list.example=127.0.[0..255].[1..3]*-2", {
      zone: "list.example",
      weight: -2,
      answers: [[127, 127], [0, 0], [0, 255], [1, 3]],
    }],
    ["list", undefined],
    ["list.example=127.0.0", undefined],
    ["list.example=127.0.0.300", undefined],
    ["list.example=127.0.0.[3..1]", undefined],
    ["list.example=127.0.0.0.1", undefined],
    ["list.example*x", undefined],
  ];
  for (const [text, expected] of table) assertEquals(parseDnsList(text), expected, text);
});

Deno.test("an address is queried in reverse, IPv6 by its nibbles (RFC 5782, 2.1 and 2.4)", () => {
  assertEquals(
    listedName(parseAddress("192.0.2.99")!, "bad.example.com"),
    "99.2.0.192.bad.example.com",
  );
  assertEquals(
    listedName(parseAddress("2001:db8:1:2:3:4:567:89ab")!, "ugly.example.com"),
    "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com",
  );
});

Deno.test("answers outside the filter do not count, and refusals mean that a list is broken", () => {
  const list = parseDnsList("list.example=127.0.0.[2..4]")!;
  const table: [string[], string][] = [
    [[], "unlisted"],
    [["127.0.0.2"], "listed"],
    [["127.0.0.9"], "unlisted"],
    [["127.0.0.9", "127.0.0.4"], "listed"],
    [["127.255.255.252"], "broken"],
    [["127.0.0.2", "127.255.255.255"], "broken"],
    [["192.0.2.1"], "broken"],
  ];
  for (const [answers, expected] of table) assertEquals(judgeAnswers(list, answers), expected);
});

Deno.test("parsing never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseDnsList(text)));
});
