/**
 * A Greylag and a Postfix that asks it.
 *
 * @module
 */
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon, inDirectory } from "../daemon.ts";
import { Postfix } from "./postfix.ts";
import { type Message, type Outcome, send } from "./smtp.ts";

/** Changes count within a second; a busy machine gets half a second more. */
export const untilTaken = () => new Promise((resolve) => setTimeout(resolve, 1500));

/** Both, running. */
export interface Both {
  readonly directory: string;
  readonly daemon: Daemon;
  readonly postfix: Postfix;
  /** Where the status page is. */
  readonly page: string;
  /** Runs a command on the daemon's database while the daemon runs. */
  greylag(...args: string[]): Promise<{ code: number; out: string; err: string }>;
  /** Sets the password of the status page. */
  setPassword(password: string): Promise<void>;
  /** Tries once to deliver a message. */
  send(message: Message): Promise<Outcome>;
  /** The reply to the first recipient of a message. */
  replyTo(message: Message): Promise<string>;
}

/** Runs a body with both; `config` makes more lines of the configuration file. */
export async function withBoth(
  body: (both: Both) => Promise<void>,
  { config = () => "" }: { config?: (directory: string) => string } = {},
): Promise<void> {
  await inDirectory(async (directory) => {
    const port = getAvailablePort();
    const status = getAvailablePort();
    await Deno.writeTextFile(
      `${directory}/greylag.toml`,
      `database = "${directory}/g.db"\nlisten = ["inet:${port}"]\n` +
        `status = "inet:127.0.0.1:${status}"\n${config(directory)}`,
    );
    const configured = `--config=${directory}/greylag.toml`;
    const daemon = await Daemon.startCommand(["serve", configured]);
    const postfix = await Postfix.start({
      policy: `check_policy_service { inet:127.0.0.1:${port}, timeout=10s, default_action=DUNNO }`,
    });
    try {
      await daemon.waitFor("status server on");
      await body({
        directory,
        daemon,
        postfix,
        page: `http://127.0.0.1:${status}`,
        greylag: (...args) => Daemon.run([...args, configured]),
        setPassword: async (password) => {
          const { code, err } = await Daemon.run(["passwd", configured], password);
          if (code !== 0) throw new Error(err);
        },
        send: (message) => send(postfix.port, message),
        replyTo: async (message) => (await send(postfix.port, message)).recipients[0]!,
      });
    } finally {
      await postfix.stop();
      await daemon.stop();
    }
  });
}
