import { assertEquals } from "@std/assert";
import { freePort } from "../free_port.ts";
import { checkEndpoints } from "../../lib/admin/dead_endpoints.ts";
import { parseEndpoint } from "../../lib/net/endpoint.ts";
import { inDirectory } from "../daemon.ts";

/** A socket on which a program listened that was killed. */
async function staleSocket(path: string): Promise<void> {
  const listener = Deno.listen({ transport: "unix", path: `${path}.live` });
  await Deno.link(`${path}.live`, path);
  listener.close();
}

Deno.test("an endpoint is dead where no program listens, as Postfix finds it", async () => {
  await inDirectory(async (queue) => {
    for (const name of ["private", "public", "mine"]) await Deno.mkdir(`${queue}/${name}`);
    const listen = (path: string) => Deno.listen({ transport: "unix", path });
    using _own = listen(`${queue}/mine/greylag`);
    using _other = listen(`${queue}/mine/other`);
    using _spawned = listen(`${queue}/private/policy-spf`);
    using cleanup = listen(`${queue}/public/cleanup`);
    using inet = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await staleSocket(`${queue}/mine/stale`);
    await Deno.writeTextFile(`${queue}/mine/file`, "");
    const closed = freePort();
    const alive = [
      `inet:127.0.0.1:${inet.addr.port}`,
      "unix:mine/greylag",
      "unix:mine/other",
      // For an smtpd without and with chroot.
      `unix:${queue}/mine/other`,
      "unix:/mine/other",
      "unix:private/policy-spf",
    ];
    const dead = [
      `inet:127.0.0.1:${closed}`,
      "unix:mine/missing",
      "unix:mine/stale",
      "unix:mine/file",
      `unix:${queue}/mine/stale`,
      "unix:/nowhere/policy",
      `unix:/${"long/".repeat(30)}policy`,
      "unix:private/policy",
    ];
    const own = [parseEndpoint(`unix:${queue}/mine/greylag`)!];
    const found = await checkEndpoints([...alive, ...dead, "type:unknown"], own, queue);
    assertEquals([...found.dead], dead);
    assertEquals([...found.unchecked], []);

    cleanup.close();
    const stopped = await checkEndpoints(["unix:private/policy", "unix:mine/stale"], own, queue);
    assertEquals([...stopped.unchecked], [["unix:private/policy", "Postfix does not run"]]);
    assertEquals([...stopped.dead], ["unix:mine/stale"]);
  });
});
