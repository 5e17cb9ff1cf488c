import { freePort } from "../free_port.ts";
import { untilListening } from "../daemon.ts";

const SOA = "@ 300 SOA ns.invalid. admin.invalid. 1 3600 600 86400 120\n@ 300 NS ns.invalid.\n";

/** Debian's DNS server knot with zones of a test. */
export class Knot {
  readonly #process: Deno.ChildProcess;
  readonly #directory: string;
  /** On 127.0.0.1. */
  readonly port: number;

  private constructor(process: Deno.ChildProcess, directory: string, port: number) {
    this.#process = process;
    this.#directory = directory;
    this.port = port;
  }

  /** @param zones the lines of each zone file, without SOA and NS records. */
  static async start(zones: Readonly<Record<string, string>>, port?: number): Promise<Knot> {
    const directory = await Deno.makeTempDir({ prefix: "greylag-knot-" });
    const listen = port ?? freePort();
    let config = `server:\n  rundir: "${directory}"\n  listen: 127.0.0.1@${listen}\n` +
      `database:\n  storage: "${directory}"\nlog:\n  - target: stderr\n    any: error\nzone:\n`;
    for (const [domain, lines] of Object.entries(zones)) {
      const file = `${directory}/${domain}.zone`;
      await Deno.writeTextFile(file, `$ORIGIN ${domain}.\n$TTL 300\n${SOA}${lines}\n`);
      config += `  - domain: ${domain}\n    file: "${file}"\n`;
    }
    await Deno.writeTextFile(`${directory}/knot.conf`, config);
    const process = new Deno.Command("/usr/sbin/knotd", {
      args: ["-c", `${directory}/knot.conf`],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const server = new Knot(process, directory, listen);
    try {
      await untilListening(listen);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Replaces the zones; returns the server that answers from now on, at the same port. */
  async serve(zones: Readonly<Record<string, string>>): Promise<Knot> {
    await this.stop();
    return Knot.start(zones, this.port);
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await Deno.remove(this.#directory, { recursive: true });
  }
}
