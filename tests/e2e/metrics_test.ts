import { assertEquals } from "@std/assert";
import { withStatusDaemon } from "../web/status_daemon.ts";

Deno.test("promtool accepts the metrics", async () => {
  await withStatusDaemon(async ({ daemon, port }) => {
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
  });
});
