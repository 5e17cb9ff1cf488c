import { builtFrom, RELEASED, VERSION } from "../config/version.ts";
import { sqliteVersion } from "../store/open.ts";
import type { Command } from "./command.ts";
import { type Option, parseOptions, refuseRest } from "./usage.ts";

const OWN: readonly Option[] = [
  { name: "json", help: "Print JSON: also the commit, the release date, SQLite and the system." },
];

export const version: Command = {
  name: "version",
  summary: "show the version",
  usage: "[--json]",
  description: [],
  options: OWN,

  run(args, output) {
    const { options, rest } = parseOptions(args, OWN);
    refuseRest(rest);
    const { deno, v8 } = Deno.version;
    if (options.get("json") !== true) {
      output.print(`greylag ${VERSION} (deno ${deno}, v8 ${v8})\n`);
      return Promise.resolve(0);
    }
    const parts = {
      version: VERSION,
      released: new Date(RELEASED).toISOString().slice(0, 10),
      commit: builtFrom() ?? null,
      deno,
      v8,
      sqlite: sqliteVersion(),
      target: Deno.build.target,
    };
    output.print(`${JSON.stringify(parts, null, 2)}\n`);
    return Promise.resolve(0);
  },
};
