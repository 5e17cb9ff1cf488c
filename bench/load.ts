/**
 * Compiles and runs the load generator, bench/load.c.
 *
 * @module
 */
import { KNOWN_TRIPLETS, type Mix } from "./traffic.ts";

const SOURCE = new URL("load.c", import.meta.url).pathname;

/** The result of one run. Latencies are in milliseconds. */
export interface Measurement {
  readonly requests: number;
  /** Replies a second. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the generator for one request, in microseconds. */
  readonly generatorCpu: number;
  /** Number of replies by the first word of the action. */
  readonly answers: Readonly<Record<string, number>>;
}

/** A run ends after `seconds`, or after `count` requests where it is given. */
export interface Load {
  readonly mix: Mix;
  readonly connections: number;
  readonly seconds?: number;
  readonly count?: number;
  /** Requests a second; absent for as many as the server answers. */
  readonly rate?: number;
  /** Number of known triplets; a power of ten. */
  readonly known?: number;
}

const decoder = new TextDecoder();

export class LoadGenerator {
  readonly #program: string;
  #nextId = 0;

  private constructor(program: string) {
    this.#program = program;
  }

  /**
   * Compiles the generator into a directory.
   *
   * @throws {Error} without a working C compiler.
   */
  static async compile(directory: string): Promise<LoadGenerator> {
    const program = `${directory}/load`;
    const args = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE];
    let output: Deno.CommandOutput;
    try {
      output = await new Deno.Command("cc", { args, stderr: "piped" }).output();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Error(
        `cannot compile ${SOURCE}: no program cc in PATH. Install a C compiler (Debian: gcc libc6-dev).`,
      );
    }
    if (output.success) return new LoadGenerator(program);
    throw new Error(
      `cannot compile ${SOURCE}: ${decoder.decode(output.stderr).trim()}\n` +
        "The headers of the C library are in Debian's package libc6-dev.",
    );
  }

  /**
   * Asks a server on 127.0.0.1. No two runs of one generator have a new triplet in common.
   *
   * @throws {Error} if the server cannot be reached or does not reply with an action.
   */
  async run(port: number, load: Load): Promise<Measurement> {
    const { mix, connections, seconds, count = 0, rate = 0, known = KNOWN_TRIPLETS } = load;
    const numbers = [this.#nextId, count, rate, known].map(String);
    const { success, stdout, stderr } = await new Deno.Command(this.#program, {
      args: ["run", `${port}`, `${connections}`, `${seconds ?? 0}`, mix, ...numbers],
      stdout: "piped",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(decoder.decode(stderr).trim());
    const { nextId, ...measurement }: Measurement & { readonly nextId: number } = JSON.parse(
      decoder.decode(stdout),
    );
    this.#nextId = nextId;
    return measurement;
  }

  /**
   * The generator's rate against a server in C that answers DUNNO without parsing the request, for this
   * many seconds.
   */
  async ownRate(connections: number, seconds: number): Promise<Measurement> {
    const server = new Deno.Command(this.#program, { args: ["echo"], stdout: "piped" }).spawn();
    try {
      const reader = server.stdout.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      const port = Number(decoder.decode(value));
      return await this.run(port, { mix: "new", connections, seconds });
    } finally {
      server.kill();
      await server.status;
    }
  }
}
