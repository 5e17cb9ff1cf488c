import { assert, assertEquals } from "@std/assert";
import { Notifier, notifySettings } from "../../lib/daemon/sd_notify.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { pause } from "../eventually.ts";

Deno.test("no notifier without a socket of systemd", () => {
  const read = (given: Record<string, string>) => notifySettings((name) => given[name], "/data");
  assertEquals(read({}), undefined);
  assertEquals(read({ NOTIFY_SOCKET: "@abstract" }), undefined);
  assertEquals(read({ NOTIFY_SOCKET: "/run/n" }), { socket: "/run/n", directory: "/data" });
  assertEquals(
    read({ NOTIFY_SOCKET: "/run/n", RUNTIME_DIRECTORY: "/run/a:/run/b", WATCHDOG_USEC: "2000000" }),
    { socket: "/run/n", directory: "/run/a", watchdog: 2000 },
  );
  assertEquals(read({ NOTIFY_SOCKET: "/run/n", WATCHDOG_USEC: "nonsense" })!.watchdog, undefined);
});

Deno.test("the daemon notifies systemd of its readiness, its life and its stop", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/systemd`;
    const systemd = Deno.listenDatagram({ transport: "unixpacket", path });
    const [program, args] = Daemon.command([
      "serve",
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
      "--status=off",
    ]);
    const child = new Deno.Command(program, {
      args,
      stderr: "null",
      env: { NOTIFY_SOCKET: path, RUNTIME_DIRECTORY: directory, WATCHDOG_USEC: "200000" },
    }).spawn();
    const ended = child.status.then(({ code }): never => {
      throw new Error(`the daemon ended with status ${code}`);
    });
    // It ends at last, when nobody waits for its next message.
    ended.catch(() => {});
    const next = async () =>
      new TextDecoder().decode((await Promise.race([systemd.receive(), ended]))[0]);
    assertEquals(await next(), `READY=1\nSTATUS=answering on unix:${directory}/policy`);
    assertEquals([await next(), await next()], ["WATCHDOG=1", "WATCHDOG=1"]);
    // A stuck event loop is silent, after the messages that were sent before.
    child.kill("SIGSTOP");
    let message = next();
    const isSilent = () => Promise.race([message.then(() => false), pause(500).then(() => true)]);
    for (let sent = 0; !await isSilent(); sent++) {
      assert(sent < 50);
      message = next();
    }
    child.kill("SIGCONT");
    child.kill("SIGTERM");
    while (await message === "WATCHDOG=1") message = next();
    await child.status;
    const left = [...Deno.readDirSync(directory)].filter(({ name }) => name.startsWith("notify."));
    assertEquals(left, []);
    systemd.close();
  });
});

Deno.test("a missing socket of systemd is ignored", async () => {
  const notifier = new Notifier({ socket: "/nowhere/at/all", directory: "/nowhere" });
  await notifier.ready("fine");
  await notifier.stopping();
  notifier.close();
});
