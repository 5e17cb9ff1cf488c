import { VERSION } from "../config/version.ts";
import type { Command } from "./command.ts";
import { parseOptions, refuseRest } from "./usage.ts";

export const version: Command = {
  name: "version",
  summary: "show the version",
  usage: "",
  description: [],
  options: [],

  run(args, output) {
    refuseRest(parseOptions(args, []).rest);
    output.print(`greylag ${VERSION} (deno ${Deno.version.deno}, v8 ${Deno.version.v8})\n`);
    return Promise.resolve(0);
  },
};
