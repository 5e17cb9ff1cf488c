import { assertEquals, assertStringIncludes } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon, inDirectory } from "../daemon.ts";

Deno.test("doctor looks at the daemon, the database and what postconf printed", async () => {
  await inDirectory(async (directory) => {
    const port = getAvailablePort();
    const config = `${directory}/greylag.toml`;
    await Deno.writeTextFile(
      config,
      `database = "${directory}/g.db"\nlisten = ["inet:${port}"]\n`,
    );
    const doctor = (...args: string[]) => Daemon.run(["doctor", `--config=${config}`, ...args]);
    const daemon = await Daemon.start([`--config=${config}`]);
    const good = `${directory}/postconf`;
    await Deno.writeTextFile(
      good,
      "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service " +
        `{ inet:127.0.0.1:${port}, timeout=10s, default_action=DUNNO }\n`,
    );
    assertEquals(await doctor(good), {
      code: 0,
      out: "Nothing is wrong with what was looked at.\n",
      err: "",
    });
    await Deno.writeTextFile(good, "mynetworks = 127.0.0.0/8\n");
    const bad = await doctor(good, "--json");
    assertEquals(bad.code, 1);
    assertStringIncludes(JSON.parse(bad.out)[0].what, "no check_policy_service");
    assertStringIncludes((await doctor()).out, "postconf -n | greylag doctor -");
    await daemon.stop();

    const down = await doctor();
    assertEquals(down.code, 1);
    assertStringIncludes(down.out, `nobody answers on inet:127.0.0.1:${port}`);
    const missing = await doctor("/nowhere");
    assertEquals(missing.code, 1);
    assertStringIncludes(missing.err, "/nowhere");
  });
});
