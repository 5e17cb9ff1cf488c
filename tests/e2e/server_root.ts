import { assertEquals } from "@std/assert";
import { Daemon } from "../daemon.ts";
import { eventually } from "../eventually.ts";
import { recipe } from "./recipe.ts";
import { ScratchRoot } from "./scratch_root.ts";

/** A client, by the address that it sends from and its verified name. */
export const CLIENT = { address: "192.0.2.10", name: "mail.example.org" };

/** A scratch root with another mail server of Debian and Greylag, in a network of their own. */
export class ServerRoot {
  readonly root: ScratchRoot;
  readonly #policy: string[];
  #daemon: Deno.ChildProcess | undefined;

  private constructor(root: ScratchRoot) {
    this.root = root;
    this.#policy = [
      ...["serve", "--inet=127.0.0.1:10023", "--status=off", "--spf=off"],
      ...["--database", `${root.path}/tmp/greylag.db`, "--delay=2s", "--delay-suspicious=2s"],
      ...["--whitelist-clients=", "--whitelist-recipients="],
    ];
  }

  /** Installs packages, in place of the host's mail server. */
  static async make(...packages: readonly string[]): Promise<ServerRoot> {
    const root = await ScratchRoot.make({ addresses: [CLIENT.address] });
    const server = new ServerRoot(root);
    try {
      await root.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
      const install = `apt-get -o Acquire::Retries=3 install -y -q --no-install-recommends ${
        packages.join(" ")
      }`;
      // The lists of packages may be old.
      await server.must(
        `export DEBIAN_FRONTEND=noninteractive; ${install} || { apt-get -o Acquire::Retries=3 update -q && ${install}; }`,
        { isOnline: true },
      );
      await server.must("useradd -m bob");
      await server.#startDns();
      await Deno.copyFile("tests/e2e/deliver.pl", `${root.path}/tmp/deliver.pl`);
      return server;
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a name server that knows the client only. */
  async #startDns(): Promise<void> {
    const reversed = CLIENT.address.split(".").reverse().join(".");
    const files = {
      "/tmp/knot.conf": `server:
  rundir: /tmp
  listen: 127.0.0.1@53
database:
  storage: /tmp
zone:
  - domain: "."
    file: /tmp/zone
`,
      "/tmp/zone": `$TTL 300
. SOA ns.invalid. admin.invalid. 1 3600 600 86400 120
. NS ns.invalid.
${reversed}.in-addr.arpa. PTR ${CLIENT.name}.
${CLIENT.name}. A ${CLIENT.address}
`,
      "/etc/resolv.conf": "nameserver 127.0.0.1\n",
    };
    for (const [path, text] of Object.entries(files)) await this.root.write(path, text);
    await this.must("knotd -c /tmp/knot.conf -d");
  }

  async must(command: string, options: { isOnline?: boolean } = {}): Promise<string> {
    const { code, output } = await this.root.run(command, options);
    assertEquals(code, 0, `${command}\n${output}`);
    return output;
  }

  /** Copies a code block of a document to the path that the document names. */
  async follow(document: string, path: string): Promise<void> {
    await Deno.writeTextFile(this.root.path + path, await recipe(document, `\`${path}\`:`));
  }

  async startGreylag(): Promise<void> {
    this.#daemon = this.root.command(Daemon.command(this.#policy)).spawn();
    await this.#untilListening(10_023);
  }

  /** Runs a command on the daemon's database; returns its output. */
  async greylag(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await Daemon.run([
      ...args,
      `--database=${this.root.path}/tmp/greylag.db`,
    ]);
    assertEquals(code, 0, err);
    return out;
  }

  async stopGreylag(): Promise<void> {
    this.#daemon?.kill("SIGTERM");
    await this.#daemon?.output();
    this.#daemon = undefined;
  }

  async #untilListening(port: number): Promise<void> {
    await eventually(
      `port ${port} accepts connections`,
      async () => (await this.root.run(`ss -Hltn 'sport = :${port}' | grep -q .`)).code === 0,
      { period: 100 },
    );
  }

  /** Waits until the mail server accepts connections on port 25. */
  untilOpen(): Promise<void> {
    return this.#untilListening(25);
  }

  /** Tries to deliver from {@linkcode CLIENT} to bob; returns the replies, one a line. */
  async deliver(sender: string, address = CLIENT.address): Promise<string> {
    const { output } = await this.root.run(
      `perl /tmp/deliver.pl --from-address=${address} '${sender}' bob@example.net`,
    );
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopGreylag();
    await this.root[Symbol.asyncDispose]();
  }
}
