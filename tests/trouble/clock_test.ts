import { assertEquals, assertMatch } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { pause } from "../eventually.ts";
import { requestBytes } from "../policy_client.ts";
import { connectTo } from "./load.ts";

/** Seconds. */
const HOUR = 3600;
const DAY = 24 * HOUR;
/** Seconds since the epoch. */
const NOON = 1_800_000_000;

interface Clock {
  /** Sends a request at a time, in seconds since the epoch. */
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

const waitOf = (reply: string) => Number(/DEFER.* in (\d+) seconds/.exec(reply)?.[1]);

Deno.test("a clock a day ahead shortens a wait by no more than the jump, and no known triplet is lost", async () => {
  await withClock(async ({ at }) => {
    assertEquals(waitOf(await at(NOON, "alice")), 300);
    assertMatch(await at(NOON + DAY, "alice"), /PREPEND/);
    assertMatch(await at(NOON + DAY + 1, "alice"), /DUNNO/);
    // The clock is corrected: known stays known, and a first contact waits the whole delay.
    assertMatch(await at(NOON + 60, "alice"), /DUNNO/);
    assertEquals(waitOf(await at(NOON + 60, "bob")), 300);
    assertEquals(waitOf(await at(NOON + 120, "bob")), 240);
  });
});

Deno.test("a clock a day behind extends no wait beyond the delay", async () => {
  await withClock(async ({ at }) => {
    assertEquals(waitOf(await at(NOON, "alice")), 300);
    assertEquals(waitOf(await at(NOON - DAY, "alice")), 300);
    assertMatch(await at(NOON - DAY + 301, "alice"), /PREPEND|DEFER/);
    // The clock is corrected.
    assertMatch(await at(NOON + 301, "alice"), /PREPEND|DUNNO/);
  });
});

Deno.test("a clock that is smeared or jumps an hour back and forth loses no triplet and rejects no mail", async () => {
  await withClock(async ({ at }) => {
    let second = NOON;
    const decisions: string[] = [];
    await at(second, "alice");
    for (let turn = 0; turn < 200; turn++) {
      // Seven seconds each turn, and every tenth an hour back or forth.
      second += turn % 10 === 9 ? (turn % 20 === 9 ? -HOUR : HOUR) : 7;
      const reply = await at(second, "alice");
      assertMatch(reply, /^action=(?:DEFER|PREPEND|DUNNO)/);
      decisions.push(/DEFER/.test(reply) ? "defer" : "pass");
    }
    assertEquals(decisions.at(-1), "pass");
    assertEquals(decisions.slice(decisions.indexOf("pass")).includes("defer"), false);
  });
});

/** The library of Debian's package faketime. */
const FAKETIME = `/usr/lib/${Deno.build.arch}-linux-gnu/faketime/libfaketimeMT.so.1`;

interface RealClock {
  readonly daemon: Daemon;
  readonly path: string;
  /** Sets the offset of the daemon's clock from the real one. */
  set(offset: string): Promise<void>;
}

/** A daemon whose clock is set as by `date --set`: its monotonic clock is not affected. */
async function withRealClock(body: (clock: RealClock) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const file = `${directory}/clock`;
    await Deno.writeTextFile(file, "+0\n");
    const path = `${directory}/policy`;
    const daemon = await Daemon.start(
      [
        `--unix=${path}`,
        `--database=${directory}/g.db`,
        "--delay=2s",
        "--delay-suspicious=2s",
        "--request-timeout=3s",
      ],
      {
        environment: {
          LD_PRELOAD: FAKETIME,
          FAKETIME_TIMESTAMP_FILE: file,
          FAKETIME_NO_CACHE: "1",
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
          DONT_FAKE_MONOTONIC: "1",
        },
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

for (const [direction, offset] of [["forward", "+1d"], ["back", "-1d"]] as const) {
  Deno.test(`the system clock jumps a day ${direction}: pending and known triplets, timeouts and connections survive`, async () => {
    await withRealClock(async ({ daemon, path, set }) => {
      assertMatch(await daemon.ask(sender("known")), /DEFER/);
      await pause(2500);
      assertMatch(await daemon.ask(sender("known")), /PREPEND/);
      assertMatch(await daemon.ask(sender("pending")), /DEFER/);
      // One request is completed after the jump, one never.
      const bytes = requestBytes(sender("known"));
      const [completed, half] = [await connectTo(path), await connectTo(path)];
      await completed.write(bytes.subarray(0, 100));
      await half.write(bytes.subarray(0, 100));

      await set(offset);
      const today = () =>
        new Date(Date.now() + (offset === "+1d" ? DAY : -DAY) * 1000).toISOString().slice(0, 11);
      const before = today();
      assertMatch(await daemon.ask(sender("known")), /DUNNO/);
      // Midnight may be between the two.
      await daemon.waitFor(new RegExp(`(?:${before}|${today()}).*reason=known`));
      const reply = await daemon.ask(sender("pending"));
      if (offset === "+1d") assertMatch(reply, /PREPEND/);
      else assertMatch(reply, /DEFER.* in [12] seconds/);
      assertMatch(await daemon.ask(sender("new")), /DEFER.* in 2 seconds/);

      await completed.write(bytes.subarray(100));
      const buffer = new Uint8Array(1000);
      const count = await completed.read(buffer);
      assertMatch(new TextDecoder().decode(buffer.subarray(0, count ?? 0)), /DUNNO/);
      completed.close();
      // The timeout uses the monotonic clock.
      assertEquals(await half.read(buffer).catch(() => null), null);
      half.close();
      await daemon.waitFor("a request that was not finished within 3 s");

      // Longer than the delay by either clock.
      await pause(2500);
      assertMatch(await daemon.ask(sender("pending")), /DUNNO|PREPEND/);
      assertMatch(await daemon.ask(sender("new")), /PREPEND/);
      await set("+0");
      for (const name of ["known", "pending", "new"]) {
        assertMatch(await daemon.ask(sender(name)), /DUNNO|PREPEND/);
      }
      assertMatch(await daemon.ask(sender("another")), /DEFER.* in 2 seconds/);
    });
  });
}
