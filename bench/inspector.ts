/**
 * CPU profiles of a Deno process that runs with `--inspect`.
 *
 * @module
 */
import { eventually } from "../tests/eventually.ts";
import type { Profile } from "./budget.ts";

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const message: Message = JSON.parse(data);
      if (message.id === undefined) return;
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    };
  }

  /** Connects to the main thread of the process that listens on a port of 127.0.0.1. */
  static async connect(port: number): Promise<Inspector> {
    let url = "";
    await eventually(`an inspector listens on port ${port}`, async () => {
      const targets = await fetch(`http://127.0.0.1:${port}/json`)
        .then((response) => response.json(), () => []);
      url = targets.find(({ title }: { title: string }) => !/worker/i.test(title))
        ?.webSocketDebuggerUrl ?? "";
      return url !== "";
    });
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`cannot connect to the inspector at ${url}`));
    });
    return new Inspector(socket);
  }

  async #call(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Message>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await promise;
    if (error !== undefined) throw new Error(`inspector: ${method}: ${error.message}`);
    return result;
  }

  /** Profiles the process while a body runs. */
  async profile(body: () => Promise<void>, intervalMicroseconds = 200): Promise<Profile> {
    await this.#call("Profiler.enable");
    await this.#call("Profiler.setSamplingInterval", { interval: intervalMicroseconds });
    await this.#call("Profiler.start");
    await body();
    const { profile } = await this.#call("Profiler.stop") as { readonly profile: Profile };
    return profile;
  }

  close(): void {
    this.#socket.close();
  }
}
