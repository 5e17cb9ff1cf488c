import { parseArgs as nodeParseArgs } from "node:util";

/** A value for each option, and the other arguments under `_`. */
export type Args = {
  [name: string]: unknown;
  _: Array<string | number>;
};

export interface ParseOptions {
  /** Other names of an option: `{ help: "h" }`. */
  alias?: Record<string, string | ReadonlyArray<string>>;
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

function looksNumeric(text: string): boolean {
  return /^0x[0-9a-f]+$/i.test(text) || /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/.test(text);
}

/**
 * Parses command line arguments as the published `@std/cli` does for declared options. Arguments after
 * `--` are no options.
 */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const strings = new Set(list(options.string));
  const booleans = new Set(list(options.boolean));
  const collected = new Set(list(options.collect));
  const negatable = new Set(list(options.negatable));
  const namesOf = new Map<string, string[]>();
  for (const [name, other] of Object.entries(options.alias ?? {})) {
    const names = [name, ...list(other)];
    for (const one of names) namesOf.set(one, names);
  }
  const everyName = (name: string) => namesOf.get(name) ?? [name];
  for (const set of [strings, booleans, collected, negatable]) {
    for (const name of [...set]) everyName(name).forEach((one) => set.add(one));
  }

  // A value begins with a dash only after "=".
  const end = args.indexOf("--");
  const joined = args.map((arg, at) => {
    if (end !== -1 && at >= end) return arg;
    const name = /^--([^=]+)$/s.exec(arg)?.[1];
    const next = args[at + 1];
    const valueMissing = next === undefined || next.startsWith("-");
    return name !== undefined && strings.has(name) && valueMissing ? `${arg}=` : arg;
  });
  const declared = [...strings, ...booleans].filter((name) => name !== "_");
  const { tokens } = nodeParseArgs({
    args: joined,
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(declared.map((name) => [name, {
      type: strings.has(name) ? "string" as const : "boolean" as const,
      ...(name.length === 1 ? { short: name } : {}),
    }])),
  });

  const result: Args = { _: [] };
  const put = (name: string, value: unknown) => {
    for (const one of everyName(name)) {
      if (collected.has(one)) (result[one] as unknown[]).push(value);
      else result[one] = value;
    }
  };
  for (const name of booleans) result[name] = false;
  for (const name of collected) result[name] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      const isArgument = options.unknown?.(token.value) ?? true;
      if (isArgument === false) continue;
      const asNumber = !strings.has("_") && looksNumeric(token.value);
      result._.push(asNumber ? Number(token.value) : token.value);
      continue;
    }
    const negated = /^no-(.+)$/s.exec(token.name)?.[1];
    if (negated !== undefined && negatable.has(negated)) {
      put(negated, false);
    } else if (strings.has(token.name)) {
      put(token.name, token.value ?? "");
    } else if (booleans.has(token.name)) {
      put(token.name, token.value !== "false");
    } else if (token.kind === "option") {
      const value = token.value ?? true;
      const raw = token.inlineValue ? `${token.rawName}=${token.value}` : token.rawName;
      if ((options.unknown?.(raw, token.name, value) ?? true) !== false) put(token.name, value);
    }
  }
  return result;
}
