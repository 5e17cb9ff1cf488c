import type { Values } from "../config/settings.ts";
import { pageObstacle, policyObstacle } from "../admin/daemon_checks.ts";
import { DATABASE_OPTIONS, durationOf, parseInvocation } from "./invocation.ts";
import type { Command } from "./command.ts";
import { type Option, refuseRest } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "wait",
    placeholder: "TIME",
    help: "Repeat the check for this time until it succeeds (default: 1s).",
  },
];

/** Milliseconds. */
const PAUSE = 100;

/** @returns the reason why a policy endpoint does not answer, or undefined. */
async function reasonNotReady({ listen }: Values): Promise<string | undefined> {
  for (const endpoint of listen) {
    const why = await policyObstacle(endpoint);
    if (why !== undefined) return why;
  }
  return undefined;
}

export const ready: Command = {
  name: "ready",
  summary: "check that the daemon is ready, for scripts",
  usage: "[--wait TIME]",
  description: [
    "Asks every policy endpoint, as Postfix does. The exit code is 0 if all of them answer, or 1 with " +
    "the reason on standard error. A status page that does not answer is only a warning there.",
  ],
  options: [...DATABASE_OPTIONS.filter(({ name }) => name === "config"), ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    refuseRest(invocation.rest);
    const end = performance.now() + durationOf(invocation, "wait", 1000);
    const { values } = invocation.configuration;
    while (true) {
      const why = await reasonNotReady(values);
      if (why === undefined) {
        output.print("ready\n");
        const warning = values.status === "off" ? undefined : await pageObstacle(values.status);
        if (warning !== undefined) output.complain(`greylag: warning: ${warning}\n`);
        return 0;
      }
      if (performance.now() >= end) {
        output.complain(`greylag: not ready: ${why}\n`);
        return 1;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  },
};
