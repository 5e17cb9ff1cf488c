/**
 * Greylag: a greylisting policy server for Postfix.
 *
 * @module
 */
import "./lib/node/hidden_process.ts";
import { TERMINAL } from "./lib/cli/output.ts";
import { run } from "./lib/cli/run.ts";
import { showProcess } from "./lib/node/builtin.ts";

showProcess();

if (import.meta.main) Deno.exit(await run(Deno.args, TERMINAL));
