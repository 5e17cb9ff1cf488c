/**
 * A Greylag in a process of its own, for tests: the executable named by `GREYLAG_EXECUTABLE`, or the
 * source.
 *
 * @module
 */

import { RUN_FLAGS } from "../release/compile.ts";

const DEFAULTS = {
  request: "smtpd_access_policy",
  protocol_state: "RCPT",
  client_address: "192.0.2.10",
  client_name: "unknown",
  sender: "alice@example.org",
  recipient: "bob@example.net",
};

const main = new URL("../main.ts", import.meta.url).pathname;

function command(args: readonly string[]): [string, string[]] {
  const executable = Deno.env.get("GREYLAG_EXECUTABLE");
  if (executable !== undefined) return [executable, [...args]];
  return [Deno.execPath(), ["run", "--no-check", ...RUN_FLAGS, main, ...args]];
}

/** What systemd does: the process is told which stream its standard error is. */
function asJournald([program, args]: [string, string[]]): [string, string[]] {
  const script = 'JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr) exec "$@"';
  return ["/bin/sh", ["-c", `export JOURNAL_STREAM; ${script}`, "sh", program, ...args]];
}

/** Runs a body with a directory that is removed afterwards. */
export async function inDirectory<T>(body: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "greylag-test-" });
  try {
    return await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Waits until somebody listens on a port of this machine. */
export async function untilListening(port: number): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`nobody listens on port ${port}`);
}

/** The resident memory of a process, in MB. */
export function memoryOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** A running daemon. */
export class Daemon {
  /** What it wrote to standard error so far. */
  log = "";
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #endpoint = "";

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#reading = this.#read();
  }

  /** Starts `greylag serve` and waits until it listens. */
  static start(
    args: readonly string[],
    under: "nobody" | "journald" = "nobody",
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Daemon> {
    // Tests run side by side, and only one of them could have the usual port.
    const status = args.some((arg) => arg.startsWith("--status")) ? [] : ["--status=off"];
    return Daemon.startBare(["serve", ...status, ...args], under, environment);
  }

  /** Starts Greylag with just these arguments and waits until it listens. */
  static async startBare(
    args: readonly string[],
    under: "nobody" | "journald" = "nobody",
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Daemon> {
    const [program, all] = under === "journald" ? asJournald(command(args)) : command(args);
    const process = new Deno.Command(program, {
      args: all,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      // Nothing of the test's own environment: what the daemon needs is in its arguments.
      clearEnv: true,
      env: {
        HOME: Deno.env.get("HOME") ?? "/",
        DENO_DIR: Deno.env.get("DENO_DIR") ?? "",
        ...environment,
      },
    }).spawn();
    const daemon = new Daemon(process);
    const listening = await daemon.waitFor(/listening on (\S+?)["}]*\n/);
    daemon.#endpoint = listening[1]!;
    return daemon;
  }

  /** The program and its arguments that run Greylag. */
  static command(args: readonly string[]): [program: string, args: string[]] {
    return command(args);
  }

  /** Runs Greylag to its end, with a text on standard input or none. */
  static async run(
    args: readonly string[],
    input?: string,
  ): Promise<{ code: number; out: string; err: string }> {
    const [program, all] = command(args);
    const child = new Deno.Command(program, {
      args: all,
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (input !== undefined) {
      const writer = child.stdin.getWriter();
      // It may end before it has read everything.
      await writer.write(new TextEncoder().encode(input)).catch(() => {});
      await writer.close().catch(() => {});
    }
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  }

  /** Its resident memory, in MB. */
  get memory(): number {
    return memoryOf(this.pid);
  }

  /** The id of its process. */
  get pid(): number {
    return this.#process.pid;
  }

  async #read(): Promise<void> {
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      this.log += text;
    }
  }

  /** Waits until the log holds a text. */
  async waitFor(what: string | RegExp): Promise<RegExpMatchArray> {
    for (let turn = 0; turn < 600; turn++) {
      const found = this.log.match(what);
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`the log does not hold ${what}:\n${this.log}`);
  }

  /** Asks one request over a connection of its own. */
  async ask(given: Record<string, string> = {}): Promise<string> {
    const [kind, ...rest] = this.#endpoint.split(":");
    using conn = kind === "unix"
      ? await Deno.connect({ transport: "unix", path: rest.join(":") })
      : await Deno.connect({ hostname: "127.0.0.1", port: Number(rest.at(-1)) });
    const lines = Object.entries({ ...DEFAULTS, ...given }).map(([name, value]) =>
      `${name}=${value}\n`
    );
    await conn.write(new TextEncoder().encode(`${lines.join("")}\n`));
    const buffer = new Uint8Array(4096);
    const count = await conn.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  }

  /** Has it reread its configuration, and waits for what it says. */
  async reload(saying: string): Promise<void> {
    const before = this.log.split(saying).length;
    this.#process.kill("SIGHUP");
    while (this.log.split(saying).length === before) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Ends it and returns its exit code. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<number> {
    this.#process.kill(signal);
    const { code } = await this.#process.status;
    await this.#reading;
    return code;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#reading;
  }
}
