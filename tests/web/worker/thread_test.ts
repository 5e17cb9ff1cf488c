import { assertEquals, assertStringIncludes } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import type { PageEvent } from "../../../lib/daemon/events.ts";
import type { StatusSettings } from "../../../lib/web/settings.ts";
import { permissionsFor, StatusThread } from "../../../lib/web/worker/thread.ts";
import { eventually } from "../../eventually.ts";
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
    assertEquals(permissionsFor(onSocket).write, [directory, "/run/greylag/page"]);
    const local = { ...settings, store: { database: "g.db", privacy: false } };
    assertEquals(permissionsFor(local).write, ["."]);
    return Promise.resolve();
  });
});

/** Runs a thread and returns what it reported until the body has ended. */
async function withThread(
  settings: StatusSettings,
  body: (thread: StatusThread, next: () => Promise<string>) => Promise<void>,
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
    event: (event) => events.push(event),
  });
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
    const port = getAvailablePort();
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
      thread.configure({ ...settings, whitelistClients: ["/etc/hostname"] });
      assertEquals(await next(), `listening ${where}`);
      assertEquals(await (await fetch(`${base}/healthz`)).text(), "alive\n");
      const page = await fetch(`${base}/lists`, { headers: { cookie } });
      assertStringIncludes(await page.text(), "Sign out");
    });
    assertEquals(events, [
      { kind: "changed", by: "api script", what: "entry 1: allow client a.example" },
      { kind: "signed-in", address: "127.0.0.1" },
    ]);
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
