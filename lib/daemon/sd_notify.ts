/**
 * Telling systemd that the daemon is ready, alive, and stopping (sd_notify(3)).
 *
 * @module
 */

/** Where and how often systemd wants to hear of the daemon. */
export interface NotifySettings {
  /** The socket that it listens on (NOTIFY_SOCKET). */
  readonly socket: string;
  /** A directory of the daemon's own, for the socket that it sends from. */
  readonly directory: string;
  /** It wants a sign of life at least this often, in milliseconds (WATCHDOG_USEC); absent for none. */
  readonly watchdog?: number;
}

/**
 * What systemd said in the environment.
 *
 * @param get a variable of the environment.
 * @param directory where to send from, if systemd made no directory.
 * @returns undefined if the daemon was not started by systemd, or nobody waits for it.
 */
export function notifySettings(
  get: (name: string) => string | undefined,
  directory: string,
): NotifySettings | undefined {
  const socket = get("NOTIFY_SOCKET");
  // An abstract socket, whose name begins with @, is out of Deno's reach.
  if (socket === undefined || !socket.startsWith("/")) return undefined;
  const watchdog = Number(get("WATCHDOG_USEC") ?? "") / 1000;
  return {
    socket,
    directory: get("RUNTIME_DIRECTORY")?.split(":")[0] ?? directory,
    ...(watchdog > 0 ? { watchdog } : {}),
  };
}

/** Tells systemd. */
export class Notifier {
  readonly #settings: NotifySettings;
  readonly #path: string;
  #socket: Deno.DatagramConn | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** A notifier that tells nothing yet. */
  constructor(settings: NotifySettings) {
    this.#settings = settings;
    this.#path = `${settings.directory}/notify.${Deno.pid}`;
  }

  /** The daemon answers; from now on signs of life are sent. */
  async ready(status: string): Promise<void> {
    await this.#send(`READY=1\nSTATUS=${status}`);
    const { watchdog } = this.#settings;
    if (watchdog === undefined) return;
    // Sent by the loop that answers Postfix: a daemon that is stuck is silent. Its database may be ill,
    // and that is no reason to start it again.
    this.#timer = setInterval(() => this.#send("WATCHDOG=1"), watchdog / 2);
  }

  /** The daemon was asked to end. */
  async stopping(): Promise<void> {
    clearInterval(this.#timer);
    await this.#send("STOPPING=1");
  }

  /** Nothing is told any more. */
  close(): void {
    clearInterval(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
    try {
      Deno.removeSync(this.#path);
    } catch {
      // It was removed when it was closed.
    }
  }

  async #send(text: string): Promise<void> {
    try {
      this.#socket ??= Deno.listenDatagram({ transport: "unixpacket", path: this.#path });
      const address = { transport: "unixpacket", path: this.#settings.socket } as const;
      await this.#socket.send(new TextEncoder().encode(text), address);
    } catch {
      // Systemd itself tells what it did not hear.
    }
  }
}
