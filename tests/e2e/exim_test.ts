import { assertMatch } from "@std/assert";
import { eventually } from "../eventually.ts";
import { checkBlock, checkGreylisting } from "./recipe_checks.ts";
import { ServerRoot } from "./server_root.ts";

const SETTINGS = `dc_eximconfig_configtype='internet'
dc_other_hostnames='example.net'
dc_local_interfaces='127.0.0.1'
dc_readhost=''
dc_relay_domains=''
dc_minimaldns='false'
dc_relay_nets=''
dc_smarthost=''
CFILEMODE='644'
dc_use_split_config='false'
dc_hide_mailname=''
dc_mailname_in_oh='true'
dc_localdelivery='mail_spool'
`;

Deno.test("Exim asks Greylag by the recipe of docs/exim.md: defer, pass, reject, fail open", async () => {
  await using server = await ServerRoot.make("exim4-daemon-light");
  await server.root.write("/etc/exim4/update-exim4.conf.conf", SETTINGS);
  await server.follow("exim.md", "/etc/exim4/greylag_acl");
  await server.follow("exim.md", "/etc/exim4/exim4.conf.localmacros");
  await server.must("chmod 644 /etc/exim4/*; update-exim4.conf; exim4 -bd");
  await server.untilOpen();

  await checkGreylisting(
    server,
    /^451 4\.7\.1 Greylisted, please try again in 2 seconds\r\n$/,
  );
  await eventually(
    "the header is added",
    async () =>
      /^X-Greylist: delayed \d+ seconds by /m.test(await server.root.read("/var/mail/bob")),
    { period: 200 },
    () => server.root.read("/var/log/exim4/mainlog"),
  );
  await checkBlock(server);
  assertMatch(await server.deliver("local@example.net", "127.0.0.1"), /^250 /, "own mail passes");
  await server.stopGreylag();
  assertMatch(await server.deliver("late@example.org"), /^250 /, "stopped");
});
