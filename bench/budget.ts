/** Sums of a V8 CPU profile: by step of a request's path, by module and by function. */

/** https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-ProfileNode */
export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  /** The node of each sample. */
  readonly samples: readonly number[];
  /** Microseconds between samples. */
  readonly timeDeltas: readonly number[];
}

interface Step {
  readonly name: string;
  /** Files below the root of the source, or functions of a file as `FILE:FUNCTION`. */
  readonly at: RegExp;
  /** Everything that these functions call belongs to the step. */
  readonly withCallees?: boolean;
}

/** The steps of a request's path. A sample counts for the step of its innermost frame that has one. */
const STEPS: readonly Step[] = [
  { name: "history", at: /^lib\/daemon\/(history|tallies)\.ts/, withCallees: true },
  {
    name: "log",
    at: /^lib\/daemon\/(event_log|event_text|log_line|log_sink)\.ts/,
    withCallees: true,
  },
  {
    name: "maintenance",
    at: /^lib\/(daemon\/maintenance|store\/(expiry|checkpointer))\.ts/,
    withCallees: true,
  },
  { name: "lists", at: /^lib\/(daemon\/lists\.ts|lists\/)/, withCallees: true },
  { name: "parse", at: /^lib\/postfix\/request\.ts/ },
  { name: "attempt: address", at: /^lib\/net\/network\.ts/ },
  { name: "attempt: normalise", at: /^lib\/(greylist\/normalise|net\/email_address)\.ts/ },
  {
    name: "attempt: name",
    at: /^lib\/net\/(hostname|generic_name|name_tokens|name_words|address_in_name)\.ts/,
  },
  { name: "attempt: rest", at: /^lib\/(greylist\/attempt|daemon\/parsed_request)\.ts/ },
  { name: "evidence", at: /^lib\/(evidence|spf|dns)\// },
  {
    name: "write records",
    at:
      /^lib\/store\/(greylist_records\.ts:(#?write\w*|#put\w+|domainsText)|relation_table\.ts:put|relation_origins\.ts:pack\w+)$/,
  },
  {
    name: "read records",
    at: /^lib\/store\/(greylist_records|relation_table|relation_origins|reputation_cache)\.ts/,
  },
  { name: "commit", at: /^lib\/store\// },
  { name: "decide", at: /^lib\/greylist\// },
  { name: "reply", at: /^lib\/(daemon\/reply_to|postfix\/reply)\.ts/ },
  { name: "events", at: /^lib\/daemon\/(events|counters|pending_limit|error_registry)\.ts/ },
  { name: "engine", at: /^lib\/daemon\// },
  { name: "sockets", at: /^(lib\/(postfix\/listener\.ts|sockets\/)|\(program\))/ },
  { name: "gc", at: /^\(garbage collector\)/ },
  { name: "idle", at: /^\(idle\)/ },
];

const OUTSIDE = "runtime outside lib/";

/** The names of the steps in the order of the path. */
export const STEP_NAMES: readonly string[] = [
  "sockets",
  "parse",
  "attempt: address",
  "attempt: normalise",
  "attempt: name",
  "attempt: rest",
  "lists",
  "evidence",
  "engine",
  "read records",
  "decide",
  "write records",
  "commit",
  "reply",
  "events",
  "history",
  "log",
  "maintenance",
  "gc",
  OUTSIDE,
];

/** Seconds of each step, module or function; waiting is left out. */
export interface Sums {
  readonly total: number;
  readonly steps: ReadonlyMap<string, number>;
  /** Folders of `lib/`, with the runtime and packages that they call. */
  readonly modules: ReadonlyMap<string, number>;
  /** `FILE:FUNCTION`, with the runtime and packages that they call. */
  readonly functions: ReadonlyMap<string, number>;
  /** Functions of the runtime and of packages, by themselves. */
  readonly outside: ReadonlyMap<string, number>;
}

/** @param root the URL of the folder of the source, with a slash at its end. */
export function sumsOf({ nodes, samples, timeDeltas }: Profile, root: string): Sums {
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, frameOf(callFrame, root)]));
  const stackOf = (id: number): string[] => {
    const stack: string[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      stack.push(frames.get(at)!);
    }
    return stack;
  };
  const times = new Map<number, number>();
  samples.forEach((id, at) => {
    times.set(id, (times.get(id) ?? 0) + Math.max(0, timeDeltas[at]!) / 1e6);
  });
  const [steps, modules, functions, outside] = [newSums(), newSums(), newSums(), newSums()];
  let total = 0;
  for (const [id, time] of times) {
    const stack = stackOf(id);
    const step = stepOf(stack);
    if (step === "idle") continue;
    total += time;
    const own = stack.find(isOwn) ?? stack[0]!;
    add(steps, step, time);
    add(modules, /^lib\/\w+/.exec(own)?.[0] ?? own.split(":")[0]!, time);
    add(functions, own, time);
    if (!isOwn(stack[0]!)) add(outside, stack[0]!, time);
  }
  return { total, steps, modules, functions, outside };
}

/** The stand-ins in lib/jsr count for their callers, as the packages would. */
const isOwn = (frame: string): boolean => /^lib\/(?!jsr\/)/.test(frame);

const newSums = () => new Map<string, number>();

function add(sums: Map<string, number>, name: string, time: number): void {
  sums.set(name, (sums.get(name) ?? 0) + time);
}

/** `FILE:FUNCTION`, or the name alone for the runtime's own, such as `(program)`. */
function frameOf({ functionName, url }: ProfileNode["callFrame"], root: string): string {
  if (url === "") return functionName;
  const file = url.startsWith(root)
    ? url.slice(root.length)
    : url.replace(/^.*\/npm\/registry\.npmjs\.org\//, "npm:");
  return `${file}:${functionName === "" ? "(anonymous)" : functionName}`;
}

/** @param stack the innermost frame first. */
function stepOf(stack: readonly string[]): string {
  const outer = STEPS.find(({ at, withCallees }) =>
    withCallees === true && stack.some((frame) => at.test(frame))
  );
  if (outer !== undefined) return outer.name;
  for (const frame of stack) {
    const step = STEPS.find(({ at }) => at.test(frame));
    if (step !== undefined) return step.name;
  }
  return OUTSIDE;
}
