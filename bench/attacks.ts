/**
 * `deno task bench:attacks`: the latency of one client during attacks by others, against its latency
 * alone, in turns in the same run.
 *
 * @module
 */
import { Daemon, inDirectory } from "../tests/daemon.ts";
import { pause } from "../tests/eventually.ts";
import {
  openAndClose,
  openConnections,
  sendGarbage,
  withBystander,
  writeSlowly,
} from "../tests/trouble/attacks.ts";
import { median, print } from "./report.ts";

const ROUNDS = 3;
/** Time without an attack, in milliseconds. */
const ALONE = 5000;

const ATTACKS: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "200 slow writers": (path) => writeSlowly(path, 200),
  "300 MB of garbage": (path) => sendGarbage(path, 300),
  "30,000 short connections": (path) => openAndClose(path, 30_000),
  "1,900 connections at once, five times": async (path) => {
    for (let turn = 0; turn < 5; turn++) {
      for (const client of await openConnections(path, 1900)) client.close();
      await pause(500);
    }
  },
};

await inDirectory(async (directory) => {
  const path = `${directory}/policy`;
  const daemon = await Daemon.start([
    `--unix=${path}`,
    `--database=${directory}/g.db`,
    "--request-timeout=2s",
  ]);
  print("p99 of one client, ms: alone, during the attack, ratio, its requests");
  for (const [name, attack] of Object.entries(ATTACKS)) {
    const [alone, during]: [number[], number[]] = [[], []];
    let count = 0;
    for (let round = 0; round < ROUNDS; round++) {
      alone.push((await withBystander(path, () => pause(ALONE))).p99);
      const result = await withBystander(path, () => attack(path));
      if (result.wrong > 0) throw new Error(`${name}: ${result.wrong} wrong replies`);
      during.push(result.p99);
      count += result.count;
    }
    const [first, second] = [median(alone), median(during)];
    print(
      `${name.padEnd(48)} ${first.toFixed(1).padStart(6)} ${second.toFixed(1).padStart(6)} ` +
        `${(second / first).toFixed(1).padStart(6)} ${String(count).padStart(6)}`,
    );
  }
  await daemon.stop();
});
