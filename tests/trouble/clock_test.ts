import { assertEquals, assertMatch } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { connectTo, pause, request } from "./load.ts";

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
    // After the clock is set right, known triplets stay known and new ones wait.
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

/** Where Debian's package faketime keeps its library. */
const FAKETIME = `/usr/lib/${Deno.build.arch}-linux-gnu/faketime/libfaketimeMT.so.1`;

interface RealClock {
  readonly daemon: Daemon;
  readonly path: string;
  /** Sets the clock of the daemon, and no other, to so much before or after the real one. */
  set(offset: string): Promise<void>;
}

/** A daemon whose clock can be set as `date --set` would, while its monotonic clock goes on. */
async function withRealClock(body: (clock: RealClock) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const file = `${directory}/clock`;
    await Deno.writeTextFile(file, "+0\n");
    const path = `${directory}/policy`;
    const daemon = await Daemon.start(
      [`--unix=${path}`, `--database=${directory}/g.db`, "--delay=2s", "--request-timeout=3s"],
      "nobody",
      {
        LD_PRELOAD: FAKETIME,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
        DONT_FAKE_MONOTONIC: "1",
      },
    );
    await body({
      daemon,
      path,
      async set(offset) {
        await Deno.writeTextFile(`${file}.new`, `${offset}\n`);
        await Deno.rename(`${file}.new`, file);
      },
    });
    assertEquals(await daemon.stop(), 0);
  });
}

const sender = (name: string) => ({ sender: `${name}@example.org` });

for (const [what, offset] of [["ahead", "+1d"], ["back", "-1d"]] as const) {
  Deno.test(`the daemon's own clock jumps a day ${what}: who waits, who is known, what is timed and who is connected`, async () => {
    await withRealClock(async ({ daemon, path, set }) => {
      assertMatch(await daemon.ask(sender("known")), /DEFER/);
      await pause(2500);
      assertMatch(await daemon.ask(sender("known")), /PREPEND/);
      assertMatch(await daemon.ask(sender("waits")), /DEFER/);
      // Somebody is in the middle of a request, and somebody says half of one and nothing more.
      const bytes = request(sender("known"));
      const [middle, half] = [await connectTo(path), await connectTo(path)];
      await middle.write(bytes.subarray(0, 100));
      await half.write(bytes.subarray(0, 100));

      await set(offset);
      const today = new Date(Date.now() + (offset === "+1d" ? DAY : -DAY) * 1000);
      assertMatch(await daemon.ask(sender("known")), /DUNNO/);
      await daemon.waitFor(new RegExp(`${today.toISOString().slice(0, 11)}.*reason=known`));
      const answer = await daemon.ask(sender("waits"));
      if (offset === "+1d") assertMatch(answer, /PREPEND/);
      else assertMatch(answer, /DEFER.* in [12] seconds/);
      assertMatch(await daemon.ask(sender("stranger")), /DEFER.* in 2 seconds/);

      await middle.write(bytes.subarray(100));
      const buffer = new Uint8Array(1000);
      const count = await middle.read(buffer);
      assertMatch(new TextDecoder().decode(buffer.subarray(0, count ?? 0)), /DUNNO/);
      middle.close();
      // Cut off by the time that passes, and not by the clock.
      assertEquals(await half.read(buffer).catch(() => null), null);
      half.close();
      await daemon.waitFor("a request that was not finished within 3 s");

      // Long enough by any clock.
      await pause(2500);
      assertMatch(await daemon.ask(sender("waits")), /DUNNO|PREPEND/);
      assertMatch(await daemon.ask(sender("stranger")), /PREPEND/);
      await set("+0");
      for (const name of ["known", "waits", "stranger"]) {
        assertMatch(await daemon.ask(sender(name)), /DUNNO|PREPEND/);
      }
      assertMatch(await daemon.ask(sender("another")), /DEFER.* in 2 seconds/);
    });
  });
}
