import { hashPassword } from "../admin/secrets.ts";
import { combine, ConfigError, flagOf, type GivenFlag } from "../config/load.ts";
import { daemonSettings } from "../config/module_settings.ts";
import type { SettingName } from "../config/settings.ts";
import { VERSION } from "../config/version.ts";
import { Events } from "../daemon/events.ts";
import { Daemon } from "../daemon/lifecycle.ts";
import { type DemoAttempt, DemoMail, PAST } from "../demo/mail.ts";
import { formatEndpoint, parseEndpoint } from "../net/endpoint.ts";
import { PolicyClient } from "../postfix/policy_client.ts";
import { checkFree } from "../sockets/listen.ts";
import { openStore } from "../store/open.ts";
import { SECOND } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import type { Command } from "./command.ts";
import { serve } from "./serve.ts";
import { type Option, parseOptions, refuseRest, UsageError } from "./usage.ts";

const DEFAULT_PAGE = "inet:127.0.0.1:10623";

const PASSWORD = "demonstration";

/** In milliseconds; shorter than usual, so that a retry is seen soon. */
const DELAY = 20 * SECOND;

/** Milliseconds between two messages, at least and at most. */
const PAUSES = [1.5 * SECOND, 5 * SECOND] as const;

const OWN: readonly Option[] = [
  {
    name: "status",
    placeholder: "ENDPOINT",
    help: `Endpoint of the page (default: ${DEFAULT_PAGE}, or a free port if that is taken).`,
  },
];

/**
 * The given endpoint of the page, or one that is free.
 *
 * @throws {ConfigError} if the given one cannot be listened on.
 */
async function pageEndpoint(given: string | undefined): Promise<string> {
  if (given !== undefined) {
    const endpoint = parseEndpoint(given);
    if (endpoint?.kind !== "inet") {
      throw new UsageError(`--status must be inet:HOST:PORT, not "${given}"`);
    }
    try {
      await checkFree(endpoint);
    } catch (error) {
      throw new ConfigError(`${messageOf(error)}. Name another endpoint with --status`);
    }
    return formatEndpoint(endpoint);
  }
  const port = Number(DEFAULT_PAGE.split(":").at(-1));
  for (const wanted of [port, 0]) {
    try {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: wanted });
      return `inet:127.0.0.1:${listener.addr.port}`;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return DEFAULT_PAGE;
}

const pause = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time));

/** Fills the database with the past days, by a daemon that takes the time from the requests. */
async function playPast(
  mail: DemoMail,
  policy: string,
  flags: ReadonlyMap<SettingName, GivenFlag>,
): Promise<void> {
  const testTime: GivenFlag = { flag: flagOf("accept_test_time"), value: "true" };
  const { values } = combine({
    environment: () => undefined,
    flags: new Map([...flags, ["accept_test_time", testTime]]),
  });
  const daemon = await Daemon.start(daemonSettings(values), VERSION, new Events()).catch(
    (error) => {
      throw new ConfigError(messageOf(error));
    },
  );
  const client = new PolicyClient({ kind: "unix", path: policy }, 10 * SECOND);
  const begin = Date.now() - PAST;
  for (const { at, attributes } of mail.past()) {
    const time = Math.floor((begin + at) / 1000);
    await client.ask({ ...attributes, policy_test_time: String(time) });
  }
  client.close();
  await daemon.stop();
}

/** Sends what arrives next, until the daemon ends. */
async function playOn(mail: DemoMail, policy: string): Promise<void> {
  const client = new PolicyClient({ kind: "unix", path: policy }, 10 * SECOND);
  // A daemon that has just started or is stopping does not answer.
  const send = ({ attributes }: DemoAttempt) => client.ask(attributes).catch(() => {});
  while (true) {
    const [shortest, longest] = PAUSES;
    await pause(shortest + Math.random() * (longest - shortest));
    for (const attempt of mail.next(DELAY)) {
      if (attempt.at === 0) await send(attempt);
      else setTimeout(() => void send(attempt), attempt.at);
    }
  }
}

async function makeDirectory(): Promise<string> {
  try {
    return await Deno.makeTempDir({ prefix: "greylag-demo-" });
  } catch (error) {
    throw new ConfigError(
      `cannot create a temporary directory: ${
        messageOf(error)
      }. Set TMPDIR to one that is writable`,
    );
  }
}

const INTERRUPTIONS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function setPassword(database: string): Promise<void> {
  const store = openStore({ database, privacy: false });
  try {
    const hash = await hashPassword(PASSWORD);
    store.credentials.put({ kind: "password", name: "", hash, created: Date.now() });
  } finally {
    store.close();
  }
}

export const demo: Command = {
  name: "demo",
  summary: "show the status page with invented mail; needs no mail server",
  usage: "[--status ENDPOINT]",
  description: [
    "Plays three days of invented mail into a temporary database and goes on playing. Reads no " +
    "settings, asks no DNS server and receives no mail. Ctrl-C ends it and removes the database.",
  ],
  options: OWN,
  async run(args, output) {
    const { options, rest } = parseOptions(args, OWN);
    refuseRest(rest);
    const given = options.get("status");
    const page = await pageEndpoint(typeof given === "string" ? given : undefined);
    const directory = await makeDirectory();
    // serve handles SIGINT and SIGTERM itself; SIGHUP would only make it reread its settings.
    const end = () => {
      Deno.removeSync(directory, { recursive: true });
      Deno.exit(0);
    };
    for (const signal of INTERRUPTIONS) Deno.addSignalListener(signal, end);
    try {
      const policy = `${directory}/policy`;
      const database = `${directory}/greylag.db`;
      const settings: readonly (readonly [SettingName, string])[] = [
        ["listen", `unix:${policy}`],
        ["database", database],
        ["status", page],
        ["mode", "all"],
        ["spf", "off"],
        ["delay", `${DELAY}ms`],
        ["delay_suspicious", `${DELAY}ms`],
      ];
      const flags = new Map(
        settings.map(([name, value]) => [name, { flag: flagOf(name), value }] as const),
      );
      const mail = new DemoMail();
      output.print("greylag demo: playing three days of invented mail …\n");
      await playPast(mail, policy, flags);
      await setPassword(database);
      output.print(
        `Open http://${page.replace(/^inet:/, "")}/\n` +
          `Password for changes: ${PASSWORD}\nCtrl-C ends the demonstration.\n`,
      );
      await Deno.writeTextFile(`${directory}/greylag.toml`, "");
      void playOn(mail, policy);
      Deno.removeSignalListener("SIGINT", end);
      Deno.removeSignalListener("SIGTERM", end);
      return await serve.run([
        `--config=${directory}/greylag.toml`,
        ...settings.map(([name, value]) => `${flagOf(name)}=${value}`),
      ], output);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
};
