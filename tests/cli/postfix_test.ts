import { assertEquals, assertStringIncludes } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import { CHECK, MASTER } from "../postfix/config_shapes.ts";
import { greylag } from "./database.ts";

Deno.test("postfix add and postfix remove edit copies, and keep every byte of the files", async () => {
  await inDirectory(async (directory) => {
    const [source, target, config] = ["etc", "out", "greylag.toml"].map((name) =>
      `${directory}/${name}`
    );
    await Deno.mkdir(source!);
    await Deno.mkdir(target!);
    await Deno.writeTextFile(config!, "");
    // Latin-1, which is no UTF-8.
    const mainCf = Uint8Array.from(
      "# Stra\xdfe\nsmtpd_recipient_restrictions = reject_unauth_destination\n",
      (char) => char.charCodeAt(0),
    );
    await Deno.writeFile(`${source}/main.cf`, mainCf);
    await Deno.writeTextFile(`${source}/master.cf`, MASTER);
    const run = (...args: string[]) =>
      greylag(
        "postfix",
        ...args.slice(0, 1),
        source!,
        target!,
        ...args.slice(1),
        `--config=${config}`,
      );
    const added = await run("add");
    assertEquals(added.code, 0, added.err);
    assertEquals(added.out, "changes smtpd_recipient_restrictions in main.cf\n");
    const edited = await Deno.readFile(`${target}/main.cf`);
    assertStringIncludes(new TextDecoder("latin1").decode(edited), `# Stra\xdfe\n`);
    assertStringIncludes(new TextDecoder("latin1").decode(edited), CHECK);
    await Deno.rename(`${target}/main.cf`, `${source}/main.cf`);
    assertEquals((await run("add")).out, "");
    assertEquals((await run("remove", `--record=${target}/changes.json`)).code, 0);
    assertEquals(await Deno.readFile(`${target}/main.cf`), mainCf);
    for (const wrong of [["add", source!], ["mend", source!, target!], ["add", "a", "b", "c"]]) {
      assertEquals((await greylag("postfix", ...wrong)).code, 2);
    }
    assertStringIncludes((await greylag("postfix", "add", "/nowhere", target!)).err, "/nowhere");
  });
});
