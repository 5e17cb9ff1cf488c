import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { hashPassword, hashToken, isPassword, isSame, makeToken } from "../../lib/admin/secrets.ts";

Deno.test("a password matches its hash, which differs each time", async () => {
  const [one, other] = [await hashPassword("straße 7 hügel"), await hashPassword("straße 7 hügel")];
  assertNotEquals(one, other);
  assertMatch(one, /^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  assertEquals(await isPassword("straße 7 hügel", one), true);
  // The same letters, typed on a keyboard that puts them together otherwise.
  assertEquals(await isPassword("straße 7 hu\u0308gel", one), true);
  assertEquals(await isPassword("straße 7 hugel", one), false);
  assertEquals(await isPassword("", one), false);
});

Deno.test("an invalid hash matches no password", async () => {
  for (const hash of ["", "x", "scrypt", "scrypt$32768$8$1$$", "bcrypt$32768$8$1$aa$aa"]) {
    assertEquals(await isPassword("", hash), false);
  }
});

Deno.test("tokens are long, all different, and stored as a hash", () => {
  const token = makeToken();
  assertMatch(token, /^greylag_[\w-]{43}$/);
  assertNotEquals(token, makeToken());
  assert(!hashToken(token).includes(token.slice(8)));
  assertEquals(hashToken(token), hashToken(token));
  assertEquals([isSame("a", "a"), isSame("a", "b"), isSame("a", "aa")], [true, false, false]);
});
