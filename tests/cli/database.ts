/**
 * Commands, run to their end within the test.
 *
 * @module
 */
import type { Output } from "../../lib/cli/output.ts";
import { run } from "../../lib/cli/run.ts";
import { openStore } from "../../lib/store/open.ts";
import { inDirectory } from "../daemon.ts";

/** Runs a command to its end. */
export type Run = (...args: string[]) => Promise<{ code: number; out: string; err: string }>;

/** Runs a command and collects its output. */
export const greylag: Run = async (...args) => {
  let out = "";
  let err = "";
  const output: Output = {
    print: (text) => out += text,
    complain: (text) => err += text,
    progress: () => {},
  };
  const code = await run(args, output);
  return { code, out, err };
};

/** A body with an empty database that a daemon made, while no daemon runs. */
export async function withDatabase(body: (run: Run, path: string) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const path = `${directory}/g.db`;
    await openStore({ database: path, privacy: false }).close();
    await body((...args) => greylag(...args, `--database=${path}`), path);
  });
}
