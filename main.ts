/**
 * Greylag: a greylisting policy server for Postfix.
 *
 * @module
 */
import { TERMINAL } from "./lib/cli/output.ts";
import { run } from "./lib/cli/run.ts";

if (import.meta.main) Deno.exit(await run(Deno.args, TERMINAL));
