import { assertEquals } from "@std/assert";
import { parseListFile } from "../../lib/lists/list_file.ts";
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
