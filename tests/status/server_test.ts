import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Database } from "@db/sqlite";
import { Counters } from "../../lib/service/counters.ts";
import { statusHandler, type StatusSource } from "../../lib/status/server.ts";
import { Daemon, inDirectory } from "../daemon.ts";

const SOURCE: StatusSource = {
  obstacles: () => Promise.resolve([]),
  measure: () =>
    Promise.resolve({
      counters: new Counters(),
      version: "1",
      started: 0,
      databaseWorks: true,
      databaseBytes: undefined,
    }),
};

function get(path: string, host = "localhost", source = SOURCE): Promise<Response> {
  const request = new Request(`http://localhost${path}`, { headers: { host } });
  return Promise.resolve(statusHandler(["status.example.net"], source)(request));
}

Deno.test("every answer, good or bad, tells the browser what it may not do", async () => {
  const broken: StatusSource = { ...SOURCE, measure: () => Promise.reject(new Error("secret")) };
  for (
    const [response, status] of [
      [await get("/healthz"), 200],
      [await get("/readyz"), 200],
      [await get("/metrics"), 200],
      [await get("/nothing"), 404],
      [await get("/healthz", "attacker.example"), 421],
      [await get("/metrics", "localhost", broken), 500],
    ] as const
  ) {
    assertEquals(response.status, status);
    assertStringIncludes(response.headers.get("content-security-policy")!, "default-src 'none'");
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    assertEquals(response.headers.get("referrer-policy"), "no-referrer");
    assert(!(await response.text()).includes("secret"));
  }
});

Deno.test("who comes by a name of somebody else's learns nothing", async () => {
  const text = await (await get("/metrics", "attacker.example")).text();
  assert(!text.includes("greylag_"));
  assertEquals((await get("/metrics", "status.example.net:443")).status, 200);
});

Deno.test("what keeps it from its work is told, and that it is alive all the same", async () => {
  const ill: StatusSource = { ...SOURCE, obstacles: () => Promise.resolve(["no disk"]) };
  const ready = await get("/readyz", "localhost", ill);
  assertEquals(ready.status, 503);
  assertStringIncludes(await ready.text(), "no disk");
  assertEquals((await get("/healthz", "localhost", ill)).status, 200);
});

Deno.test("a daemon tells that it is alive and ready, and what it counted", async () => {
  await inDirectory(async (directory) => {
    const port = getAvailablePort();
    const base = `http://127.0.0.1:${port}`;
    const database = `${directory}/data/g.db`;
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${database}`,
      `--status=inet:${port}`,
    ]);
    const text = async (path: string) => await (await fetch(base + path)).text();
    await daemon.waitFor("status server on");
    await daemon.ask();
    await daemon.ask();
    assertEquals(await text("/healthz"), "alive\n");
    assertEquals(await text("/readyz"), "ready\n");
    const metrics = await text("/metrics");
    assertStringIncludes(metrics, 'greylag_requests_total{reason="new"} 1\n');
    assertStringIncludes(metrics, 'greylag_requests_total{reason="early"} 1\n');
    assertMatch(metrics, /greylag_database_bytes \d{4,}\n/);

    const locker = new Database(database);
    locker.exec("BEGIN IMMEDIATE");
    const ready = await fetch(`${base}/readyz`);
    assertEquals(ready.status, 503);
    assertStringIncludes(await ready.text(), "locked");
    assertEquals(await text("/healthz"), "alive\n");
    assertStringIncludes(await text("/metrics"), "greylag_database_up 0\n");
    locker.exec("ROLLBACK");
    locker.close();
    // A store that was ill is tried again after a second.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assertEquals(await text("/readyz"), "ready\n");
    assertEquals(await daemon.stop(), 0);
  });
});

Deno.test("a status server whose port is taken costs no mail, and the log says so", async () => {
  await inDirectory(async (directory) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
      `--status=inet:${taken.addr.port}`,
    ]);
    await daemon.waitFor(`no status server: cannot listen on inet:127.0.0.1:${taken.addr.port}`);
    assertStringIncludes(await daemon.ask(), "DEFER");
    assertEquals(await daemon.stop(), 0);
  });
});

Deno.test("on a Unix socket it is there for a reverse proxy, and what died there makes way", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/status`;
    const start = () =>
      Daemon.start([
        `--unix=${directory}/policy`,
        `--database=${directory}/g.db`,
        `--status=unix:${path}`,
      ]);
    const first = await start();
    await first.waitFor("status server on");
    await first.kill();
    const second = await start();
    await second.waitFor("status server on");
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o660);
    const conn = await Deno.connect({ transport: "unix", path });
    await conn.write(
      new TextEncoder().encode(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      ),
    );
    assertStringIncludes(await new Response(conn.readable).text(), "alive");
    assertEquals(await second.stop(), 0);
  });
});

Deno.test("it is refused to others than this machine, since it asks for no password", async () => {
  const { code, err } = await Daemon.run(["serve", "--status=inet:0.0.0.0:10024"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "must be a loopback address or a Unix socket");
});
