import { assertEquals } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { clientOf, connectTo, letters, scale } from "./load.ts";

const REQUEST = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

Deno.test("closing connections of the page's Unix socket closes no others", async () => {
  await inDirectory(async (directory) => {
    const policy = `${directory}/policy`;
    const page = `${directory}/page`;
    const daemon = await Daemon.start([
      `--unix=${policy}`,
      `--database=${directory}/g.db`,
      `--status=unix:${page}`,
    ]);
    await daemon.waitFor("status server on");
    let isOver = false;
    const visits = Promise.all(Array.from({ length: 4 }, async () => {
      const buffer = new Uint8Array(1000);
      while (!isOver) {
        using conn = await connectTo(page);
        await conn.write(new TextEncoder().encode(REQUEST));
        while (await conn.read(buffer) !== null) continue;
      }
    }));
    const unexpected: unknown[] = [];
    for (let at = 0; at < scale(1500, 100_000); at++) {
      using client = await clientOf(policy);
      const reply = await client.ask({ sender: `page.${letters(at)}@example.org` });
      if (!reply?.startsWith("action=DEFER")) unexpected.push(reply);
    }
    isOver = true;
    await visits;
    assertEquals(unexpected, [], daemon.log.slice(-2000));
    assertEquals(await daemon.stop(), 0);
  });
});
