/**
 * `greylag unit`: the unit for systemd.
 *
 * @module
 */
import text from "./greylag.service" with { type: "text" };
import type { Command } from "./command.ts";
import { type Option, parseOptions, refuseRest, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "executable",
    placeholder: "PATH",
    help: "Where greylag is (default: /usr/local/bin/greylag).",
  },
];

/** Where install.sh puts the executable. */
const EXECUTABLE = "/usr/local/bin/greylag";

/** The unit for systemd. */
export const unit: Command = {
  name: "unit",
  summary: "print the unit for systemd",
  usage: "[--executable PATH]",
  description: ["install.sh installs it: greylag unit > /etc/systemd/system/greylag.service"],
  options: OWN,
  run(args, output) {
    const { options, rest } = parseOptions(args, OWN);
    refuseRest(rest);
    const path = options.get("executable") ?? EXECUTABLE;
    if (typeof path !== "string" || !/^\/[\w./+-]+$/.test(path)) {
      throw new UsageError("--executable needs a whole path without spaces");
    }
    output.print(text.replace(`ExecStart=${EXECUTABLE}`, () => `ExecStart=${path}`));
    return Promise.resolve(0);
  },
};
