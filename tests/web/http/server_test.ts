import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../../free_port.ts";
import { Database } from "@db/sqlite";
import { Daemon, inDirectory } from "../../daemon.ts";
import { eventually, pause } from "../../eventually.ts";
import { bearer, JSON_TYPE } from "../page.ts";
import { withStatusDaemon } from "../status_daemon.ts";

Deno.test("monitoring shows life, readiness and counters", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
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
    await eventually("the daemon is ready", async () => await text("/readyz") === "ready\n");
    assertEquals(await daemon.stop(), 0);
  });
});

Deno.test("a taken port is logged, and mail is served without the status page", async () => {
  await inDirectory(async (directory) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
      `--status=inet:${taken.addr.port}`,
    ]);
    await daemon.waitFor(`no status page: cannot listen on inet:127.0.0.1:${taken.addr.port}`);
    assertStringIncludes(await daemon.ask(), "DEFER");
    assertEquals(await daemon.stop(), 0);
  });
});

const INCOMPLETE = "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n" +
  "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\npassw";

for (const where of ["TCP", "a Unix socket"]) {
  Deno.test(`a client that leaves before its request is complete is no error: ${where}`, async () => {
    await inDirectory(async (directory) => {
      const [path, port] = [`${directory}/status`, freePort()];
      const isUnix = where !== "TCP";
      const daemon = await Daemon.start([
        `--unix=${directory}/policy`,
        `--database=${directory}/g.db`,
        `--status=${isUnix ? `unix:${path}` : `inet:${port}`}`,
      ]);
      await daemon.waitFor("status server on");
      const connect = () =>
        isUnix ? Deno.connect({ transport: "unix", path }) : Deno.connect({ port });
      for (let round = 0; round < 100; round++) {
        using conn = await connect();
        await conn.write(new TextEncoder().encode(INCOMPLETE));
        // The page has begun to read in some of the rounds.
        await pause(round % 10);
        if (round % 2 === 0) await conn.closeWrite();
      }
      using client = await connect();
      await client.write(
        new TextEncoder().encode("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n"),
      );
      assertStringIncludes(await new Response(client.readable).text(), "alive");
      assertEquals(await daemon.stop(), 0);
      assert(!daemon.log.includes("please report this"), daemon.log);
    });
  });
}

Deno.test("the page listens on a Unix socket for a reverse proxy, and replaces that of a dead process", async () => {
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

Deno.test("an open endpoint needs a token, and the log warns of clear text", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
      `--status=inet:0.0.0.0:${port}`,
    ]);
    await daemon.waitFor("passwords and addresses cross the network in clear");
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/decisions`);
    assertEquals(answer.status, 401);
    await answer.body?.cancel();
    const { out } = await Daemon.run([
      "token",
      "add",
      "monitoring",
      "--read-only",
      `--database=${directory}/g.db`,
    ]);
    const authorised = await fetch(`http://127.0.0.1:${port}/api/v1/decisions`, {
      headers: bearer(out.trim()),
    });
    assertEquals([authorised.status, await authorised.json()], [200, { items: [], next: null }]);
    assertEquals(await daemon.stop(), 0);
  });
});

Deno.test("a reload applies settings of the page", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const file = `${directory}/greylag.toml`;
    const base = `listen = ["unix:${directory}/policy"]\ndatabase = "${directory}/g.db"\n` +
      `status = "inet:127.0.0.1:${port}"\n`;
    await Deno.writeTextFile(file, base);
    const daemon = await Daemon.startCommand(["serve", `--config=${file}`]);
    await daemon.waitFor("status server on");
    await Deno.writeTextFile(file, `${base}help_text = "Please call us."\n`);
    await daemon.reload("configuration reread");
    const text = await (await fetch(`http://127.0.0.1:${port}/help`)).text();
    assertStringIncludes(text, "Please call us.");
    assertEquals(await daemon.stop(), 0);
  });
});

Deno.test("a change by the API is logged and takes effect", async () => {
  await withStatusDaemon(async ({ daemon, port, database }) => {
    assertStringIncludes(await daemon.ask(), "DEFER");
    const { out } = await Daemon.run(["token", "add", "script", `--database=${database}`]);
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/entries`, {
      method: "POST",
      headers: { ...bearer(out.trim()), ...JSON_TYPE },
      body: JSON.stringify({ list: "allow", pattern: "alice@example.org" }),
    });
    assertEquals(answer.status, 201);
    await answer.body?.cancel();
    await daemon.waitFor("api script: entry 1: allow sender alice@example.org");
    await eventually(
      "the entry takes effect",
      async () => (await daemon.ask()).includes("DUNNO"),
    );
  });
});

Deno.test("a Host header that is no host is rejected, with any method and prefix", async () => {
  await inDirectory(async (directory) => {
    for (const prefix of ["", "/greylag"]) {
      const port = freePort();
      const daemon = await Daemon.start([
        `--unix=${directory}/policy`,
        `--database=${directory}/g.db`,
        `--status=inet:${port}`,
        ...(prefix === "" ? [] : [`--status-prefix=${prefix}`]),
      ]);
      await daemon.waitFor("status server on");
      for (const [method, status] of [["&", 400], ["PROPFIND", 400], ["GET", 400]] as const) {
        using conn = await Deno.connect({ hostname: "127.0.0.1", port });
        const text = `${method} / HTTP/1.0\r\nHost: GET /metrics HTTP/1.0\r\n\r\n`;
        await conn.write(new TextEncoder().encode(text));
        const buffer = new Uint8Array(1000);
        const count = await conn.read(buffer);
        const answer = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
        assertStringIncludes(answer.split("\r\n")[0]!, ` ${status} `);
      }
      assertEquals(await daemon.stop(), 0);
    }
  });
});

Deno.test("a thousand half-sent requests leave Postfix its descriptors, and the page recovers", async () => {
  await withStatusDaemon(async ({ daemon, port }) => {
    const held: Deno.Conn[] = [];
    const half = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n");
    for (let at = 0; at < 1000; at++) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      held.push(conn);
      await conn.write(half).catch(() => {});
    }
    let open = 0;
    for await (const { name } of Deno.readDir(`/proc/${daemon.pid}/fd`)) {
      const target = await Deno.readLink(`/proc/${daemon.pid}/fd/${name}`).catch(() => "");
      if (target.startsWith("socket:")) open++;
    }
    assert(open < 900, `${open} sockets`);
    assertStringIncludes(await daemon.ask(), "DEFER");
    await eventually("the page answers again", async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
      return await answer?.text() === "alive\n";
    });
    for (const conn of held) conn.close();
  });
});
