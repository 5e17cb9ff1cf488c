import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { hideOrigin, loadKey, makePseudonym } from "../../lib/store/pseudonym.ts";
import { inDirectory } from "../daemon.ts";

const hide = makePseudonym(new Uint8Array(32).fill(7));

Deno.test("a pseudonym depends on the text and the key and has a mark", () => {
  assertEquals(hide("alice@example.org"), hide("alice@example.org"));
  assertNotEquals(hide("alice@example.org"), hide("bob@example.org"));
  assertNotEquals(
    hide("alice@example.org"),
    makePseudonym(new Uint8Array(32))("alice@example.org"),
  );
  assert(/^~[\w-]{22}$/.test(hide("")));
});

Deno.test("a hidden origin keeps its kind", () => {
  assertEquals(hideOrigin("net:192.0.2.0/24", hide), `net:${hide("192.0.2.0/24")}`);
  assertEquals(hideOrigin("ip:2001:db8::1", hide), `ip:${hide("2001:db8::1")}`);
});

Deno.test("a key is created once, for its owner only", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/g.db.key`;
    const key = loadKey(path);
    assertEquals(key.length, 32);
    assertEquals(loadKey(path), key);
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  });
});

Deno.test("a key file of the wrong size is an error that names the file", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/key`, "short");
    assertThrows(() => loadKey(`${directory}/key`), Error, `${directory}/key: it has 5 bytes`);
  });
});
