/** A value for each option, and the other arguments under `_`. */
export type Args = {
  [name: string]: unknown;
  _: Array<string | number>;
};

export interface ParseOptions {
  /** Options without a value; false if absent. */
  boolean?: string | ReadonlyArray<string>;
  /** Options with a value; `""` if it is missing. `"_"` keeps other arguments as strings. */
  string?: string | ReadonlyArray<string>;
  /** Options that may be repeated; `[]` if absent. */
  collect?: string | ReadonlyArray<string>;
  /** Options that `--no-NAME` sets to false. */
  negatable?: string | ReadonlyArray<string>;
  /** Called with every undeclared argument; returning false drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

function list(value: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> {
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

function asNumber(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/**
 * Parses command line arguments as the published `@std/cli` does for declared long options. Letters
 * behind one dash are undeclared options. Arguments after `--` are no options.
 */
export function parseArgs(args: readonly string[], options: ParseOptions = {}): Args {
  const strings = new Set(list(options.string));
  const booleans = new Set(list(options.boolean));
  const collected = new Set(list(options.collect));
  const negatable = new Set(list(options.negatable));
  const result: Args = { _: [] };

  const put = (arg: string, name: string, value: string | boolean, collects = true): void => {
    const isDeclared = strings.has(name) || booleans.has(name) || collected.has(name);
    if (!isDeclared && options.unknown?.(arg, name, value) === false) return;
    const typed = typeof value === "string" && !strings.has(name) ? asNumber(value) : value;
    if (collects && collected.has(name)) ((result[name] ??= []) as unknown[]).push(typed);
    else result[name] = typed;
  };

  const end = args.indexOf("--");
  const before = end === -1 ? args : args.slice(0, end);
  for (let at = 0; at < before.length; at++) {
    const arg = before[at]!;
    const [, name, joined] = /^--(.+?)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) {
      if (/^-./s.test(arg)) {
        for (const letter of arg.slice(1)) put(arg, letter, true);
      } else if (options.unknown?.(arg) !== false) {
        result._.push(strings.has("_") ? arg : asNumber(arg));
      }
      continue;
    }
    const negated = /^no-(.+)$/s.exec(name)?.[1];
    const next = before[at + 1];
    if (joined !== undefined) {
      put(arg, name, booleans.has(name) ? joined !== "false" : joined);
    } else if (negated !== undefined && negatable.has(negated)) {
      put(arg, negated, false, false);
    } else if (
      booleans.has(name) ? /^(?:true|false)$/.test(next ?? "") : /^[^-]/s.test(next ?? "")
    ) {
      at++;
      put(arg, name, booleans.has(name) ? next === "true" : next!);
    } else {
      put(arg, name, strings.has(name) ? "" : true);
    }
  }
  if (end !== -1) result._.push(...args.slice(end + 1));
  for (const name of booleans) result[name] ??= collected.has(name) ? [] : false;
  for (const name of strings) if (collected.has(name)) result[name] ??= [];
  return result;
}
