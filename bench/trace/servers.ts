/** Policy servers as processes: Greylag, Debian's postgrey and sqlgrey; and none. */
import { getAvailablePort } from "@std/net/get-available-port";
import { pause } from "../../tests/eventually.ts";
import { type Attributes, PolicyClient } from "../../tests/policy_client.ts";
import { NameServer } from "./dns.ts";
import { BLOCKLIST, type Trace } from "./model.ts";
import type { Answer, Attempt, Policy } from "./play.ts";

export const SERVER_NAMES = ["none", "postgrey", "sqlgrey", "greylag"] as const;
export type ServerName = typeof SERVER_NAMES[number];

export interface StartOptions {
  /** Program and first arguments of Greylag. */
  readonly greylag: readonly string[];
  /** Further options of `greylag serve`. */
  readonly greylagOptions: readonly string[];
  /** Sets the DNSBL of the trace as `dns_lists` of Greylag. */
  readonly dnsLists: boolean;
  /** A directory of its own, which exists. */
  readonly directory: string;
}

export interface PolicyServer extends Policy {
  stop(): Promise<void>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** No greylisting. */
export const NO_SERVER: PolicyServer = {
  seesOutgoing: false,
  setTime() {},
  ask: () => Promise.resolve("pass"),
  stop: () => Promise.resolve(),
};

/** The attributes that Postfix sends at RCPT TO (SMTPD_POLICY_README). */
function attributesOf({ message, host, recipient, attempt }: Attempt): Attributes {
  return {
    request: "smtpd_access_policy",
    protocol_state: "RCPT",
    protocol_name: "ESMTP",
    client_address: host.address,
    client_name: host.name,
    reverse_client_name: host.name,
    helo_name: host.helo,
    sender: message.sender,
    recipient,
    recipient_count: "0",
    instance: `${message.id.toString(16)}.${attempt.toString(16)}.0`,
    queue_id: "",
    size: "4000",
    ...(message.kind === "outgoing"
      ? { sasl_method: "PLAIN", sasl_username: message.sender }
      : { sasl_method: "", sasl_username: "" }),
  };
}

/** The answer that an action of access(5) means. */
export function answerOf(action: string): Answer {
  const word = action.split(" ", 1)[0]!.toUpperCase();
  if (["DUNNO", "OK", "PREPEND"].includes(word)) return "pass";
  if (/^4\d\d$/.test(word) || word.startsWith("DEFER")) return "defer";
  if (/^5\d\d$/.test(word) || word === "REJECT") return "reject";
  throw new Error(`unexpected action: ${action}`);
}

/** A process that speaks the policy protocol, and one connection to it. */
class PolicyProcess {
  readonly #process: Deno.ChildProcess;
  readonly #client: PolicyClient;

  private constructor(process: Deno.ChildProcess, client: PolicyClient) {
    this.#process = process;
    this.#client = client;
  }

  static async start(
    [program, ...args]: readonly string[],
    port: number,
    log: string,
    env: Record<string, string> = {},
  ): Promise<PolicyProcess> {
    const process = new Deno.Command("sh", {
      args: ["-c", 'log=$1; shift; exec "$@" >"$log" 2>&1', "sh", log, program!, ...args],
      stdin: "null",
      env: { TZ: "UTC", ...env },
    }).spawn();
    let hasEnded = false;
    process.status.then(() => hasEnded = true);
    for (let tries = 0; tries < 600 && !hasEnded; tries++) {
      try {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port });
        conn.setNoDelay(true);
        return new PolicyProcess(process, new PolicyClient(conn));
      } catch {
        await pause(50);
      }
    }
    if (!hasEnded) process.kill("SIGKILL");
    await process.status;
    const written = await Deno.readTextFile(log).catch(() => "");
    throw new Error(`${program} does not answer on port ${port}: ${written.slice(-500)}`);
  }

  async ask(attributes: Attributes): Promise<Answer> {
    const reply = await this.#client.ask(attributes);
    if (reply === undefined) throw new Error("the policy server closed the connection");
    return answerOf(reply.trim().slice("action=".length));
  }

  async stop(): Promise<void> {
    this.#client.close();
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 15_000);
    await this.#process.status;
    clearTimeout(timer);
  }
}

/**
 * Greylag gathers the evidence about a first contact after its reply, one each 10 ms. A minute of the
 * trace may pass within a millisecond, so an attempt waits until the evidence about earlier mail of its
 * sender's domain can be there.
 */
class LookupDelay {
  static readonly #interval = 11;
  static readonly #lookup = 15;
  /** Greylag drops the oldest of more than 64 waiting lookups. */
  static readonly #backlog = 40;
  readonly #ready = new Map<string, number>();
  #next = 0;

  static #key({ message, host }: Attempt): string {
    return message.sender.split("@")[1] ?? host.helo;
  }

  async before(attempt: Attempt): Promise<void> {
    const backlog = this.#next - LookupDelay.#backlog * LookupDelay.#interval;
    const until = Math.max(this.#ready.get(LookupDelay.#key(attempt)) ?? 0, backlog);
    const rest = until - performance.now();
    if (rest > 0) await pause(rest);
  }

  deferred(attempt: Attempt): void {
    this.#next = Math.max(this.#next, performance.now()) + LookupDelay.#interval;
    this.#ready.set(LookupDelay.#key(attempt), this.#next + LookupDelay.#lookup);
  }
}

async function startGreylag(trace: Trace, options: StartOptions): Promise<PolicyServer> {
  const { directory } = options;
  const port = getAvailablePort();
  const names = new NameServer(trace);
  const process = await PolicyProcess.start(
    [
      ...options.greylag,
      "serve",
      `--listen=inet:127.0.0.1:${port}`,
      "--status=off",
      `--database=${directory}/greylag.db`,
      "--accept-test-time",
      // The history expires by the real clock.
      "--history=3650d",
      `--dns-servers=127.0.0.1:${names.port}`,
      ...(options.dnsLists ? [`--dns-lists=${BLOCKLIST}`] : []),
      ...options.greylagOptions,
    ],
    port,
    `${directory}/greylag.log`,
  ).catch(async (error) => {
    await names.close();
    throw error;
  });
  const lookups = new LookupDelay();
  return {
    seesOutgoing: true,
    setTime: (time) => names.time = time,
    async ask(attempt) {
      await lookups.before(attempt);
      const time = String(attempt.time);
      const answer = await process.ask({ ...attributesOf(attempt), policy_test_time: time });
      if (answer === "defer") lookups.deferred(attempt);
      return answer;
    },
    async stop() {
      await process.stop();
      await names.close();
    },
  };
}

/** The library of Debian's package libfaketime. */
function fakeTimeLibrary(): string {
  for (const { name } of Deno.readDirSync("/usr/lib")) {
    const path = `/usr/lib/${name}/faketime/libfaketime.so.1`;
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch {
      // Not this architecture's directory.
    }
  }
  throw new Error("cannot find libfaketime.so.1. Install Debian's package faketime.");
}

/**
 * A server that knows only the clock of its system: libfaketime reads the time from a file before each
 * call. postgrey and sqlgrey expire entries by that clock too.
 */
async function startWithFakeTime(
  command: readonly string[],
  port: number,
  { directory }: StartOptions,
  name: string,
): Promise<PolicyServer> {
  const path = `${directory}/clock`;
  const clock = Deno.openSync(path, { create: true, read: true, write: true });
  let shown = -1;
  const setTime = (time: number) => {
    if (time === shown) return;
    shown = time;
    // Always ten digits: the file is never shorter, so that it can be read at any moment.
    clock.seekSync(0, Deno.SeekMode.Start);
    clock.writeSync(encoder.encode(`${String(time).padStart(10, "0")}\n`));
  };
  setTime(1_700_000_000);
  const process = await PolicyProcess.start(command, port, `${directory}/${name}.log`, {
    LD_PRELOAD: fakeTimeLibrary(),
    FAKETIME_TIMESTAMP_FILE: path,
    FAKETIME_FMT: "%s",
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  });
  return {
    seesOutgoing: false,
    setTime,
    ask: (attempt) => process.ask(attributesOf(attempt)),
    async stop() {
      await process.stop();
      clock.close();
    },
  };
}

function owner(): { user: string; group: string } {
  const read = (flag: string) =>
    decoder.decode(new Deno.Command("id", { args: [flag] }).outputSync().stdout).trim();
  return { user: read("-un"), group: read("-gn") };
}

function startPostgrey(options: StartOptions): Promise<PolicyServer> {
  const port = getAvailablePort();
  const { user, group } = owner();
  const { directory } = options;
  const command = [
    "/usr/sbin/postgrey",
    `--inet=127.0.0.1:${port}`,
    `--dbdir=${directory}`,
    `--user=${user}`,
    `--group=${group}`,
    `--pidfile=${directory}/postgrey.pid`,
  ];
  return startWithFakeTime(command, port, options, "postgrey");
}

async function startSqlgrey(options: StartOptions): Promise<PolicyServer> {
  const port = getAvailablePort();
  const { user, group } = owner();
  const { directory } = options;
  const configuration = `${directory}/sqlgrey.conf`;
  await Deno.writeTextFile(
    configuration,
    [
      `inet = 127.0.0.1:${port}`,
      "db_type = SQLite",
      `db_name = ${directory}/sqlgrey.db`,
      `user = ${user}`,
      `group = ${group}`,
      `pidfile = ${directory}/sqlgrey.pid`,
      "admin_mail =",
      "",
    ].join("\n"),
  );
  const command = ["/usr/sbin/sqlgrey", "-f", configuration];
  return await startWithFakeTime(command, port, options, "sqlgrey");
}

/** Starts a server with its defaults. */
export function startServer(
  name: ServerName,
  trace: Trace,
  options: StartOptions,
): Promise<PolicyServer> {
  switch (name) {
    case "none":
      return Promise.resolve(NO_SERVER);
    case "postgrey":
      return startPostgrey(options);
    case "sqlgrey":
      return startSqlgrey(options);
    case "greylag":
      return startGreylag(trace, options);
  }
}

/** True if the program of a server exists. */
export function isInstalled(name: ServerName): boolean {
  if (name !== "postgrey" && name !== "sqlgrey") return true;
  try {
    return Deno.statSync(`/usr/sbin/${name}`).isFile;
  } catch {
    return false;
  }
}
