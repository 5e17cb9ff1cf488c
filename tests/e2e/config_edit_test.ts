import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { splitRestrictions } from "../../lib/postfix/restrictions.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { CHECK, filesOf, LEARNING_CHECK, SHAPES } from "../postfix/config_shapes.ts";
import { Postfix } from "./postfix.ts";
import { send } from "./smtp.ts";

async function run(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 0, `${program} ${args.join(" ")}: ${said}`);
  return new TextDecoder().decode(stdout).trim();
}

const wordsOf = (value: string) => splitRestrictions(value).join(" ");

const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

Deno.test("Debian's postconf reads every edited shape as meant, and the undo is byte for byte", async () => {
  for (const shape of SHAPES) {
    await inDirectory(async (base) => {
      const [etc, out, config] = [`${base}/etc`, `${base}/out`, `${base}/greylag.toml`];
      await Deno.mkdir(etc);
      await Deno.mkdir(out);
      await Deno.writeTextFile(config, "");
      const files = filesOf(shape);
      for (const [name, text] of Object.entries(files)) {
        await Deno.writeFile(`${etc}/${name}`, bytesOf(text));
      }
      const edit = (action: string, ...more: string[]) =>
        Daemon.run(["postfix", action, etc, out, `--config=${config}`, ...more]);
      const takeOver = async () => {
        for (const name of Object.keys(files)) {
          await Deno.rename(`${out}/${name}`, `${etc}/${name}`).catch(() => {});
        }
      };
      await edit("add", "--learn-outbound");
      await takeOver();
      assertEquals(
        wordsOf(await run("postconf", "-c", etc, "-h", "smtpd_recipient_restrictions")),
        shape.list,
        shape.name,
      );
      for (const [place, list] of Object.entries(shape.overrides ?? {})) {
        const shown = await run("postconf", "-c", etc, "-P", place);
        assertEquals(wordsOf(shown.slice(shown.indexOf("=") + 1)), list, shape.name);
      }
      // postconf's output is read as the files are.
      const shown = await Promise.all(
        ["-n", "-M", "-P"].map((flag) => run("postconf", "-c", etc, flag)),
      );
      const database = `--database=${base}/none.db`;
      const { out: findings } = await Daemon.run(
        ["doctor", "-", `--config=${config}`, database, "--json"],
        shown.join("\n"),
      );
      const said = (JSON.parse(findings) as { what: string }[]).map(({ what }) => what)
        .filter((what) => /smtpd_|master\.cf|policy_service/.test(what));
      assertEquals(said, [], shape.name);
      const { code } = await edit("remove", `--record=${out}/changes.json`, "--recorded");
      // A check that the administrator wrote stays.
      assertEquals(code, shape.mainCf.includes(":10023") ? 1 : 0, shape.name);
      await takeOver();
      for (const [name, text] of Object.entries(files)) {
        assertEquals(await Deno.readFile(`${etc}/${name}`), bytesOf(text), shape.name);
      }
    });
  }
});

Deno.test("Postfix's submission service asks about own users, and greylag learns from them only", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const daemon = await Daemon.start([`--inet=${port}`, `--database=${directory}/g.db`]);
    const own = (check: string) => check.replace("10023", `${port}`);
    const server = await Postfix.start(
      `inet:127.0.0.1:${port}`,
      `smtpd_recipient_restrictions = ${own(LEARNING_CHECK)}, permit\n`,
    );
    const message = {
      address: "192.0.2.10",
      name: "mail.example.org",
      sender: "alice@example.org",
      recipients: ["bob@example.net"],
    };
    assertMatch((await send(server.port, message)).recipients[0]!, /^250 /);
    await server.stop();
    const incoming = await Postfix.start(
      `inet:127.0.0.1:${port}`,
      `smtpd_recipient_restrictions = reject_unauth_destination, ${own(CHECK)}\n`,
    );
    assertMatch((await send(incoming.port, message)).recipients[0]!, /^450 /);
    await incoming.stop();
    await daemon.stop();
    assertStringIncludes(daemon.log, "reason=new");
  });
});
