import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isPassword } from "../../lib/admin/secrets.ts";
import { openStore } from "../../lib/store/open.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { withDatabase } from "./database.ts";
import { pause } from "../eventually.ts";

const PASSWORD = "correct horse battery";

function hashOf(database: string): string | undefined {
  const store = openStore({ database, privacy: false });
  const all = store.credentials.all();
  store.close();
  return all.find(({ kind }) => kind === "password")?.hash;
}

Deno.test("a password comes from a pipe, and only its hash is stored", async () => {
  await withDatabase(async (greylag, path) => {
    const set = async (text: string) => await Daemon.run(["passwd", `--database=${path}`], text);
    const { code, out } = await set(`${PASSWORD}\nmore\n`);
    assertEquals(code, 0, out);
    assert(await isPassword(PASSWORD, hashOf(path)!));
    for (const bad of ["short", "", "x".repeat(1025)]) {
      const { code, err } = await set(bad);
      assertEquals(code, 2);
      assertStringIncludes(err, "the password must have 10 to 1024 characters");
    }
    assert(await isPassword(PASSWORD, hashOf(path)!));
    assertStringIncludes((await greylag("passwd", "--remove")).out, "Password removed");
    assertEquals(hashOf(path), undefined);
    assertStringIncludes((await greylag("passwd", "--remove")).out, "No password was set");
  });
});

Deno.test("a terminal prompts for the password twice and does not show it", async () => {
  await withDatabase(async (_, path) => {
    const type = async (...lines: string[]) => {
      const [program, args] = Daemon.command(["passwd", `--database=${path}`]);
      const quoted = [program, ...args].map((one) => `'${one}'`).join(" ");
      // script(1) gives it a terminal.
      const child = new Deno.Command("script", {
        args: ["-qec", quoted, "/dev/null"],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      let shown = "";
      const until = async (words: string) => {
        while (!shown.includes(words)) {
          const { value, done } = await reader.read();
          if (done) return;
          shown += value;
        }
      };
      for (const [at, words] of ["New password:", "Repeat the password:"].entries()) {
        await until(words);
        await pause(100);
        await writer.write(new TextEncoder().encode(`${lines[at]}\n`));
      }
      await until("\0");
      const { code } = await child.status;
      await writer.close().catch(() => {});
      return { code, shown };
    };
    const typo = `${PASSWORD.slice(0, -1)}x\x7fy`;
    const first = await type(typo, typo);
    assertEquals(first.code, 0, first.shown);
    assert(!first.shown.includes("correct"));
    assert(await isPassword(PASSWORD, hashOf(path)!));
    const second = await type(PASSWORD, "something else entirely");
    assertEquals(second.code, 2);
    assertStringIncludes(second.shown, "passwords differ");
  });
});

Deno.test("without a database there is no prompt", async () => {
  await inDirectory(async (directory) => {
    const { code, err } = await Daemon.run(["passwd", `--database=${directory}/none.db`], PASSWORD);
    assertEquals(code, 1);
    assertStringIncludes(err, "no such file");
  });
});
