import { assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../eventually.ts";
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

    assertMatch(await server.deliver("down@example.org"), /^250 /, "without Greylag mail passes");
    await server.startGreylag();
    const deliver = () => server.deliver("alice@example.org");
    assertMatch(await deliver(), /^450 4\.7\.1 Greylisted, please try again in 2 seconds\r\n$/);
    await eventually("the retry is accepted", async () => /^250 /.test(await deliver()), {
      period: 500,
    });
    assertStringIncludes(
      await server.greylag("find", "alice@example.org", "--json"),
      '"client_name": "mail.example.org"',
    );
    await server.greylag("block", "mallory@example.org");
    await eventually(
      "a blocked sender is rejected",
      async () => /^550 5\.7\.1 /.test(await server.deliver("mallory@example.org")),
      { period: 300 },
    );
    await server.stopGreylag();
    assertMatch(await server.deliver("late@example.org"), /^250 /, "stopped");
  },
});
