import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { parseListFile } from "../../lib/lists/list_file.ts";
import { Matcher } from "../../lib/lists/matcher.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { formatPattern } from "../../lib/lists/pattern.ts";

Deno.test("a file in postgrey's format is parsed", () => {
  const text = [
    "# comment",
    "",
    "  southwest.example  # a remark",
    "192.0.2.7",
    "10.1",
    "192.0.2",
    "192.0.2.0/26\r",
    "2001:db8::/32",
    "/^mail\\d+\\.example\\.com$/",
  ].join("\n");
  const { rules, errors } = parseListFile("/etc/w", text, "client");
  assertEquals(errors, []);
  assertEquals(rules.map(({ line, pattern }) => [line, formatPattern(pattern)]), [
    [3, "southwest.example"],
    [4, "192.0.2.7"],
    [5, "10.1.0.0/16"],
    [6, "192.0.2.0/24"],
    [7, "192.0.2.0/26"],
    [8, "2001:db8::/32"],
    [9, "/^mail\\d+\\.example\\.com$/"],
  ]);
});

Deno.test("an invalid line is an error with its number, and the others are kept", () => {
  const { rules, errors } = parseListFile("/etc/w", "a.example\nnot a name\n/(?=x)/\n", "client");
  assertEquals(rules.length, 1);
  assertEquals(errors.map(({ path, line }) => [path, line]), [["/etc/w", 2], ["/etc/w", 3]]);
});

Deno.test("recipients can be users, addresses and domains", () => {
  const { rules, errors } = parseListFile(
    "/r",
    "postmaster@\nbob@example.net\nexample.com\n",
    "recipient",
  );
  assertEquals(errors, []);
  assertEquals(rules.map(({ pattern }) => pattern.kind), ["user", "address", "domain"]);
});

function isAllowed(line: string, address: string, name: string | undefined): boolean {
  const { rules, errors } = parseListFile("/w", line, "client");
  assertEquals(errors, []);
  const target = { address: parseAddress(address)!, name, organisation: undefined };
  const mail = { sender: "alice@example.org", recipient: "bob@example.net" };
  return new Matcher(rules, "+").find({ ...target, ...mail }, 0).decisive !== undefined;
}

Deno.test("client lines of postgrey, sqlgrey and Postfix's CIDR tables match as they do there", () => {
  const table: [line: string, address: string, name: string | undefined, matches: boolean][] = [
    ["unknown", "192.0.2.1", undefined, true],
    ["Unknown", "192.0.2.1", undefined, true],
    ["unknown", "192.0.2.1", "mail.example.org", false],
    ["/.*/", "192.0.2.1", undefined, true],
    ["/.*/", "192.0.2.1", "mail.example.org", true],
    ["/^unknown$/", "192.0.2.1", undefined, true],
    ["/^mail/", "192.0.2.1", undefined, false],
    ["example.org", "192.0.2.1", "mail.example.org", true],
    ["example.org", "192.0.2.1", undefined, false],
    ["*.example.org", "192.0.2.1", "mail.example.org", true],
    ["*.example.org", "192.0.2.1", "mail.example.com", false],
    ["192.0.2 # a network", "192.0.2.200", undefined, true],
    ["192.0.2.0/25\tpermit", "192.0.2.1", undefined, true],
    ["192.0.2.0/25 permit", "192.0.2.200", undefined, false],
    ["2001:db8::/32   OK", "2001:db8::1", undefined, true],
  ];
  for (const [line, address, name, matches] of table) {
    assertEquals(isAllowed(line, address, name), matches, `${line} ${address} ${name}`);
  }
});

Deno.test("a line that belongs elsewhere names the command for it", () => {
  const table: [line: string, why: string][] = [
    ["alice@example.org", "greylag allow ADDRESS"],
    ["192.0.2.0/24 reject", "greylag block NETWORK"],
    ["192.0.2.0/24 dunno", "must be permit"],
    ["mail.example.org OK", "not an address, network, host name"],
  ];
  for (const [line, why] of table) {
    const { errors } = parseListFile("/w", line, "client");
    assertEquals(errors.length, 1, line);
    assertStringIncludes(errors[0]!.why, why);
  }
});

Deno.test("no error quotes a line, whatever the file is", () => {
  const shadow = "root:$6$Zm9vYmFy$abcdefghijklmnop:19000:0:99999:7:::";
  for (const matchOn of ["client", "recipient"] as const) {
    for (const line of [shadow, `/(${shadow}/`, `${shadow}@x y`, `[${shadow}]`]) {
      const { errors } = parseListFile("/etc/shadow", line, matchOn);
      assert(errors.length > 0 || matchOn === "recipient", line);
      for (const { why } of errors) assert(!why.includes("Zm9vYmFy"), why);
    }
    fc.assert(fc.property(fc.string({ minLength: 12 }), (text) => {
      const line = `/(${text.replaceAll(/[\n#]/g, "")}`;
      for (const { why } of parseListFile("/f", line, matchOn).errors) {
        assert(!why.includes(line), why);
      }
    }));
  }
});
