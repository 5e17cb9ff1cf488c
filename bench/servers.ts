/**
 * The servers that are measured: the reference, Greylag and Debian's postgrey.
 *
 * @module
 */
import { getAvailablePort } from "@std/net/get-available-port";
import { RUN_FLAGS } from "../release/compile.ts";
import { pause } from "../tests/eventually.ts";

const TICKS_PER_SECOND = 100;
const START_LIMIT = 30_000;
const REQUEST = new TextEncoder().encode("request=smtpd_access_policy\n\n");

/** A policy server in a process of its own, on a port of 127.0.0.1. */
export class Server {
  readonly name: string;
  readonly port: number;
  /** Time from the start to the first answer, in milliseconds. */
  readonly startTime: number;
  readonly #process: Deno.ChildProcess;
  readonly #cleanUp: () => Promise<void>;

  private constructor(
    name: string,
    port: number,
    startTime: number,
    process: Deno.ChildProcess,
    cleanUp: () => Promise<void>,
  ) {
    this.name = name;
    this.port = port;
    this.startTime = startTime;
    this.#process = process;
    this.#cleanUp = cleanUp;
  }

  /**
   * Starts a command and waits for its first answer.
   *
   * @param log the file that receives its standard error.
   * @param cleanUp is called after its end.
   * @throws {Error} if the process ends or does not answer.
   */
  static async start(
    name: string,
    command: readonly string[],
    port: number,
    log: string,
    cleanUp: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Server> {
    const begin = performance.now();
    const process = new Deno.Command("/bin/sh", {
      args: ["-c", 'log=$1; shift; exec "$@" 2>"$log"', "sh", log, ...command],
      stdin: "null",
      stdout: "null",
    }).spawn();
    let isRunning = true;
    process.status.then(() => isRunning = false);
    while (isRunning && performance.now() - begin < START_LIMIT) {
      if (await answers(port)) {
        return new Server(name, port, performance.now() - begin, process, cleanUp);
      }
      await pause(1);
    }
    if (isRunning) process.kill("SIGKILL");
    throw new Error(`${name} does not answer on port ${port}: ${await Deno.readTextFile(log)}`);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Processor time so far, user and system, of all threads, in microseconds. */
  get cpuTime(): number {
    return cpuTimeIn(`/proc/${this.pid}/stat`);
  }

  /** The part of it in the kernel. */
  get kernelTime(): number {
    return timesIn(`/proc/${this.pid}/stat`).system;
  }

  /** Processor time by the names of the threads; the main thread is `main`. */
  get threadCpuTimes(): ReadonlyMap<string, number> {
    const times = new Map<string, number>();
    for (const { name: id } of Deno.readDirSync(`/proc/${this.pid}/task`)) {
      const path = `/proc/${this.pid}/task/${id}`;
      try {
        const name = Number(id) === this.pid
          ? "main"
          : Deno.readTextFileSync(`${path}/comm`).trim();
        times.set(name, (times.get(name) ?? 0) + cpuTimeIn(`${path}/stat`));
      } catch {
        // The thread has ended.
      }
    }
    return times;
  }

  async stop(): Promise<void> {
    try {
      this.#process.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.#process.status;
    await this.#cleanUp();
  }
}

/** See proc_pid_stat(5). */
function timesIn(path: string): { readonly user: number; readonly system: number } {
  const fields = Deno.readTextFileSync(path).split(") ")[1]!.split(" ");
  const [user, system] = [fields[11], fields[12]].map((ticks) =>
    Number(ticks) / TICKS_PER_SECOND * 1e6
  ) as [number, number];
  return { user, system };
}

function cpuTimeIn(path: string): number {
  const { user, system } = timesIn(path);
  return user + system;
}

async function answers(port: number): Promise<boolean> {
  try {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(REQUEST);
    return await conn.read(new Uint8Array(256)) !== null;
  } catch {
    return false;
  }
}

const RUN = [Deno.execPath(), "run", "--no-check"];

export function startReference(directory: string): Promise<Server> {
  const port = getAvailablePort();
  const program = new URL("reference.ts", import.meta.url).pathname;
  const command = [...RUN, "--allow-net", program, `${port}`];
  return Server.start("reference", command, port, `${directory}/reference.log`);
}

/** The command that runs Greylag: an executable, or a `main.ts` with the flags of the executable. */
export function greylagCommand(program: string, flags: readonly string[] = []): string[] {
  return program.endsWith(".ts") ? [...RUN, ...RUN_FLAGS, ...flags, program] : [program];
}

/** The `main.ts` of this source. */
export const GREYLAG_SOURCE = new URL("../main.ts", import.meta.url).pathname;

export interface GreylagOptions {
  readonly program: string;
  /** Options of `deno run`, for a source. */
  readonly flags?: readonly string[];
  /** Options of `greylag serve` besides its port, database and delay. */
  readonly args: readonly string[];
}

/** The status page as by default, on a free port. */
const freeStatus = () => `--status=inet:127.0.0.1:${getAvailablePort()}`;

/** Starts Greylag with a database in a directory; a first retry is accepted after a second. */
export function startGreylag(
  name: string,
  { program, flags, args }: GreylagOptions,
  directory: string,
): Promise<Server> {
  const port = getAvailablePort();
  const command = [
    ...greylagCommand(program, flags),
    "serve",
    `--listen=inet:127.0.0.1:${port}`,
    `--database=${directory}/${name}.db`,
    "--delay=1s",
    "--delay-suspicious=1s",
    ...(args.some((arg) => arg.startsWith("--status")) ? [] : [freeStatus()]),
    ...args,
  ];
  return Server.start(name, command, port, `${directory}/${name}.log`);
}

/** A file system in memory. */
const MEMORY = "/dev/shm";

/**
 * Starts postgrey with a database beside Greylag's. postgrey waits for the disk with each request;
 * `inMemory` shows its speed without.
 *
 * @throws {Error} without Debian's package postgrey.
 */
export async function startPostgrey(directory: string, inMemory = false): Promise<Server> {
  const port = getAvailablePort();
  await Deno.chmod(directory, 0o755);
  const dir = inMemory ? MEMORY : directory;
  const database = await Deno.makeTempDir({ dir, prefix: "greylag-bench-postgrey-" });
  const removeDatabase = () => Deno.remove(database, { recursive: true });
  try {
    const { success } = await new Deno.Command("chown", { args: ["postgrey", database] }).output();
    if (!success) throw new Error("cannot start postgrey: install Debian's package postgrey");
    const options = [`--inet=127.0.0.1:${port}`, `--dbdir=${database}`, "--delay=1"];
    const command = ["/usr/sbin/postgrey", ...options, "--hostname=mx"];
    const log = `${directory}/postgrey.log`;
    return await Server.start("postgrey", command, port, log, removeDatabase);
  } catch (error) {
    await removeDatabase();
    throw error;
  }
}
