/**
 * What a subcommand is.
 *
 * @module
 */
import type { Output } from "./output.ts";
import type { Option } from "./usage.ts";

/** A subcommand. */
export interface Command {
  /** Its name. */
  readonly name: string;
  /** What it does, in a few words. */
  readonly summary: string;
  /** How it is called, behind its name. */
  readonly usage: string;
  /** What else there is to say, in paragraphs. */
  readonly description: readonly string[];
  /** Its options, `--help` aside. */
  readonly options: readonly Option[];
  /**
   * Runs it with the arguments behind its name.
   *
   * @returns the exit code.
   */
  run(args: readonly string[], output: Output): Promise<number>;
}
