/**
 * A well-behaved client during an attack, in a process of its own so that the attacker does not slow it
 * down. Prints `connected` after its first reply, sends requests until standard input ends, then prints a `BystanderResult` (attacks.ts).
 *
 *     deno run tests/trouble/bystander.ts SOCKET
 *
 * @module
 */
import { pause } from "../eventually.ts";
import { clientOf, letters } from "./load.ts";

const client = await clientOf(Deno.args[0]!);
const latencies: number[] = [];
let wrong = 0;
let isOver = false;
const ending = (async () => {
  for await (const _ of Deno.stdin.readable) continue;
  isOver = true;
})();
for (let at = 0; !isOver; at++) {
  const begin = performance.now();
  const reply = await client.ask({
    sender: `bystander.${letters(Deno.pid)}.${letters(at)}@example.org`,
  });
  latencies.push(performance.now() - begin);
  if (!reply?.startsWith("action=DEFER")) wrong++;
  if (at === 0) Deno.stdout.writeSync(new TextEncoder().encode("connected\n"));
  await pause(5);
}
await ending;
client.close();
latencies.sort((a, b) => a - b);
const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
Deno.stdout.writeSync(
  new TextEncoder().encode(JSON.stringify({ p99, count: latencies.length, wrong })),
);
Deno.exit(0);
