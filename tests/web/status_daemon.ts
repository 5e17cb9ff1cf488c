/**
 * A daemon with a status page, in a process of its own.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";

export interface StatusDaemon {
  readonly daemon: Daemon;
  readonly port: number;
  readonly database: string;
}

/** Starts it, and stops it after the body. */
export async function withStatusDaemon(
  body: (running: StatusDaemon) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    const port = freePort();
    const database = `${directory}/g.db`;
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${database}`,
      `--status=inet:${port}`,
    ]);
    await daemon.waitFor("status server on");
    await body({ daemon, port, database });
    assertEquals(await daemon.stop(), 0);
  });
}
