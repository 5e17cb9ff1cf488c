import text from "./greylag.service" with { type: "text" };
import type { Command } from "./command.ts";
import { type Option, parseOptions, refuseRest, UsageError } from "./usage.ts";

/** The default of install.sh. */
const EXECUTABLE = "/usr/local/bin/greylag";

const OWN: readonly Option[] = [
  {
    name: "executable",
    placeholder: "PATH",
    help: `Path of the executable (default: ${EXECUTABLE}).`,
  },
];

export const unit: Command = {
  name: "unit",
  summary: "print the systemd unit",
  usage: "[--executable PATH]",
  description: ["install.sh runs: greylag unit > /etc/systemd/system/greylag.service"],
  options: OWN,
  run(args, output) {
    const { options, rest } = parseOptions(args, OWN);
    refuseRest(rest);
    const path = options.get("executable") ?? EXECUTABLE;
    if (typeof path !== "string" || !/^\/[\w./+-]+$/.test(path)) {
      throw new UsageError("--executable must be an absolute path without spaces");
    }
    output.print(text.replace(`ExecStart=${EXECUTABLE}`, () => `ExecStart=${path}`));
    return Promise.resolve(0);
  },
};
