import { assert, assertEquals } from "@std/assert";
import { type Profile, sumsOf } from "../../bench/budget.ts";

const ROOT = "file:///greylag/";

/** A profile with one sample of a millisecond for each stack, the outermost frame first. */
function profileOf(stacks: readonly (readonly string[])[]): Profile {
  const nodes = stacks.flatMap((stack, at) =>
    stack.map((frame, depth) => {
      const [url, functionName = url!] = frame.split(":");
      const id = at * 100 + depth;
      return {
        id,
        callFrame: { functionName, url: url === functionName ? "" : `${ROOT}${url}` },
        children: depth + 1 < stack.length ? [id + 1] : [],
      };
    })
  );
  return {
    nodes,
    samples: stacks.map((stack, at) => at * 100 + stack.length - 1),
    timeDeltas: stacks.map(() => 1000),
  };
}

const isNear = (one: number, other: number) => Math.abs(one - other) < 1e-9;

const ENGINE = "lib/daemon/engine.ts:#decideAll";
const RECORDS = "lib/store/greylist_records.ts";

const STEPS: readonly (readonly [step: string, stack: readonly string[]])[] = [
  ["sockets", ["lib/postfix/listener.ts:#serve", "op_write"]],
  ["sockets", ["(program)"]],
  ["parse", ["lib/postfix/listener.ts:#serve", "lib/postfix/request.ts:push"]],
  ["attempt: address", ["lib/greylist/attempt.ts:makeAttempt", "lib/net/network.ts:format"]],
  ["attempt: rest", ["lib/greylist/attempt.ts:makeAttempt"]],
  ["decide", [ENGINE, "lib/greylist/decide.ts:decide"]],
  ["read records", [ENGINE, "lib/greylist/decide.ts:decide", `${RECORDS}:pending`, "get"]],
  ["write records", [`${RECORDS}:write`, "lib/jsr/db_sqlite/statement.ts:run", "run"]],
  ["commit", [ENGINE, "lib/store/connection.ts:transact"]],
  ["history", ["lib/daemon/history.ts:#write", "lib/store/connection.ts:transact", "run"]],
  ["log", ["lib/daemon/log_sink.ts:#drain", "lib/text/escape.ts:escape"]],
  ["maintenance", ["lib/daemon/maintenance.ts:#pass", "lib/store/connection.ts:transact", "run"]],
  ["gc", ["(garbage collector)"]],
  ["runtime outside lib/", ["ext:core"]],
];

for (const [step, stack] of STEPS) {
  Deno.test(`a sample in ${stack.at(-1)} below ${stack[0]} counts for ${step}`, () => {
    assertEquals([...sumsOf(profileOf([stack]), ROOT).steps.keys()], [step]);
  });
}

Deno.test("waiting is left out, and the rest adds up", () => {
  const sums = sumsOf(profileOf([["(idle)"], [ENGINE], ["(program)"]]), ROOT);
  assert(isNear(sums.total, 0.002));
  const added = [...sums.steps.values()].reduce((sum, time) => sum + time, 0);
  assert(isNear(added, sums.total));
});

Deno.test("packages and the runtime count for the function of lib/ that calls them", () => {
  const stack = [`${RECORDS}:pending`, "lib/jsr/db_sqlite/statement.ts:values", "all"];
  const { modules, functions, outside } = sumsOf(profileOf([stack]), ROOT);
  assertEquals([...modules.keys()], ["lib/store"]);
  assertEquals([...functions.keys()], [`${RECORDS}:pending`]);
  assertEquals([...outside.keys()], ["all"]);
});
