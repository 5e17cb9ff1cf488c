import { assertEquals } from "@std/assert";
import { breadthOf } from "../../lib/admin/broad_pattern.ts";
import { type MatchOn, parsePattern } from "../../lib/lists/pattern.ts";

Deno.test("a pattern that covers a large part of all mail is named with its extent", () => {
  const table: [matchOn: MatchOn, text: string, breadth: string | undefined][] = [
    ["client", "0.0.0.0/0", "every IPv4 address"],
    ["client", "::/0", "every IPv6 address"],
    ["client", "192.0.0.0/7", "more than a /8 of IPv4"],
    ["client", "10.0.0.0/8", undefined],
    ["client", "2000::/3", "more than a /16 of IPv6"],
    ["client", "2001:db8::/32", undefined],
    ["client", "192.0.2.1", undefined],
    ["client", "com", "every name below com, which is a public suffix"],
    ["client", "co.uk", "every name below co.uk, which is a public suffix"],
    ["client", "org:github.io", "every name below github.io, which is a public suffix"],
    ["client", "spf:co.uk", "every name below co.uk, which is a public suffix"],
    ["client", "example.org", undefined],
    ["sender", "de", "every name below de, which is a public suffix"],
    ["sender", "<>", undefined],
    ["sender", "alice@example.org", undefined],
    ["recipient", "postmaster@", undefined],
    ["recipient", "example.net", undefined],
    ["client", "/.*/", "every host name"],
    ["client", "/\\./", "every host name"],
    ["client", "/^[a-z0-9.-]+$/", "every host name"],
    ["client", "/@/", undefined],
    ["client", "/^mail/", undefined],
    ["client", "/[0-9]+-[0-9]+-/", undefined],
    ["sender", "/./", "every sender"],
    ["sender", "/@/", "every sender"],
    ["sender", "/^.*@.*$/", "every sender"],
    ["sender", "/.+@.+\\..+/", "every sender"],
    ["sender", "/[a-z]/", "every sender"],
    ["sender", "/example|^/", "every sender"],
    ["sender", "/@[^@]*news[^@]*$/", undefined],
    ["sender", "/^[0-9]+@/", undefined],
    ["sender", "/\\.(?:com|net|org)$/", undefined],
    ["recipient", "/@/", "every recipient"],
    ["recipient", "/^info@/", undefined],
    ["client", "/\\.example\\.org$/", undefined],
  ];
  for (const [matchOn, text, breadth] of table) {
    const parsed = parsePattern(matchOn, text);
    assertEquals(parsed.ok ? breadthOf(matchOn, parsed.pattern) : parsed.why, breadth, text);
  }
});
