/**
 * `deno task bench:trace`: one trace of mail against Greylag, Debian's postgrey and sqlgrey, and no
 * greylisting.
 *
 *     deno task bench:trace [--days 30] [--seed 1] [--legitimate 100] [--spam 100]
 *         [--server none,postgrey,sqlgrey,greylag] [--dns-lists] [--greylag PROGRAM] [--write]
 *         [-- OPTION...]
 *
 * Options after `--` go to `greylag serve`. README.md documents the model.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { machine, publish } from "../report.ts";
import { GREYLAG_SOURCE, greylagCommand } from "../servers.ts";
import { generate } from "./generate.ts";
import { play } from "./play.ts";
import { lostSentence, observeLost } from "./lost.ts";
import { classes, comparison, type Run } from "./report.ts";
import { isInstalled, SERVER_NAMES, type ServerName, startServer } from "./servers.ts";

function isServerName(name: string): name is ServerName {
  return (SERVER_NAMES as readonly string[]).includes(name);
}

function serversOf(given: string | undefined): ServerName[] {
  if (given === undefined) return SERVER_NAMES.filter(isInstalled);
  return given.split(",").map((name) => {
    if (!isServerName(name)) throw new Error(`unknown server "${name}"`);
    if (!isInstalled(name)) {
      throw new Error(`cannot find ${name}. Install Debian's package ${name}.`);
    }
    return name;
  });
}

function numberOf(option: string, given: string): number {
  const number = Number(given);
  if (!(number > 0)) throw new Error(`--${option}=${given}: not a number above 0`);
  return number;
}

async function main(args: readonly string[]): Promise<void> {
  const { _: greylagOptions, ...options } = parseArgs([...args], {
    string: ["days", "seed", "legitimate", "spam", "server", "greylag", "_"],
    boolean: ["dns-lists", "write"],
    unknown: (name, key) => {
      if (key !== undefined) throw new Error(`unexpected argument "${name}"`);
    },
  });
  const text = (name: string, fallback: string) => String(options[name] ?? fallback);
  const seed = text("seed", "1");
  const trace = generate({
    seed,
    days: numberOf("days", text("days", "30")),
    legitimate: numberOf("legitimate", text("legitimate", "100")),
    spam: numberOf("spam", text("spam", "100")),
  });
  const servers = options.server === undefined ? undefined : text("server", "");
  const runs: Run[] = [];
  const lost: string[] = [];
  for (const server of serversOf(servers)) {
    const directory = await Deno.makeTempDir({ prefix: "greylag-trace-" });
    try {
      const begin = performance.now();
      const policy = await startServer(server, trace, {
        directory,
        greylag: greylagCommand(text("greylag", GREYLAG_SOURCE)),
        greylagOptions: greylagOptions.map(String),
        dnsLists: options["dns-lists"] === true,
      });
      try {
        const database = `${directory}/greylag.db`;
        const observed = server === "greylag" ? observeLost(policy, trace, database) : undefined;
        const outcomes = await play(trace, observed?.server ?? policy, seed);
        if (observed !== undefined) lost.push(lostSentence(observed.days));
        runs.push({ server, outcomes, seconds: (performance.now() - begin) / 1000 });
      } finally {
        await policy.stop();
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
  const conditions = `${machine()}; seed ${seed}, ${trace.days} days, ${trace.messages.length} ` +
    "messages.";
  publish(
    options["dns-lists"] === true ? "trace-lists" : "trace",
    [conditions, comparison(runs), classes(runs, "legitimate"), classes(runs, "spam"), ...lost]
      .join("\n\n"),
    options.write === true,
  );
}

if (import.meta.main) {
  await main(Deno.args).catch((error: Error) => {
    Deno.stderr.writeSync(new TextEncoder().encode(`${error.message}\n`));
    Deno.exitCode = 1;
  });
}
