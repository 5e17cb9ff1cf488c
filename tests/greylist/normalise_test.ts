import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import {
  domainSender,
  foldSender,
  isAutomaticSender,
  isPlainSender,
  isUnstable,
  normaliseRecipient,
  retrySender,
} from "../../lib/greylist/normalise.ts";

const RECIPIENT = "user@example.net";

Deno.test("a sender is compared in one form", () => {
  const table: [string, string][] = [
    ["", ""],
    ["Alice@EXAMPLE.org", "alice@example.org"],
    ["alice+news@example.org", "alice@example.org"],
    ["+odd@example.org", "+odd@example.org"],
    ["bounce-12345@lists.example", "bounce-#@lists.example"],
    ["bounce-7@lists.example", "bounce-#@lists.example"],
    ["bounce12345@lists.example", "bounce#@lists.example"],
    ["user1@example.org", "user1@example.org"],
    ["news-18d3f2abc@example.org", "news-#@example.org"],
    ["facade@example.org", "facade@example.org"],
    ["bounces+user=example.net@lists.example", "bounces@lists.example"],
    ["list-bounces-user=example.net@lists.example", "list-bounces-#@lists.example"],
    ["list-bounces-USER=Example.NET@lists.example", "list-bounces-#@lists.example"],
    ["b-user_at_example.net@lists.example", "b-#@lists.example"],
    ["prvs=1234abcdef=alice@example.org", "alice@example.org"],
    ["btv1==123abc==alice@example.org", "alice@example.org"],
    ["SRS0=HHH=TT=orig.example=alice@forwarder.example", "alice@orig.example"],
    ["srs0+Xy9z=K7=Orig.Example=alice@forwarder.example", "alice@orig.example"],
    [
      "SRS1=HHH=first.example==HHH=TT=orig.example=alice@second.example",
      "alice@orig.example",
    ],
    ["prvs=1234abcdef=bounce-99@example.org", "bounce-#@example.org"],
    ["f47ac10b-58cc-4372-a567-0e02b2c3d479@example.org", "#@example.org"],
    [
      "0100018c3f2e4b5a-6f7d8c9b-aaaa-bbbb-cccc-444455556666-000000@eu-west-1.example.com",
      "#@eu-west-1.example.com",
    ],
    ["jane@bücher.example", "jane@xn--bcher-kva.example"],
    ["no-domain-42", "no-domain-#"],
    ["a\0b@example.org", "ab@example.org"],
  ];
  for (const [given, expected] of table) {
    assertEquals(foldSender(given, RECIPIENT), expected, given);
  }
});

Deno.test("each new message of a list has the sender of the one before", () => {
  const pairs: [string, string][] = [
    ["list-return-4711-user=example.net@l.example", "list-return-4712-user=example.net@l.example"],
    ["bounce.3kx9q0zab12@mail.example", "bounce.9zz1p7yqr34@mail.example"],
    [
      "msprvs1=18d3f2abc=bounces-12345-67@b.example",
      "msprvs1=18d4aa001=bounces-12399-67@b.example",
    ],
    ["prvs=0123456789=alice@example.org", "prvs=9876543210=alice@example.org"],
    ["SRS0=AAA=BB=o.example=alice@f.example", "SRS0=CCC=DD=o.example=alice@f.example"],
  ];
  for (const [one, other] of pairs) {
    assertEquals(foldSender(one, RECIPIENT), foldSender(other, RECIPIENT), one);
  }
});

Deno.test("a retry keeps its sender but for case, the BATV tag and SRS's hash and day", () => {
  const table: [string, string][] = [
    ["", ""],
    ["Alice+News@EXAMPLE.org", "alice+news@example.org"],
    ["bounce-12345@lists.example", "bounce-12345@lists.example"],
    ["bounces+user=example.net@lists.example", "bounces+user=example.net@lists.example"],
    ["prvs=1234abcdef=Alice@example.org", "alice@example.org"],
    ["prvs=alice=1234abcdef@example.org", "alice@example.org"],
    ["btv1==123abc==alice@example.org", "alice@example.org"],
    ["msprvs1=17abcXYZ=bounces-1@example.org", "bounces-1@example.org"],
    ["SRS0=HHH=TT=orig.example=alice@fwd.example", "srs0===orig.example=alice@fwd.example"],
    ["srs0+Xy9z=K7=Orig.Example=alice@fwd.example", "srs0===orig.example=alice@fwd.example"],
  ];
  for (const [given, expected] of table) {
    assertEquals(retrySender(given), expected, given);
    assertEquals(retrySender(expected), expected, "a second time changes nothing");
    assertEquals(foldSender(retrySender(given), RECIPIENT), foldSender(given, RECIPIENT), given);
  }
});

Deno.test("local parts with a token are unstable, people and roles are stable", () => {
  const stable = ["alice", "anna.berg", "a.b-c", "info", "maja1987", "Anna.Berg", "John", "MARY"];
  const unstable = [
    "bounce-12345",
    "CAOd8xk2mPq",
    "8abcdefghij",
    "v-bafekgf_cpnbcfl_lfgaggp_lfgaggp_a",
    "bounces+alice=example.net",
    "averyveryverylongwordthatnobodyhas",
    "aBcDeFgHi",
  ];
  for (const local of stable) assertFalse(isUnstable(local), local);
  for (const local of unstable) assert(isUnstable(local), local);
});

Deno.test("only an unstable sender outside mailbox providers folds to its domain", () => {
  const table: [string, string | undefined][] = [
    ["", undefined],
    ["alice@example.org", undefined],
    ["bounce-12345@mail105.suw16.mcsv.net", "@mcsv.net"],
    ["bounce-12345@news.example.co.uk", "@example.co.uk"],
    ["x1y2z3x4y5@gmail.com", undefined],
    ["bounce-12345@com", undefined],
    ["bounce-12345", undefined],
  ];
  for (const [given, expected] of table) assertEquals(domainSender(given), expected, given);
});

Deno.test("automatic senders are known by whole words", () => {
  const yes = [
    "no-reply@a.example",
    "noreply@a.example",
    "do_not_reply@a.example",
    "account.security@a.example",
    "VERIFY@a.example",
  ];
  const no = ["reply@a.example", "decoder@a.example", "anna@code.example", "notary@a.example"];
  for (const sender of yes) assert(isAutomaticSender(sender), sender);
  for (const sender of no) assertFalse(isAutomaticSender(sender), sender);
});

Deno.test("a recipient is compared without its extension and its case", () => {
  const table: [string, string][] = [
    ["User+Ext@EXAMPLE.Net", "user@example.net"],
    ["postmaster", "postmaster"],
    ["+x@example.net", "+x@example.net"],
    ["user@BÜCHER.example", "user@xn--bcher-kva.example"],
  ];
  for (const [given, expected] of table) {
    assertEquals(normaliseRecipient(given, "+"), expected, given);
  }
});

Deno.test("any of Postfix's delimiters separates a recipient's extension", () => {
  const table: [delimiter: string, given: string, expected: string][] = [
    ["+-_", "bob-shop@example.net", "bob@example.net"],
    ["+-_", "bob_shop+x@my-host.example", "bob@my-host.example"],
    ["+-_", "Bob+x-y@example.net", "bob@example.net"],
    ["+-_", "bob@my-host.example", "bob@my-host.example"],
    ["+-_", "-bob+x@example.net", "-bob+x@example.net"],
    ["+-_", "bob-", "bob"],
    ["-", "bob+x@example.net", "bob+x@example.net"],
    ["", "bob+x@example.net", "bob+x@example.net"],
    ["-", "mailer-daemon@example.net", "mailer-daemon@example.net"],
    ["-", "double-bounce@example.net", "double-bounce@example.net"],
    ["-", "Owner-list@example.net", "owner-list@example.net"],
    ["-", "list-request@example.net", "list-request@example.net"],
    ["+", "owner-list+x@example.net", "owner-list@example.net"],
    ["-", "-request@example.net", "-request@example.net"],
    [".", "bob.shop@mail.example.net", "bob@mail.example.net"],
  ];
  for (const [delimiter, given, expected] of table) {
    assertEquals(normaliseRecipient(given, delimiter), expected, `${given} by ${delimiter}`);
    assertEquals(normaliseRecipient(expected, delimiter), expected, "a second time");
  }
});

Deno.test("property: the fast path of a recipient changes nothing", () => {
  const part = fc.string({ unit: fc.constantFrom(..."ab+-_."), maxLength: 8 });
  const delimiter = fc.subarray([..."+-_."]).map((chars) => chars.join(""));
  fc.assert(fc.property(part, part, delimiter, (local, domain, chars) => {
    // Capital letters rule the fast path out.
    const [lower, upper] = [`${local}@x${domain}`, `${local}@X${domain}`];
    assertEquals(normaliseRecipient(lower, chars), normaliseRecipient(upper, chars), lower);
  }));
});

Deno.test("normalising any text ends, and leaves no NUL", () => {
  const text = fc.string({ unit: "binary", maxLength: 300 });
  fc.assert(fc.property(text, text, (sender, recipient) => {
    assertFalse(foldSender(sender, recipient).includes("\0"));
    assertFalse(normaliseRecipient(recipient, "+-_").includes("\0"));
  }));
});

Deno.test("a long hostile sender of any pattern is normalised", () => {
  for (const part of ["=", "a1", "SRS0=", "+", "#-", "user=example.net", "_at_"]) {
    assert(foldSender(`${part.repeat(20_000)}@x`, RECIPIENT).length <= 400_000, part);
  }
});

Deno.test("a plain sender is its own form as a retry and as a relation", () => {
  const word = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."abfz"), maxLength: 13 }),
    fc.constantFrom("at", "srs", "A", "1", "é", "+", "="),
  );
  const separator = fc.constantFrom(".", "_", "-", "@", "@", "");
  const text = fc.array(fc.tuple(word, separator), { maxLength: 4 }).map((all) =>
    all.flat().join("")
  );
  const sender = fc.tuple(
    text,
    fc.constantFrom("@example.org", "@example.org.", "@a@b.example", ""),
  )
    .map(([local, domain]) => local + domain);
  let count = 0;
  fc.assert(
    fc.property(sender, (given) => {
      if (!isPlainSender(given)) return;
      count++;
      assertEquals(retrySender(given), given);
      assertEquals(foldSender(given, "bob@example.net"), given);
      assertEquals(domainSender(given), undefined);
    }),
    { numRuns: 3000 },
  );
  assert(count > 100, `${count} plain senders`);
});

Deno.test("people's and roles' addresses are plain", () => {
  for (
    const sender of ["", "alice@example.org", "alice.smith@example.org", "no-reply@example.org"]
  ) {
    assert(isPlainSender(sender), sender);
  }
  for (
    const sender of ["alice", "alice@", "Alice@example.org", "alice@example.org.", "a1@example.org"]
  ) {
    assertFalse(isPlainSender(sender), sender);
  }
});
