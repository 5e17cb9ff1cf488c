import type { Output } from "./output.ts";
import type { Option } from "./usage.ts";

export interface Command {
  readonly name: string;
  /** Begins with a verb, in lower case, without a full stop. */
  readonly summary: string;
  /** Arguments and options behind the name. */
  readonly usage: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  /** First words that are accepted, with the second words that each takes. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
  /** Without `--help`. */
  readonly options: readonly Option[];
  /** @returns the exit code. */
  run(args: readonly string[], output: Output): Promise<number>;
}
