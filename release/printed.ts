import { run } from "../lib/cli/run.ts";

/**
 * The output of a command of Greylag, from the source: a package may be for another system than this one.
 *
 * @throws {Error} if the command fails.
 */
export async function printed(...args: string[]): Promise<string> {
  let text = "";
  const code = await run(args, {
    print: (part) => void (text += part),
    complain: (part) => void (text += part),
    progress: () => {},
  });
  if (code !== 0) throw new Error(`greylag ${args.join(" ")}: ${text}`);
  return text;
}
