/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The entry point of the status page's thread.
 *
 * @module
 */
import { messageOf } from "../../text/error_message.ts";
import { StatusServer } from "../http/server.ts";
import { DaemonLink } from "./daemon_link.ts";
import type { ToDaemon, ToPage } from "./messages.ts";

const send = (message: ToDaemon) => self.postMessage(message);
const daemon = new DaemonLink(send);
let server: StatusServer | undefined;

self.onmessage = async ({ data }: MessageEvent<ToPage>) => {
  switch (data.kind) {
    case "start":
      try {
        const idleness = { afterMs: data.idleMs, onIdle: () => send({ kind: "idle" }) };
        server = await StatusServer.start(data.settings, daemon, idleness, data.remembered);
        send({ kind: "listening" });
      } catch (error) {
        send({ kind: "failed", why: messageOf(error) });
      }
      return;
    case "configure":
      return server?.configure(data.settings);
    case "forwarded":
      server?.forwarded(data.port, data.address);
      return send({ kind: "forwarded", port: data.port });
    case "reopen":
      return server?.reopen();
    case "report":
      return daemon.receive(data.request, data.report);
    case "stop":
      await server?.stop();
      send({ kind: "stopped" });
  }
};
