import { assertEquals, assertStringIncludes } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";

const NOBODY = 65_534;

Deno.test({
  name: "SIGHUP with a settings file that only root may read keeps the daemon and its old settings",
  // The source of a checkout is not readable for another user.
  ignore: Deno.env.get("GREYLAG_EXECUTABLE") === undefined,
  async fn() {
    await inDirectory(async (directory) => {
      const config = `${directory}/greylag.toml`;
      await Deno.chmod(directory, 0o755);
      await Deno.mkdir(`${directory}/data`);
      await Deno.chown(`${directory}/data`, NOBODY, NOBODY);
      await Deno.writeTextFile(config, 'delay = "5m"\n', { mode: 0o644 });
      const daemon = await Daemon.start([
        `--config=${config}`,
        `--unix=${directory}/data/policy`,
        `--database=${directory}/data/g.db`,
      ], { by: ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] });
      const ask = (sender: string) => daemon.ask({ sender, client_name: "mail.example.org" });
      assertStringIncludes(await ask("a@x.example"), "in 300 seconds");

      await Deno.writeTextFile(config, 'delay = "7m"\n');
      await Deno.chmod(config, 0o600);
      await daemon.reload("old settings stay in force");
      assertStringIncludes(daemon.log, config);
      assertStringIncludes(await ask("b@x.example"), "in 300 seconds");

      await Deno.chmod(config, 0o644);
      await daemon.reload("configuration reread");
      assertStringIncludes(await ask("c@x.example"), "in 420 seconds");
      assertEquals(await daemon.stop(), 0);
    });
  },
});
