import { assertEquals, assertMatch } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const NOON = 1_800_000_000;

interface Clock {
  /** Asks at a moment, in seconds since the epoch, and tells what was answered. */
  at(second: number, sender: string): Promise<string>;
}

async function withClock(body: (clock: Clock) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
      "--accept-test-time",
      "--delay=5m",
    ]);
    await body({
      at: (second, sender) =>
        daemon.ask({ sender: `${sender}@example.org`, policy_test_time: String(second) }),
    });
    assertEquals(await daemon.stop(), 0);
  });
}

const WAITS = /DEFER.* in (\d+) seconds/;

const waitOf = (answer: string) => Number(WAITS.exec(answer)?.[1]);

Deno.test("a clock that jumps a day ahead shortens no wait by more than the jump, and loses nobody", async () => {
  await withClock(async ({ at }) => {
    assertEquals(waitOf(await at(NOON, "alice")), 300);
    assertMatch(await at(NOON + DAY, "alice"), /PREPEND/);
    assertMatch(await at(NOON + DAY + 1, "alice"), /DUNNO/);
    // Set right again, whoever was known stays known, and strangers wait as ever.
    assertMatch(await at(NOON + 60, "alice"), /DUNNO/);
    assertEquals(waitOf(await at(NOON + 60, "bob")), 300);
    assertEquals(waitOf(await at(NOON + 120, "bob")), 240);
  });
});

Deno.test("a clock that jumps a day back makes nobody wait for longer than the delay", async () => {
  await withClock(async ({ at }) => {
    assertEquals(waitOf(await at(NOON, "alice")), 300);
    assertEquals(waitOf(await at(NOON - DAY, "alice")), 300);
    assertMatch(await at(NOON - DAY + 301, "alice"), /PREPEND|DEFER/);
    // At the latest when the clock is right again.
    assertMatch(await at(NOON + 301, "alice"), /PREPEND|DUNNO/);
  });
});

Deno.test("a clock that is smeared, or goes forth and back, forgets nobody and refuses nobody", async () => {
  await withClock(async ({ at }) => {
    let second = NOON;
    const passes: string[] = [];
    await at(second, "alice");
    for (let turn = 0; turn < 200; turn++) {
      // Half a second lost in each, and every tenth time an hour back and forth.
      second += turn % 10 === 9 ? (turn % 20 === 9 ? -HOUR : HOUR) : 7;
      const answer = await at(second, "alice");
      assertMatch(answer, /^action=(?:DEFER|PREPEND|DUNNO)/);
      passes.push(/DEFER/.test(answer) ? "waits" : "passes");
    }
    assertEquals(passes.at(-1), "passes");
    const first = passes.indexOf("passes");
    assertEquals(passes.slice(first).filter((one) => one === "waits"), []);
  });
});
