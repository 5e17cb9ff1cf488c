import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { parsePostgreyDump } from "../../lib/import/postgrey_dump.ts";
import { formatAddress } from "../../lib/net/network.ts";
import { dump, HEADER } from "./dump.ts";

Deno.test("triplets and clients are parsed, with times in milliseconds", () => {
  const { records, errors } = parsePostgreyDump(
    dump(["192.0.2.0/a@x.example/b@y.example", "10,20"]) + dump(["2001:DB8::3", "4,30,host"]),
  );
  const found = records.map(({ address, ...record }) => ({
    ...record,
    address: formatAddress(address),
  }));
  assertEquals(found, [
    {
      kind: "triplet",
      address: "192.0.2.0",
      sender: "a@x.example",
      recipient: "b@y.example",
      first: 10_000,
      last: 20_000,
    },
    { kind: "client", address: "2001:db8::3", count: 4, last: 30_000 },
  ]);
  assertEquals(errors, []);
});

Deno.test("an error names its line", () => {
  const table: [string, number, string][] = [
    ["hello\n", 1, "not the output of db_dump -p"],
    [dump(["nonsense", "1,2"]), 7, "expected an address"],
    [dump(["192.0.2.0/only-one", "1,2"]), 7, "expected client/sender/recipient"],
    [dump(["192.0.2.0/a@x/b@y", "soon"]), 7, "expected two numbers"],
    [dump(["da39a3ee5e6b4b0d3255bfef95601890afd80709", "1,2"]), 7, "--privacy"],
    [`${HEADER} 192.0.2.1\nDATA=END\n`, 7, "a key without a value"],
    [`${HEADER}192.0.2.1\n`, 6, "must begin with a space"],
    [dump(["192.0.2.1", "1,2"]).replace("DATA=END\n", ""), 8, "truncated"],
  ];
  for (const [text, line, why] of table) {
    const error = parsePostgreyDump(text).errors.find((one) => one.why.includes(why));
    assertEquals(error?.line, line, why);
  }
});

Deno.test("bytes that db_dump escaped are restored", () => {
  const { records } = parsePostgreyDump(dump(["192.0.2.0/j\\c3\\bc\\\\x@a/b@c", "1,2"]));
  assertEquals(records[0]?.kind === "triplet" && records[0].sender, "jü\\x@a");
});

Deno.test("any text is parsed or reported", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const { records, errors } = parsePostgreyDump(text.replaceAll("HEADER=END", ""));
    assertEquals(records, []);
    assertStringIncludes(errors[0]!.why, "not the output");
    parsePostgreyDump(`${HEADER}${text}`);
  }));
});
