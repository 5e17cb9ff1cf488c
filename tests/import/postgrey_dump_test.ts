import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { parsePostgreyDump, splitAddresses } from "../../lib/import/postgrey_dump.ts";
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

Deno.test("an error names its line and does not quote it", () => {
  const table: [string, number, string][] = [
    ["hello\n", 1, "not the output of db_dump -p"],
    [dump(["nonsense", "1,2"]), 7, "expected an IP address"],
    [dump(["192.0.2.0/only-one", "1,2"]), 7, "expected client/sender/recipient"],
    [dump(["192.0.2.0/a@x/", "1,2"]), 7, "expected client/sender/recipient"],
    [dump(["192.0.2.0/a@x/b@y", "soon"]), 7, "expected two numbers"],
    [dump(["192.0.2.0/a@x/b@y", "1.5,2"]), 7, "expected two numbers"],
    [`${HEADER} 192.0.2.1\nDATA=END\n`, 7, "a key without a value"],
    [`${HEADER}192.0.2.1\n`, 6, "must begin with a space"],
    [dump(["192.0.2.1", "1,2"]).replace("DATA=END\n", ""), 7, "truncated"],
  ];
  for (const [text, line, why] of table) {
    const error = parsePostgreyDump(text).errors.find((one) => one.why.includes(why));
    assertEquals(error?.line, line, why);
  }
});

Deno.test("a dump of hashes or without -p has one error", () => {
  const hash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
  const rows = Array.from({ length: 50 }, (): [string, string] => [hash, "1,2"]);
  const hidden = parsePostgreyDump(dump(...rows, ["192.0.2.1", "1,2"]));
  assertEquals(hidden.records.length, 1);
  assertEquals(hidden.errors, [{
    line: 6,
    why: "50 of 51 keys are hashes, which cannot be imported: postgrey ran with --privacy",
  }]);
  const bytes = "VERSION=3\nformat=bytevalue\ntype=btree\nHEADER=END\n" +
    " 3139322e302e322e31\n 312c32\n".repeat(50) + "DATA=END\n";
  const { records, errors } = parsePostgreyDump(bytes + dump(["192.0.2.1", "1,2"]));
  assertEquals(records.length, 1);
  assertEquals(errors, [{
    line: 2,
    why: "the dump is not printable. Run db_dump with the option -p",
  }]);
});

Deno.test("slashes in a local part do not split the key", () => {
  const table: [text: string, sender: string, recipient: string][] = [
    ["a@x.example/b@y.example", "a@x.example", "b@y.example"],
    ["/b@y.example", "", "b@y.example"],
    ["a@x.example/b/c@y.example", "a@x.example", "b/c@y.example"],
    ["a/b@x.example/c@y.example", "a/b@x.example", "c@y.example"],
    ["/g=a/s=b/@x.example/c@y.example", "/g=a/s=b/@x.example", "c@y.example"],
    ["/g=a/s=b/@x.example/g=c/s=d@y.example", "/g=a/s=b/@x.example", "g=c/s=d@y.example"],
    ["/g=c/s=d@y.example", "", "g=c/s=d@y.example"],
    ["root/b@y.example", "root", "b@y.example"],
    ["a@x.example/postmaster", "a@x.example", "postmaster"],
    ["root/postmaster", "root", "postmaster"],
    ["a@b@x.example/c@y.example", "a@b@x.example", "c@y.example"],
    ["a@[192.0.2.1]/c@y.example", "a@[192.0.2.1]", "c@y.example"],
    ["/postmaster", "", "postmaster"],
  ];
  for (const [text, sender, recipient] of table) {
    assertEquals(splitAddresses(text), { sender, recipient }, text);
  }
  for (const text of ["", "a@x.example", "/", "a/"]) assertEquals(splitAddresses(text), undefined);
});

Deno.test("bytes that db_dump escaped are restored", () => {
  const { records } = parsePostgreyDump(dump(["192.0.2.0/j\\c3\\bc\\\\x@a/b@c", "1,2"]));
  assertEquals(records[0]?.kind === "triplet" && records[0].sender, "jü\\x@a");
});

Deno.test("any text is parsed or reported", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const { records, errors } = parsePostgreyDump(`x${text.replaceAll("HEADER=END", "")}`);
    assertEquals(records, []);
    assertStringIncludes(errors[0]!.why, "not the output");
    parsePostgreyDump(`${HEADER}${text}`);
  }));
});
