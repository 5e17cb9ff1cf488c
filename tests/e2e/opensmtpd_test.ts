import { assertMatch } from "@std/assert";
import { checkBlock, checkGreylisting } from "./recipe_checks.ts";
import { ServerRoot } from "./server_root.ts";

const EXECUTABLE = Deno.env.get("GREYLAG_EXECUTABLE") ?? "";

Deno.test({
  name: "OpenSMTPD asks Greylag by the recipe of docs/opensmtpd.md: defer, pass, reject, fail open",
  // smtpd starts the filter by its path.
  ignore: EXECUTABLE === "",
  async fn() {
    await using server = await ServerRoot.make("opensmtpd");
    await Deno.copyFile(EXECUTABLE, `${server.root.path}/usr/local/bin/greylag`);
    await server.follow("opensmtpd.md", "/etc/smtpd.conf");
    await server.must("chmod 600 /etc/smtpd.conf; smtpd -n; smtpd");
    await server.untilOpen();

    await checkGreylisting(
      server,
      /^450 4\.7\.1 Greylisted, please try again in 2 seconds\r\n$/,
    );
    await checkBlock(server);
    await server.stopGreylag();
    assertMatch(await server.deliver("late@example.org"), /^250 /, "stopped");
  },
});
