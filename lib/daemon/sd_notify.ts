/**
 * Notifications to systemd: ready, alive, stopping (sd_notify(3)).
 *
 * @module
 */

export interface NotifySettings {
  /** The path of systemd's socket (NOTIFY_SOCKET). */
  readonly socket: string;
  /** A writable directory, for the socket to send from. */
  readonly directory: string;
  /** The watchdog's period in milliseconds (WATCHDOG_USEC); absent for none. */
  readonly watchdog?: number;
}

/**
 * @param get reads a variable of the environment.
 * @param directory is used if systemd made no runtime directory.
 * @returns undefined if systemd expects no notification.
 */
export function notifySettings(
  get: (name: string) => string | undefined,
  directory: string,
): NotifySettings | undefined {
  const socket = get("NOTIFY_SOCKET");
  // Deno cannot reach abstract sockets, whose name begins with @.
  if (socket === undefined || !socket.startsWith("/")) return undefined;
  const watchdog = Number(get("WATCHDOG_USEC") ?? "") / 1000;
  return {
    socket,
    directory: get("RUNTIME_DIRECTORY")?.split(":")[0] ?? directory,
    ...(watchdog > 0 ? { watchdog } : {}),
  };
}

export class Notifier {
  readonly #settings: NotifySettings;
  readonly #path: string;
  #socket: Deno.DatagramConn | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(settings: NotifySettings) {
    this.#settings = settings;
    this.#path = `${settings.directory}/notify.${Deno.pid}`;
  }

  /** The daemon answers Postfix; starts the watchdog's notifications. */
  async ready(status: string): Promise<void> {
    await this.#send(`READY=1\nSTATUS=${status}`);
    const { watchdog } = this.#settings;
    if (watchdog === undefined) return;
    // Sent by the event loop that answers Postfix, so that a daemon that hangs is silent. A database that
    // fails is no reason for a restart.
    this.#timer = setInterval(() => this.#send("WATCHDOG=1"), watchdog / 2);
  }

  async stopping(): Promise<void> {
    clearInterval(this.#timer);
    await this.#send("STOPPING=1");
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
    try {
      Deno.removeSync(this.#path);
    } catch {
      // close() removed it.
    }
  }

  async #send(text: string): Promise<void> {
    try {
      this.#socket ??= Deno.listenDatagram({ transport: "unixpacket", path: this.#path });
      const address = { transport: "unixpacket", path: this.#settings.socket } as const;
      await this.#socket.send(new TextEncoder().encode(text), address);
    } catch {
      // systemd reports a missing notification itself.
    }
  }
}
