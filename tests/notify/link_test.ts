import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { type Link, openLink, PURPOSES, sealLink } from "../../lib/notify/link.ts";

const SECRET = new Uint8Array(32).fill(7);

const LINK: Link = {
  purpose: "release",
  recipient: "ann@example.net",
  deferral: 42,
  since: 1_799_999_000_000,
  expires: 1_800_000_000_000,
};

const BEFORE = LINK.expires - 1;

const links: fc.Arbitrary<Link> = fc.record({
  purpose: fc.constantFrom(...PURPOSES),
  recipient: fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((text) =>
    !text.includes("\0")
  ),
  deferral: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  since: fc.integer({ min: 0, max: 2 ** 32 }).map((seconds) => seconds * 1000),
  expires: fc.integer({ min: 1, max: 2 ** 32 }).map((seconds) => seconds * 1000),
}, { noNullPrototype: true });

Deno.test("a link opens as it was sealed, until it expires", () => {
  fc.assert(fc.property(links, (link) => {
    const token = sealLink(link, SECRET);
    const opened = openLink(token, SECRET, link.expires - 1);
    assert(opened.ok);
    assertEquals(opened.link, link);
    assertEquals(openLink(token, SECRET, link.expires), { ok: false, why: "expired", link });
  }));
});

Deno.test("a token with any bit changed, cut or extended is invalid", () => {
  const bytes = Buffer.from(sealLink(LINK, SECRET), "base64url");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const forged = Buffer.from(bytes);
    forged[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(openLink(forged.toString("base64url"), SECRET, 0), { ok: false, why: "invalid" });
  }
  for (const other of [bytes.subarray(1), bytes.subarray(0, -1), bytes.subarray(0, 32)]) {
    assertEquals(openLink(other.toString("base64url"), SECRET, 0).ok, false);
  }
  const longer = Buffer.concat([bytes, Buffer.alloc(32)]).toString("base64url");
  assertEquals(openLink(longer, SECRET, 0), { ok: false, why: "invalid" });
});

Deno.test("any text that was not sealed is invalid", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.base64String({ maxLength: 300 }),
    fc.uint8Array({ minLength: 16, maxLength: 200 }).map((bytes) =>
      Buffer.from(bytes).toString("base64url")
    ),
  );
  fc.assert(fc.property(texts, (text) => {
    assertEquals(openLink(text, SECRET, 0), { ok: false, why: "invalid" });
  }));
});

Deno.test("another secret revokes a link", () => {
  const token = sealLink(LINK, SECRET);
  assertEquals(openLink(token, SECRET.with(0, 8), BEFORE), { ok: false, why: "invalid" });
});

Deno.test("links with any field different are different, and shorter ones do not show", () => {
  const token = sealLink(LINK, SECRET);
  const others: Partial<Link>[] = [
    { purpose: "allow" },
    { recipient: "bob@example.net" },
    { deferral: 43 },
    { since: LINK.since + 1000 },
    { expires: LINK.expires + 1000 },
  ];
  for (const other of others) {
    const another = sealLink({ ...LINK, ...other }, SECRET);
    // Neither the tag nor the encrypted fields have anything in common.
    for (const [from, to] of [[0, 20], [24, 60]] as const) {
      assertNotEquals(another.slice(from, to), token.slice(from, to));
    }
  }
  assertEquals(sealLink({ ...LINK, recipient: "a@b.example" }, SECRET).length, token.length);
});

Deno.test("a token shows no address", () => {
  const token = sealLink({ ...LINK, recipient: "annannann@example.net" }, SECRET);
  const bytes = Buffer.from(token, "base64url").toString("latin1");
  assert(!bytes.includes("ann") && !bytes.includes("example"));
});

Deno.test("a link without a recipient, or with one too long, is refused", () => {
  for (const recipient of ["", "a".repeat(321), "a\0b@example.net"]) {
    assertThrows(() => sealLink({ ...LINK, recipient }, SECRET), RangeError);
  }
});
