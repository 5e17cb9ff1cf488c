import { assertEquals } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon, inDirectory } from "../daemon.ts";

Deno.test("promtool accepts the metrics", async () => {
  await inDirectory(async (directory) => {
    const port = getAvailablePort();
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
      `--status=inet:${port}`,
    ]);
    await daemon.waitFor("status server on");
    await daemon.ask();
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).bytes();
    const promtool = new Deno.Command("/usr/bin/promtool", {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = promtool.stdin.getWriter();
    await writer.write(metrics);
    await writer.close();
    const { code, stdout, stderr } = await promtool.output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals([code, said], [0, ""]);
    assertEquals(await daemon.stop(), 0);
  });
});
