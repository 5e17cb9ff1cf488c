/**
 * `greylag version`: which Greylag this is.
 *
 * @module
 */
import { VERSION } from "../config/version.ts";
import type { Command } from "./command.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** Which Greylag this is. */
export const version: Command = {
  name: "version",
  summary: "show the version",
  usage: "",
  description: [],
  options: [],

  run(args, output) {
    const { rest } = parseOptions(args, []);
    if (rest.length > 0) throw new UsageError(`there is nothing to be done with "${rest[0]}"`);
    output.print(`greylag ${VERSION} (deno ${Deno.version.deno}, v8 ${Deno.version.v8})\n`);
    return Promise.resolve(0);
  },
};
