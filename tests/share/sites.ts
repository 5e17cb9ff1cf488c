/**
 * Daemons that share with each other, for tests.
 *
 * @module
 */
import { assertMatch } from "@std/assert";
import { freePort } from "../free_port.ts";
import { openStore } from "../../lib/store/open.ts";
import { Connection } from "../../lib/store/connection.ts";
import { Daemon } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";

/** A site that is started, stopped and looked at by its name. */
export class SiteDaemon {
  readonly database: string;
  #daemon: Daemon | undefined;

  constructor(
    readonly name: string,
    readonly directory: string,
    readonly port: number,
    readonly args: readonly string[],
    readonly host: {
      readonly namespace?: string;
      readonly address?: string;
      readonly environment?: Readonly<Record<string, string>>;
    } = {},
  ) {
    this.database = `${directory}/${name}/greylag.db`;
  }

  /** The path of its policy endpoint. */
  get socket(): string {
    return `${this.directory}/${this.name}.sock`;
  }

  get daemon(): Daemon {
    return this.#daemon!;
  }

  async start(): Promise<void> {
    const { namespace, address = "127.0.0.1", environment = {} } = this.host;
    this.#daemon = await Daemon.start([
      `--listen=unix:${this.socket}`,
      `--database=${this.database}`,
      `--status=inet:${address}:${this.port}`,
      `--share-name=${this.name}`,
      `--share-password-file=${this.directory}/share.key`,
      "--delay=1s",
      "--delay-suspicious=1s",
      ...this.args,
    ], {
      environment,
      ...(namespace === undefined ? {} : { by: ["/usr/sbin/ip", "netns", "exec", namespace] }),
    });
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = undefined;
  }

  async kill(): Promise<void> {
    await this.#daemon?.kill();
    this.#daemon = undefined;
  }

  /** Runs a command of Greylag on the database. */
  run(...args: string[]): ReturnType<typeof Daemon.run> {
    return Daemon.run([...args, `--database=${this.database}`]);
  }

  /** The records that converged sites have alike, as text. */
  records(): string {
    const connection = new Connection(this.database);
    try {
      const { db } = connection;
      const lines = (text: unknown) => String(text).split("\n").sort();
      const round = (value: unknown) => typeof value === "number" ? Math.round(value * 1e3) : value;
      return JSON.stringify({
        pending: db.prepare("SELECT * FROM pending").all<Record<string, unknown>>()
          .map((row) => ({ ...row, origins: lines(row.origins) })),
        relation: db.prepare(
          "SELECT sender, recipient, relation_origins(origins, sender) AS origins, first_seen, " +
            "last_seen FROM relation_text ORDER BY recipient, sender",
        ).all<Record<string, unknown>>().map((row) => ({ ...row, origins: lines(row.origins) })),
        reputation: db.prepare("SELECT name, total, abandoned, last_seen FROM reputation")
          .values<unknown[]>().map((row) => row.map(round)),
        entries: db.prepare(
          "SELECT id, list, match_on, pattern, note, created, expires FROM entry ORDER BY 2, 3, 4",
        ).values(),
      });
    } finally {
      connection.close();
    }
  }

  store(): ReturnType<typeof openStore> {
    return openStore({ database: this.database, privacy: false });
  }
}

/** Sites that read each other's pages; not started yet. */
export async function peersOf(
  directory: string,
  names: readonly string[],
  ...args: string[]
): Promise<SiteDaemon[]> {
  await Deno.writeTextFile(`${directory}/share.key`, "a secret of the sites of this test\n");
  const ports = names.map(() => freePort());
  return names.map((name, at) => {
    const urls = ports.filter((_, other) => other !== at).map((port) => `http://127.0.0.1:${port}`);
    return new SiteDaemon(name, directory, ports[at]!, [`--share=${urls.join(",")}`, ...args]);
  });
}

/** Starts sites, and stops them however the test ends. */
export async function withSites(
  sites: readonly SiteDaemon[],
  test: () => Promise<void>,
): Promise<void> {
  try {
    for (const site of sites) await site.start();
    await test();
  } finally {
    for (const site of sites) await site.stop();
  }
}

/** Sites that share one database; not started yet. */
export async function databaseSites(
  directory: string,
  names: readonly string[],
  url: string,
  password: string,
  ...args: string[]
): Promise<SiteDaemon[]> {
  await Deno.writeTextFile(`${directory}/share.key`, `${password}\n`);
  return names.map((name) =>
    new SiteDaemon(name, directory, freePort(), [`--share=${url}`, ...args])
  );
}

export const LIMITS = { timeout: 30_000 };

/** A message that the first site defers passes at the second, and all sites get to know it. */
export async function retryElsewhere(sites: readonly SiteDaemon[]): Promise<void> {
  const [one, two] = sites as [SiteDaemon, SiteDaemon];
  await two.daemon.waitFor(`sharing with ${one.name}`);
  assertMatch(await one.daemon.ask(), /DEFER_IF_PERMIT/);
  await converged(sites);
  await pause(1200);
  assertMatch(await two.daemon.ask(), /PREPEND/);
  await converged(sites);
}

/** Waits until a message is known or allowed at a site. */
export async function untilKnown(
  what: string,
  { daemon }: SiteDaemon,
  ...message: Parameters<Daemon["ask"]>
): Promise<void> {
  await eventually(what, async () => /DUNNO/.test(await daemon.ask(...message)), LIMITS);
}

/** Waits until all sites have the same records. */
export async function converged(sites: readonly SiteDaemon[], limits = LIMITS): Promise<void> {
  await eventually(
    "all databases are equal",
    () => new Set(sites.map((site) => site.records())).size === 1,
    limits,
    () => sites.map((site) => `${site.name} ${site.records()}\n${site.daemon.log}`).join("\n"),
  );
}
