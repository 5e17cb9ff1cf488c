/**
 * Greylag in a process of its own: the executable named by `GREYLAG_EXECUTABLE`, or the source.
 *
 * @module
 */
import { RUN_FLAGS } from "../release/compile.ts";
import { eventually } from "./eventually.ts";
import { type Attributes, PolicyClient } from "./policy_client.ts";

const main = new URL("../main.ts", import.meta.url).pathname;

function greylag(args: readonly string[], source?: string): [program: string, args: string[]] {
  const executable = Deno.env.get("GREYLAG_EXECUTABLE");
  if (executable !== undefined && source === undefined) return [executable, [...args]];
  return [Deno.execPath(), ["run", "--no-check", ...RUN_FLAGS, source ?? main, ...args]];
}

/** Sets JOURNAL_STREAM as systemd does: device and inode of standard error. */
function underJournald([program, args]: [string, string[]]): [string, string[]] {
  const script = 'JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr) exec "$@"';
  return ["/bin/sh", ["-c", `export JOURNAL_STREAM; ${script}`, "sh", program, ...args]];
}

/** Runs a body with a temporary directory. */
export async function inDirectory<T>(body: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "greylag-test-" });
  try {
    return await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** True if a port of 127.0.0.1 accepts connections. */
export async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

export function untilListening(port: number): Promise<void> {
  return eventually(`port ${port} accepts connections`, () => isListening(port));
}

/** The resident memory of a process, in MB. */
export function memoryOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

export interface StartOptions {
  readonly journald?: boolean;
  /** Another program and its arguments, which start it. */
  readonly by?: readonly string[];
  /** The first module of another source, which is run instead of an executable. */
  readonly source?: string | undefined;
  /** The whole environment, besides HOME, DENO_DIR and TZ. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The result of a command of Greylag. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Keeps the host's whitelist files of postgrey out of tests that use postgrey's options. */
const NO_LIST_FILES = { GREYLAG_WHITELIST_CLIENTS: "", GREYLAG_WHITELIST_RECIPIENTS: "" };

/** A running daemon. */
export class Daemon {
  /** Standard error so far. */
  log = "";
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #endpoint = "";

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#reading = this.#read();
  }

  /** Starts `greylag serve`, without a status page and SPF unless the arguments name them. */
  static start(args: readonly string[], options?: StartOptions): Promise<Daemon> {
    const mentions = (name: string) => args.some((arg) => arg.startsWith(name));
    // Tests run side by side, and only one of them could have the default port.
    const status = mentions("--status") ? [] : ["--status=off"];
    // The DNS servers of the host are none of a test's business.
    const spf = mentions("--spf") || mentions("--dns-servers") ? [] : ["--spf=off"];
    return Daemon.startCommand(["serve", ...status, ...spf, ...args], {
      ...options,
      environment: { ...NO_LIST_FILES, ...options?.environment },
    });
  }

  /** Starts Greylag with exactly these arguments and waits until it listens. */
  static async startCommand(
    args: readonly string[],
    { journald = false, by = [], source, environment = {} }: StartOptions = {},
  ): Promise<Daemon> {
    const command = greylag(args, source);
    const [ownProgram, ownArgs] = journald ? underJournald(command) : command;
    const [program, ...all] = [...by, ownProgram, ...ownArgs];
    const process = new Deno.Command(program!, {
      args: all,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      clearEnv: true,
      env: {
        HOME: Deno.env.get("HOME") ?? "/",
        DENO_DIR: Deno.env.get("DENO_DIR") ?? "",
        // Of the local times that a test compares.
        TZ: Deno.env.get("TZ") ?? "",
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
    return greylag(args);
  }

  /** Runs a command of Greylag to its end. */
  static async run(args: readonly string[], input?: string): Promise<CommandResult> {
    const [program, all] = greylag(args);
    const child = new Deno.Command(program, {
      args: all,
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (input !== undefined) {
      const writer = child.stdin.getWriter();
      // The command may end before it has read everything.
      await writer.write(new TextEncoder().encode(input)).catch(() => {});
      await writer.close().catch(() => {});
    }
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  }

  /** Resident memory, in MB. */
  get memory(): number {
    return memoryOf(this.pid);
  }

  get pid(): number {
    return this.#process.pid;
  }

  async #read(): Promise<void> {
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      this.log += text;
    }
  }

  /** The decisions in the log by reason. */
  countReasons(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [, reason] of this.log.matchAll(/ action=\S+, reason=([a-z-]+)/g)) {
      counts[reason!] = (counts[reason!] ?? 0) + 1;
    }
    return counts;
  }

  /** Waits until the log contains a text. */
  async waitFor(text: string | RegExp): Promise<RegExpMatchArray> {
    let found: RegExpMatchArray | null = null;
    await eventually(
      `the log contains ${text}`,
      () => (found = this.log.match(text)) !== null,
      {},
      () => this.log,
    );
    return found!;
  }

  /** Sends one request over a new connection; empty if there is no reply. */
  async ask(attributes: Attributes = {}): Promise<string> {
    const [kind, ...rest] = this.#endpoint.split(":");
    using client = new PolicyClient(
      kind === "unix"
        ? await Deno.connect({ transport: "unix", path: rest.join(":") })
        : await Deno.connect({ hostname: "127.0.0.1", port: Number(rest.at(-1)) }),
    );
    return await client.ask(attributes) ?? "";
  }

  /** Has the configuration reread, and waits for a new line of the log that contains a text. */
  async reload(text: string): Promise<void> {
    const count = () => this.log.split(text).length;
    const before = count();
    this.#process.kill("SIGHUP");
    await eventually(`the log contains ${text} again`, () => count() > before, {}, () => this.log);
  }

  /** @returns the exit code. */
  async stop(signal: "SIGHUP" | "SIGINT" | "SIGTERM" = "SIGTERM"): Promise<number> {
    this.#process.kill(signal);
    const { code } = await this.#process.status;
    await this.#reading;
    return code;
  }

  /** Ends the process with SIGKILL. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#reading;
  }
}
