/**
 * `deno task bench:harm`: latency of one client while others do harm and while it is alone, in turns
 * in the same run. The executable dist/greylag is measured if it is there, else the source.
 *
 * @module
 */
import { Daemon, inDirectory } from "../tests/daemon.ts";
import { bystander, comeAndGo, eviction, pourRubbish, writeSlowly } from "../tests/trouble/harm.ts";
import { pause } from "../tests/trouble/load.ts";

const ROUNDS = 3;
const ALONE = 5000;

const HARMS: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "200 slow writers": (path) => writeSlowly(path, 200),
  "300 MB of rubbish": (path) => pourRubbish(path, 300),
  "30,000 connections that come and go": (path) => comeAndGo(path, 30_000),
  "1,900 connections that ask at once, five times": async (path) => {
    for (let turn = 0; turn < 5; turn++) {
      for (const client of await eviction(path, 1900)) client.close();
      await pause(500);
    }
  },
};

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

await inDirectory(async (directory) => {
  const path = `${directory}/policy`;
  const daemon = await Daemon.start([
    `--unix=${path}`,
    `--database=${directory}/g.db`,
    "--request-timeout=2s",
  ]);
  const print = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  print("p99 of one client, ms: alone, beside, ratio, its requests");
  for (const [name, harm] of Object.entries(HARMS)) {
    const [alone, beside]: [number[], number[]] = [[], []];
    let count = 0;
    for (let round = 0; round < ROUNDS; round++) {
      alone.push((await bystander(path, () => pause(ALONE))).p99);
      const fared = await bystander(path, () => harm(path));
      if (fared.wrong > 0) throw new Error(`${name}: ${fared.wrong} wrong answers`);
      beside.push(fared.p99);
      count += fared.count;
    }
    const [first, second] = [median(alone), median(beside)];
    print(
      `${name.padEnd(48)} ${first.toFixed(1).padStart(6)} ${second.toFixed(1).padStart(6)} ` +
        `${(second / first).toFixed(1).padStart(6)} ${String(count).padStart(6)}`,
    );
  }
  await daemon.stop();
});
