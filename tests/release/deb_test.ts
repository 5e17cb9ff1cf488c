import { assertEquals } from "@std/assert";
import { debianVersion } from "../../release/deb.ts";

Deno.test("a pre-release sorts before its release", () => {
  assertEquals(debianVersion("1.2.3"), "1.2.3");
  assertEquals(debianVersion("1.2.3-rc.1"), "1.2.3~rc.1");
});

Deno.test("install.sh and the package start with the same settings", async () => {
  const script = await Deno.readTextFile("install.sh");
  const [, written] = /cat >"\$CONFIG" <<'END'\n([\s\S]*?)END\n/.exec(script)!;
  assertEquals(written, await Deno.readTextFile("release/debian/greylag.toml"));
});
