import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { freePort } from "../../free_port.ts";
import type { PageEvent } from "../../../lib/daemon/events.ts";
import type { StatusSettings } from "../../../lib/web/settings.ts";
import { permissionsFor, StatusThread } from "../../../lib/web/worker/thread.ts";
import { eventually, pause } from "../../eventually.ts";
import { bearer, DAEMON_STATUS, JSON_TYPE, PASSWORD, TOKEN, withPage } from "../page.ts";

Deno.test("the thread may use its port, the database's directory and the list files only", async () => {
  await withPage(({ service }) => {
    const settings = {
      ...service.settings,
      store: { database: "/var/lib/greylag/greylag.db", privacy: false },
      whitelistClients: ["/etc/postgrey/clients"],
    };
    const directory = "/var/lib/greylag";
    assertEquals(permissionsFor(settings), {
      read: [directory, "/etc/postgrey/clients"],
      write: [directory],
      net: ["127.0.0.1:10623"],
      sys: ["statfs"],
    });
    const onSocket = {
      ...settings,
      endpoint: { kind: "unix", path: "/run/greylag/page" },
    } as const;
    // Deno has no narrower permission for a Unix socket.
    assertEquals(permissionsFor(onSocket).net, true);
    const sockets = ["/run/greylag/page", "/run/greylag/page.new"];
    assertEquals(permissionsFor(onSocket).write, [directory, ...sockets]);
    const local = { ...settings, store: { database: "g.db", privacy: false } };
    assertEquals(permissionsFor(local).write, ["."]);
    return Promise.resolve();
  });
});

/** Runs a thread and returns what it reported until the body has ended. */
async function withThread(
  settings: StatusSettings,
  body: (thread: StatusThread, next: () => Promise<string>) => Promise<void>,
  idleMs?: number,
): Promise<PageEvent[]> {
  const reports: string[] = [];
  const events: PageEvent[] = [];
  let wake = () => {};
  const report = (text: string) => {
    reports.push(text);
    wake();
  };
  const daemon = {
    daemonStatus: () => DAEMON_STATUS,
    obstacles: () => ["disk full"],
    warnings: () => [],
    log: () => [],
  };
  const thread = new StatusThread(settings, daemon, {
    listening: (where) => report(`listening ${where}`),
    failed: (error) => report(`failed ${error}`),
    crashed: (error) => report(`crashed ${error}`),
    event: (event) => events.push(event),
  }, idleMs);
  try {
    await body(thread, async () => {
      while (reports.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return reports.shift()!;
    });
  } finally {
    await thread.stop();
  }
  return events;
}

Deno.test("a thread serves pages, reports changes, takes new settings, and leaves its sessions to the next", async () => {
  await withPage(async ({ service }) => {
    const port = freePort();
    const where = `inet:127.0.0.1:${port}`;
    const base = `http://127.0.0.1:${port}`;
    const settings: StatusSettings = {
      ...service.settings,
      endpoint: { kind: "inet", host: "127.0.0.1", port },
    };
    const events = await withThread(settings, async (thread, next) => {
      assertEquals(await next(), `listening ${where}`);
      const ready = await fetch(`${base}/readyz`);
      assertStringIncludes(await ready.text(), "disk full");
      const added = await fetch(`${base}/api/v1/entries`, {
        method: "POST",
        headers: { ...bearer(TOKEN), ...JSON_TYPE },
        body: JSON.stringify({ list: "allow", pattern: "a.example" }),
      });
      await added.body?.cancel();
      thread.configure({ ...settings, helpText: "Call us." });
      await eventually(
        "the new settings take effect",
        async () => (await (await fetch(`${base}/help`)).text()).includes("Call us."),
      );
      const signedIn = await fetch(`${base}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { "sec-fetch-site": "same-origin" },
        body: new URLSearchParams({ password: PASSWORD, then: "/" }),
      });
      await signedIn.body?.cancel();
      const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
      // Another list file needs another permission, and so another thread.
      thread.configure({ ...settings, helpText: "Write.", whitelistClients: ["/etc/hostname"] });
      await eventually(
        "another thread has the new settings",
        async () => (await (await fetch(`${base}/help`)).text()).includes("Write."),
      );
      const page = await fetch(`${base}/lists`, { headers: { cookie } });
      assertStringIncludes(await page.text(), "Sign out");
    });
    assertEquals(events, [
      { kind: "changed", by: "api script", what: "entry 1: allow client a.example" },
      { kind: "signed-in", address: "127.0.0.1" },
    ]);
  });
});

/** Threads of workers in this process. */
function workers(): number {
  return [...Deno.readDirSync("/proc/self/task")].filter(({ name }) => {
    try {
      return Deno.readTextFileSync(`/proc/self/task/${name}/comm`).startsWith("worker-");
    } catch {
      return false;
    }
  }).length;
}

const untilAsleep = () => eventually("the thread has ended", () => workers() === 0);

/** Runs a thread that ends after 600 ms without a request. */
async function withSleeper(
  host: string,
  body: (base: string, thread: StatusThread) => Promise<void>,
): Promise<PageEvent[]> {
  let events: PageEvent[] = [];
  await withPage(async ({ service }) => {
    const port = freePort();
    const settings: StatusSettings = {
      ...service.settings,
      endpoint: { kind: "inet", host, port },
    };
    events = await withThread(settings, async (thread, next) => {
      await next();
      await body(`http://127.0.0.1:${port}`, thread);
    }, 600);
  });
  return events;
}

Deno.test("a thread runs from the first request until nobody looks", async () => {
  await withSleeper("127.0.0.1", async (base) => {
    const { port } = new URL(base);
    const silent = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    await pause(100);
    assertEquals(workers(), 0, "a connection without a request starts no thread");
    for (let round = 0; round < 3; round++) {
      assertEquals(await (await fetch(`${base}/healthz`)).text(), "alive\n");
      assertEquals(workers(), 1);
      await untilAsleep();
    }
    silent.close();
  });
});

Deno.test("a session outlives the thread", async () => {
  await withSleeper("127.0.0.1", async (base) => {
    const answer = await fetch(`${base}/sign-in`, {
      method: "POST",
      redirect: "manual",
      headers: { origin: base },
      body: new URLSearchParams({ password: PASSWORD, then: "/" }),
    });
    await answer.body?.cancel();
    const cookie = answer.headers.get("set-cookie")!.split(";")[0]!;
    for (let round = 0; round < 2; round++) {
      await untilAsleep();
      const page = await fetch(`${base}/lists`, { headers: { cookie } });
      assertStringIncludes(await page.text(), "Sign out");
    }
  });
});

Deno.test("a live stream keeps the thread, and its end ends the thread", async () => {
  await withSleeper("127.0.0.1", async (base) => {
    const stream = await fetch(`${base}/api/v1/events`);
    const reader = stream.body!.getReader();
    assertStringIncludes(new TextDecoder().decode((await reader.read()).value), "event: begin");
    await pause(1000);
    assertEquals(workers(), 1);
    await reader.cancel();
    await untilAsleep();
  });
});

Deno.test("no request is lost while threads start, end and restart", async () => {
  await withSleeper("127.0.0.1", async (base, thread) => {
    const deadline = performance.now() + 3000;
    let [answered, restarts] = [0, 0];
    const visit = async (first: number) => {
      for (let pauses = first; performance.now() < deadline; pauses += 41) {
        const response = await fetch(`${base}/style.css`, { headers: { connection: "close" } });
        assertEquals(response.status, 200);
        await response.text();
        answered++;
        await pause(pauses % 400);
      }
    };
    await Promise.all(Array.from({ length: 6 }, (_, at) => visit(67 * at)));
    for (; restarts < 3; restarts++) {
      await untilAsleep();
      await Promise.all(Array.from({ length: 20 }, async () => {
        assertEquals(await (await fetch(`${base}/healthz`)).text(), "alive\n");
      }));
    }
    assertEquals(answered > 10, true);
    await thread.stop();
  });
});

Deno.test("the client that starts the thread is known by its own address", async () => {
  const own = Deno.networkInterfaces()
    .find(({ family, address }) => family === "IPv4" && !address.startsWith("127."))?.address ??
    "127.0.0.1";
  const events = await withSleeper("0.0.0.0", async (base) => {
    const { port } = new URL(base);
    const answer = await fetch(`http://${own}:${port}/sign-in`, {
      method: "POST",
      redirect: "manual",
      headers: { origin: `http://${own}:${port}` },
      body: new URLSearchParams({ password: PASSWORD }),
    });
    await answer.body?.cancel();
  });
  assertEquals(events, [{ kind: "signed-in", address: own }]);
});

Deno.test("on a Unix socket the thread starts and ends, and the socket stays reachable", async () => {
  await withPage(async ({ service }) => {
    const path = `${service.settings.store.database}.page`;
    const settings: StatusSettings = { ...service.settings, endpoint: { kind: "unix", path } };
    await withThread(settings, async (_, next) => {
      assertEquals(await next(), `listening unix:${path}`);
      using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
      for (let round = 0; round < 3; round++) {
        // Several connections wait for the thread.
        await Promise.all(Array.from({ length: 5 }, async () => {
          const response = await fetch("http://localhost/healthz", { client });
          assertEquals(await response.text(), "alive\n");
        }));
        assertEquals(Deno.statSync(path).mode! & 0o777, 0o660);
        await untilAsleep();
      }
    }, 300);
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  });
});

Deno.test("a Unix socket that another process listens on is left alone", async () => {
  await withPage(async ({ service }) => {
    const path = `${service.settings.store.database}.page`;
    using _taken = Deno.listen({ transport: "unix", path });
    const settings: StatusSettings = { ...service.settings, endpoint: { kind: "unix", path } };
    await withThread(settings, async (_, next) => {
      assertStringIncludes(await next(), "another process listens there already");
      (await Deno.connect({ transport: "unix", path })).close();
    });
  });
});

Deno.test("a thread that cannot listen reports it and does not throw", async () => {
  await withPage(async ({ service }) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const settings: StatusSettings = {
      ...service.settings,
      endpoint: { kind: "inet", host: "127.0.0.1", port },
    };
    await withThread(settings, async (_, next) => {
      assertStringIncludes(await next(), `failed cannot listen on inet:127.0.0.1:${port}`);
    });
  });
});
