import { freePort } from "../free_port.ts";
import { type CommandResult, Daemon, inDirectory } from "../daemon.ts";
import { withDnsServer } from "../dns_server.ts";
import { eventually } from "../eventually.ts";
import { Postfix } from "./postfix.ts";
import { type Message, type Outcome, send } from "./smtp.ts";

export const ALICE: Message = {
  address: "192.0.2.10",
  name: "mail.example.org",
  sender: "alice@example.org",
  recipients: ["bob@example.net"],
};

/** Reply codes, as {@linkcode MailServer.code} returns them. */
export const DEFERRED = "450 4.7.1";
export const ACCEPTED = "250 2.1.5";
export const REJECTED = "550 5.7.1";

/** A Postfix with Greylag as its policy server. */
export interface MailServer {
  readonly directory: string;
  readonly daemon: Daemon;
  readonly postfix: Postfix;
  /** Of Greylag, for `check_policy_service`. */
  readonly endpoint: string;
  /** The base URL of the status page. */
  readonly page: string;
  /** Runs a command with the configuration of the daemon. */
  greylag(...args: string[]): Promise<CommandResult>;
  setPassword(password: string): Promise<void>;
  /** Tries once to deliver a message. */
  send(message: Message): Promise<Outcome>;
  /** Tries once to deliver a message; returns the reply to its first recipient. */
  replyTo(message: Message): Promise<string>;
  /** Reply code and enhanced status code to the first recipient. */
  code(message: Message): Promise<string>;
  /** Repeats a delivery attempt until it has this code. */
  untilCode(message: Message, code: string): Promise<void>;
  /** Waits until the history has this number of decisions; `of` narrows them, as `reason=new`. */
  untilRecorded(decisions: number, of?: string): Promise<void>;
  restart(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export interface MailServerOptions {
  /** Lines of greylag.toml. */
  readonly settings?: (directory: string) => string;
  /** Lines of main.cf; POLICY stands for the policy check. */
  readonly mainCf?: string;
  /** HOST:PORT of the DNS server; by default one that knows no name. */
  readonly dnsServer?: string;
}

export async function withMailServer(
  body: (server: MailServer) => Promise<void>,
  options: MailServerOptions = {},
): Promise<void> {
  const run = (dnsServer: string) => runMailServer(body, { ...options, dnsServer });
  await (options.dnsServer === undefined ? withDnsServer({}, run) : run(options.dnsServer));
}

async function runMailServer(
  body: (server: MailServer) => Promise<void>,
  { settings = () => "", mainCf = "", dnsServer }: MailServerOptions,
): Promise<void> {
  await inDirectory(async (directory) => {
    const endpoint = `inet:127.0.0.1:${freePort()}`;
    const status = `127.0.0.1:${freePort()}`;
    await Deno.writeTextFile(
      `${directory}/greylag.toml`,
      `database = "${directory}/g.db"\nlisten = ["${endpoint}"]\n` +
        `status = "inet:${status}"\ndns_servers = ["${dnsServer}"]\n${settings(directory)}`,
    );
    const config = `--config=${directory}/greylag.toml`;
    const start = async () => {
      const started = await Daemon.startCommand(["serve", config]);
      await started.waitFor("status server on");
      return started;
    };
    let daemon = await start();
    try {
      const postfix = await Postfix.start(endpoint, mainCf);
      const replyTo = async (message: Message) =>
        (await send(postfix.port, message)).recipients[0]!;
      const code = async (message: Message) => (await replyTo(message)).slice(0, 9);
      const page = `http://${status}`;
      try {
        await body({
          directory,
          get daemon() {
            return daemon;
          },
          postfix,
          endpoint,
          page,
          greylag: (...args) => Daemon.run([...args, config]),
          setPassword: async (password) => {
            const result = await Daemon.run(["passwd", config], password);
            if (result.code !== 0) throw new Error(result.err);
          },
          send: (message) => send(postfix.port, message),
          replyTo,
          code,
          untilCode: async (message, wanted) => {
            let last = "";
            await eventually(
              `the reply to ${message.sender} is ${wanted}`,
              async () => (last = await code(message)) === wanted,
              { period: 200 },
              () => `${last}\n${daemon.log}`,
            );
          },
          untilRecorded: (decisions, of = "") =>
            eventually(`${decisions} decisions in the history, ${of}`, async () => {
              const response = await fetch(`${page}/api/v1/decisions?limit=200&${of}`);
              return (await response.json()).items.length >= decisions;
            }),
          restart: async (signal) => {
            await (signal === "SIGTERM" ? daemon.stop() : daemon.kill());
            daemon = await start();
          },
        });
      } finally {
        await postfix.stop();
      }
    } finally {
      await daemon.stop();
    }
  });
}
