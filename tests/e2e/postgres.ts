/**
 * Debian's PostgreSQL as a private cluster.
 *
 * @module
 */
import { CleanUp, KILL_BELOW, sh } from "../clean_up.ts";
import { freePort } from "../free_port.ts";

async function programs(): Promise<string> {
  const versions = (await sh("ls /usr/lib/postgresql")).trim().split("\n");
  return `/usr/lib/postgresql/${versions.at(-1)}/bin`;
}

export class Postgres {
  readonly #bin: string;
  readonly #directory: string;
  readonly port: number;
  readonly #address: string;

  private constructor(bin: string, directory: string, address: string, port: number) {
    this.#bin = bin;
    this.#directory = directory;
    this.#address = address;
    this.port = port;
  }

  /** Creates and starts a cluster below a directory, with the database `greylag` and its user. */
  static async start(
    directory: string,
    password: string,
    address = "127.0.0.1",
    port = freePort(),
  ): Promise<Postgres> {
    const postgres = new Postgres(await programs(), `${directory}/postgres`, address, port);
    const data = `${postgres.#directory}/data`;
    await sh(
      `mkdir -p ${postgres.#directory} && chmod 755 ${directory} && ` +
        `chown postgres ${postgres.#directory}`,
    );
    await postgres.#run(`${postgres.#bin}/initdb -D ${data} -A trust -U postgres`);
    await sh(
      `echo 'host all greylag 0.0.0.0/0 scram-sha-256' > ${data}/pg_hba.conf && ` +
        `echo 'local all all trust' >> ${data}/pg_hba.conf && chown postgres ${data}/pg_hba.conf`,
    );
    await postgres.up();
    await postgres.sql(`CREATE USER greylag PASSWORD '${password}'`, "postgres");
    await postgres.sql("CREATE DATABASE greylag OWNER greylag", "postgres");
    return postgres;
  }

  /** The value of the setting `share` for its Unix socket. */
  get socketUrl(): string {
    return `postgres:///greylag?host=${this.#directory}&port=${this.port}&user=greylag`;
  }

  /** The value of the setting `share`. */
  get url(): string {
    return this.urlOf(this.#address);
  }

  /** The value of the setting `share` for a name or address of the host. */
  urlOf(host: string): string {
    return `postgres://greylag@${host}:${this.port}/greylag`;
  }

  /** Accepts connections of `greylag` over TLS only, with the certificate that a directory has. */
  async useTls(directory: string): Promise<void> {
    const data = `${this.#directory}/data`;
    await sh(
      `cp ${directory}/server.pem ${data}/server.crt && cp ${directory}/server.key ${data}/ && ` +
        `sed -i 's/^host /hostssl /' ${data}/pg_hba.conf && ` +
        `chown postgres ${data}/server.* && chmod 600 ${data}/server.*`,
    );
    await this.sql("ALTER SYSTEM SET ssl = on", "postgres");
    await this.sql("SELECT pg_reload_conf()", "postgres");
  }

  async #run(command: string): Promise<string> {
    return await sh(`cd / && setpriv --reuid postgres --regid postgres --clear-groups ${command}`);
  }

  async up(): Promise<void> {
    const { port } = this;
    const options = `-c port=${port} -c listen_addresses=${this.#address} ` +
      `-c unix_socket_directories=${this.#directory} -c fsync=off`;
    await this.#run(
      `${this.#bin}/pg_ctl -D ${this.#directory}/data -w -l ${this.#directory}/log ` +
        `-o '${options}' start`,
    );
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#run(`${this.#bin}/pg_ctl -D ${this.#directory}/data -m immediate stop`);
  }

  /** Stops or continues all its processes. */
  async signal(signal: "STOP" | "CONT"): Promise<void> {
    const [pid] = (await Deno.readTextFile(`${this.#directory}/data/postmaster.pid`)).split("\n");
    await sh(`kill -${signal} ${pid} $(pgrep -P ${pid})`);
  }

  async sql(text: string, database = "greylag"): Promise<string> {
    return (await this.#run(
      `psql -q -h ${this.#directory} -p ${this.port} -U postgres -At -d ${database} -c "${text}"`,
    )).trim();
  }

  /** Copies all data to a file. */
  async dump(file: string): Promise<void> {
    await this.#run(
      `pg_dump -h ${this.#directory} -p ${this.port} -U postgres -Fc -f ${file} greylag`,
    );
  }

  /** Replaces all data by that of a file. */
  async restore(file: string): Promise<void> {
    await this.#run(
      `pg_restore -h ${this.#directory} -p ${this.port} -U postgres --clean -d greylag ${file}`,
    );
  }

  async stop(): Promise<void> {
    await this.signal("CONT").catch(() => {});
    await this.kill().catch(() => {});
  }
}

/** Runs a test with a cluster that ends with it. */
export async function withPostgres(
  directory: string,
  password: string,
  test: (postgres: Postgres) => Promise<void>,
  address?: string,
): Promise<void> {
  const cleanUp = new CleanUp(KILL_BELOW, directory);
  try {
    const postgres = await Postgres.start(directory, password, address);
    try {
      await test(postgres);
    } finally {
      await postgres.stop();
    }
  } finally {
    await cleanUp.run();
  }
}
