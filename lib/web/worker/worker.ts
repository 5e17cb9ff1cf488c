/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The thread of the status page.
 *
 * @module
 */
import { DaemonLink } from "./daemon_link.ts";
import type { ToDaemon, ToPage } from "./messages.ts";
import { StatusServer } from "../http/server.ts";

const send = (message: ToDaemon) => self.postMessage(message);
const link = new DaemonLink(send);
let server: StatusServer | undefined;

self.onmessage = async ({ data }: MessageEvent<ToPage>) => {
  switch (data.kind) {
    case "start":
      try {
        server = await StatusServer.start(data.settings, link);
        send({ kind: "listening", where: server.where });
      } catch (error) {
        send({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
      }
      return;
    case "configure":
      return server?.configure(data.settings);
    case "reopen":
      return server?.reopen();
    case "state":
      return link.answer(data.question, data.state);
    case "stop":
      await server?.stop();
      send({ kind: "stopped" });
  }
};
