/**
 * Another client in a process of its own, so that the process that does the harm does not slow
 * it down: until its standard input ends; then it prints what it saw.
 *
 *     deno run tests/trouble/bystander.ts SOCKET
 *
 * @module
 */
import { Client, letters, pause } from "./load.ts";

const client = await Client.connect(Deno.args[0]!);
const latencies: number[] = [];
let wrong = 0;
let isOver = false;
const ending = (async () => {
  for await (const _ of Deno.stdin.readable) continue;
  isOver = true;
})();
for (let at = 0; !isOver; at++) {
  const begin = performance.now();
  const answer = await client.ask({
    sender: `bystander.${letters(Deno.pid)}.${letters(at)}@example.org`,
  });
  latencies.push(performance.now() - begin);
  if (!answer?.startsWith("action=DEFER")) wrong++;
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
