import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";

const LINES = `config|smtpd-version|6.8.0
config|ready
report|0.6|1|smtp-in|link-connect|s1|mail.example.org|pass|192.0.2.10:4444|192.0.2.1:25
filter|0.6|1|smtp-in|mail-from|s1|t1|alice@example.org
filter|0.6|1|smtp-in|rcpt-to|s1|t2|bob@example.net
`;

Deno.test("the filter registers, asks the daemon and answers smtpd", async () => {
  await inDirectory(async (directory) => {
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
    ]);
    const { code, out } = await Daemon.run(
      ["filter-opensmtpd", `--policy=unix:${directory}/policy`],
      LINES,
    );
    await daemon.stop();
    assertEquals(code, 0);
    assertStringIncludes(out, "register|ready\nfilter-result|s1|t1|proceed\n");
    assertMatch(out, /\nfilter-result\|s1\|t2\|reject\|450 4\.7\.1 Greylisted, .*\n$/);
    assertStringIncludes(daemon.log, "client_name=mail.example.org, client_address=192.0.2.10");
  });
});

Deno.test("without a daemon the filter lets mail pass and says why once", async () => {
  const port = freePort();
  const twice = `${LINES}filter|0.6|1|smtp-in|rcpt-to|s1|t3|eve@example.net\n`;
  const { code, out, err } = await Daemon.run(["filter-opensmtpd", `--policy=inet:${port}`], twice);
  assertEquals(code, 0);
  assertStringIncludes(out, "filter-result|s1|t2|proceed\nfilter-result|s1|t3|proceed\n");
  assertEquals(err.split("Mail passes without greylisting").length, 2, err);
});

Deno.test("an invalid endpoint is an error", async () => {
  const { code, err } = await Daemon.run(["filter-opensmtpd", "--policy=nowhere"], "");
  assertEquals(code, 2);
  assertStringIncludes(err, 'not "nowhere"');
  const long = await Daemon.run(["filter-opensmtpd", `--policy=unix:/${"x".repeat(150)}`], "");
  assertEquals(long.code, 2);
  assertStringIncludes(long.err, "--policy: the path of the socket has 151 bytes, at most 107");
});
