import { assertEquals } from "@std/assert";
import { parseUser, parseUserFile, targetOf, userOf, Users } from "../../lib/notify/user.ts";

Deno.test("a user has defaults, and its address in lower case", () => {
  assertEquals(userOf({ address: "Ann+shop@Example.net" }), {
    ok: true,
    user: { address: "ann+shop@example.net", notify: "mail", digest: "week", language: "en" },
  });
  assertEquals(parseUser("example.net notify=off digest=day language=de"), {
    ok: true,
    user: { address: "example.net", notify: "off", digest: "day", language: "de" },
  });
});

for (
  const [fields, why] of [
    [{}, "the field address is missing"],
    [{ address: "ann" }, '"ann" is not an address or a domain'],
    [{ address: "ann@" }, '"ann@" is not an address or a domain'],
    [{ address: "a@b.example", digest: "hour" }, "digest must be one of day, week, off"],
    [
      { address: "a@b.example", language: "xx" },
      "language must be one of en, de, fr, es, nl, it, pl",
    ],
    [
      { address: "a@b.example", digset: "day" },
      "unknown field digset; known are address, notify, digest, language",
    ],
    [
      { address: "a@b.example", notify: 7 },
      'notify must be "mail", "off", "mail:ADDRESS", "ntfy:https://HOST/TOPIC" or ' +
      '"webhook:https://…", not 7',
    ],
    [
      { address: "a@b.example", notify: "ntfy:http://ann:password@ntfy.example/topic" },
      'notify must be "mail", "off", "mail:ADDRESS", "ntfy:https://HOST/TOPIC" or ' +
      '"webhook:https://…"',
    ],
    [
      { address: "*@b.example" },
      '"*@b.example": for all recipients write the domain alone',
    ],
  ] as const
) {
  Deno.test(`a user is refused: ${why}`, () => assertEquals(userOf(fields), { ok: false, why }));
}

Deno.test("a user file has one user a line, and reports the lines with errors", () => {
  const { users, errors } = parseUserFile(
    "# users\n\nann@example.net digest=day # Ann\nexample.org notify=off\nbob\n",
  );
  assertEquals(users.map(({ address }) => address), ["ann@example.net", "example.org"]);
  assertEquals(errors, [{ line: 5, why: '"bob" is not an address or a domain' }]);
});

Deno.test("the address of a user overrides its domain, and no other domain matches", () => {
  const users = new Users(
    parseUserFile("example.net digest=off\nann@example.net\nann@example.net digest=day").users,
    "+-",
  );
  assertEquals(users.find(users.normalise("Ann-shop@example.net"))?.digest, "week");
  assertEquals(users.find("ann@example.net")?.digest, "week");
  assertEquals(users.find("bob@example.net")?.digest, "off");
  assertEquals(users.find("bob@sub.example.net"), undefined);
  assertEquals(users.find("example.net"), undefined);
  assertEquals(users.find("@example.net"), undefined);
});

Deno.test("notices by mail go to plain addresses only", () => {
  const [user] = parseUserFile("example.net").users;
  assertEquals(targetOf(user!, "bob@example.net"), { kind: "mail", address: "bob@example.net" });
  assertEquals(targetOf(user!, "b ob@example.net"), undefined);
  assertEquals(targetOf({ ...user!, notify: "off" }, "bob@example.net"), undefined);
});
