/**
 * Load on the status page for bench/page.ts: ten browsers with the overview open, and programs that poll
 * the API without a pause.
 *
 *     deno run --allow-net bench/visitors.ts BASE SECONDS
 *
 * @module
 */
import { pause } from "../tests/eventually.ts";

const BROWSERS = 10;
const POLLERS = 4;

const PATHS = ["decisions?limit=200", "waiting", "summary", "lost", "decisions?q=nobody"];

const [base, seconds] = Deno.args;
const signal = AbortSignal.timeout(Number(seconds) * 1000);
let pages = 0;
let calls = 0;

async function listen(): Promise<void> {
  const stream = await fetch(`${base}/api/v1/events`, { signal });
  for await (const _ of stream.body!) if (signal.aborted) return;
}

async function browse(): Promise<void> {
  const listening = listen().catch(() => {});
  while (!signal.aborted) {
    // The interval of live.js: two seconds, or ten times the duration of the last update.
    const begin = performance.now();
    await (await fetch(base!, { signal, headers: { "x-live": "1" } })).text();
    pages++;
    await pause(Math.max(2000, 10 * (performance.now() - begin)));
  }
  await listening;
}

async function poll(): Promise<void> {
  for (let at = 0; !signal.aborted; at++) {
    await (await fetch(`${base}/api/v1/${PATHS[at % PATHS.length]}`, { signal })).text();
    calls++;
  }
}

await Promise.allSettled([
  ...Array.from({ length: BROWSERS }, browse),
  ...Array.from({ length: POLLERS }, poll),
]);
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ pages, calls })));
Deno.exit(0);
