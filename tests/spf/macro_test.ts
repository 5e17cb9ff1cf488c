import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { parseAddress } from "../../lib/net/network.ts";
import {
  dependsOnClient,
  dependsOnLocalPart,
  dotted,
  endsLikeDomain,
  expandDomain,
  expandExplanation,
  type MacroString,
  type MacroValues,
  parseDomainSpec,
  parseMacro,
} from "../../lib/spf/macro.ts";

const VALUES: MacroValues = {
  ip: parseAddress("2001:db8::cb01")!,
  helo: "mail.example.net",
  local: "strong-bad",
  senderDomain: "email.example.com",
  domain: "email.example.com",
  validatedName: "mx.example.org",
  receiver: "mx.example.net",
  time: 12,
};

function parsed(text: string, inExplanation = false): MacroString {
  const result = parseMacro(text, inExplanation);
  assert(result.ok, text);
  return result.pieces;
}

Deno.test("nibbles are lower-case in a domain and upper-case in an explanation", () => {
  const nibbles = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
  const text = "%{ir}.%{v}._spf.%{d2}";
  assertEquals(expandDomain(parsed(text), VALUES), `${nibbles}.ip6._spf.example.com`);
  assertEquals(
    expandExplanation(parsed(text, true), VALUES),
    `${nibbles.toUpperCase()}.ip6._spf.example.com`,
  );
});

Deno.test("a name of more than 253 characters loses labels from the left", () => {
  const label = "x".repeat(60);
  const name = `${Array(5).fill(label).join(".")}.example`;
  assertEquals(
    expandDomain(parsed(name), VALUES),
    `${Array(4).fill(label).join(".")}.example`,
  );
});

Deno.test("a domain-spec ends in a macro or a top-level label", () => {
  const table: [text: string, why: string | undefined][] = [
    ["example.com", undefined],
    ["_spf.%{d}", undefined],
    ["%{i}.x.example", undefined],
    ["example.com.", undefined],
    ["", "no domain"],
    ["museum", "does not end like a domain"],
    ["a.123", "does not end like a domain"],
    ["%{x}.example", "not a macro"],
    ["%{d0}.example", "0 parts"],
    ["%{c}.example", "in explanations only"],
    ["a\u00e4.example", "invalid character"],
  ];
  for (const [text, why] of table) {
    const result = parseDomainSpec(text);
    if (why === undefined) assert(result.ok, text);
    else assertStringIncludes(result.ok ? "valid" : result.why, why, text);
  }
});

Deno.test("macros of the client and of the local part are recognised in either case", () => {
  const table: [text: string, client: boolean, local: boolean][] = [
    ["%{d}.%{o}.example", false, false],
    ["i.p.h.example", false, false],
    ["%{i}.example", true, false],
    ["%{I1R-}.example", true, false],
    ["%{P}.example", true, false],
    ["%{h}.example", true, false],
    ["%{v}.example", true, false],
    ["%{l}.example", false, true],
    ["%{S}.example", false, true],
    ["%{l}.%{i}.example", true, true],
  ];
  for (const [text, client, local] of table) {
    const pieces = parsed(text);
    assertEquals([dependsOnClient(pieces), dependsOnLocalPart(pieces)], [client, local], text);
  }
});

Deno.test("an address is dotted by octets or nibbles", () => {
  assertEquals(dotted(parseAddress("192.0.2.10")!), "192.0.2.10");
  assertEquals(dotted(parseAddress("2001:db8::")!).slice(0, 15), "2.0.0.1.0.d.b.8");
});

Deno.test("parsing and expanding never throw, and a domain has no final dot", () => {
  fc.assert(fc.property(fc.string(), fc.boolean(), (text, inExplanation) => {
    const result = parseMacro(text, inExplanation);
    if (result.ok) {
      expandExplanation(result.pieces, VALUES);
      expandDomain(result.pieces, VALUES);
    }
    endsLikeDomain(text);
  }));
});
