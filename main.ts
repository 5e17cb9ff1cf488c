/**
 * Greylag: a greylisting policy server for Postfix.
 *
 * @module
 */
import { hideProcess } from "./lib/node/builtin.ts";

hideProcess();

if (import.meta.main) {
  const { TERMINAL } = await import("./lib/cli/output.ts");
  const { run } = await import("./lib/cli/run.ts");
  Deno.exit(await run(Deno.args, TERMINAL));
}
