import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Database } from "@db/sqlite";
import { CleanUp, sh } from "../clean_up.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { clientOf, letters, report } from "./load.ts";

interface Setup {
  /** A small file system that contains only the database. */
  readonly disk: string;
  readonly database: string;
  readonly daemon: Daemon;
  /** The reply to a first contact. */
  ask(): Promise<string>;
  /** Waits until first contacts get a reply with this action. */
  until(action: string): Promise<void>;
  /** The obstacles that the health report names; empty for none. */
  obstacles(): Promise<string>;
}

const TMPFS = (disk: string) => `mount -t tmpfs -o size=3m tmpfs ${disk}`;

const EXT4 = (disk: string) =>
  `truncate -s 16M ${disk}.img && mkfs.ext4 -q ${disk}.img && ` +
  `mount -o loop,errors=remount-ro ${disk}.img ${disk}`;

// A container may have no loop devices.
const canMountFiles = await inDirectory(async (directory) => {
  await Deno.mkdir(`${directory}/disk`);
  try {
    await sh(`(${EXT4(`${directory}/disk`)}) && umount ${directory}/disk`);
    return true;
  } catch (error) {
    report(`skipped: cannot mount a file: ${error}`);
    return false;
  }
});

let asked = 0;

/** Runs a daemon on a disk of its own; needs root. */
async function withDisk(
  body: (setup: Setup) => Promise<void>,
  { make = TMPFS, before = () => "" }: Partial<Record<"make" | "before", typeof TMPFS>> = {},
): Promise<void> {
  await inDirectory(async (directory) => {
    const disk = `${directory}/disk`;
    await Deno.mkdir(disk);
    await using _unmounting = new CleanUp('! mountpoint -q "$1" || umount -l "$1"', disk);
    await sh(make(disk));
    await sh(before(disk));
    const path = `${directory}/policy`;
    const port = freePort();
    const database = `${disk}/data/g.db`;
    const daemon = await Daemon.start([
      `--unix=${path}`,
      `--database=${database}`,
      `--status=inet:${port}`,
    ]);
    await daemon.waitFor("status server on");
    const ask = async () => {
      using client = await clientOf(path);
      const reply = await client.ask({ sender: `s.${letters(asked++)}@example.org` });
      assert(reply !== undefined, "no reply");
      return reply;
    };
    try {
      await body({
        disk,
        database,
        daemon,
        ask,
        async until(action) {
          let last = "";
          await eventually(
            `the reply is ${action}`,
            async () => (last = await ask()).startsWith(`action=${action}`),
            { period: 100 },
            () => `${last}\n${daemon.log}`,
          );
        },
        async obstacles() {
          const response = await fetch(`http://127.0.0.1:${port}/api/v1/health`);
          const { obstacles } = await response.json();
          return obstacles.join("\n");
        },
      });
    } finally {
      await daemon.kill().catch(() => {});
    }
  });
}

const errorsIn = (log: string) => log.split("\n").filter((line) => line.includes(" error: "));

const FILL = (disk: string) => `cat /dev/zero > ${disk}/filling 2>/dev/null; true`;

Deno.test("a disk that fills up is logged once; mail passes until there is space", async () => {
  await withDisk(async ({ disk, daemon, ask, until, obstacles }) => {
    assertStringIncludes(await ask(), "DEFER");
    await sh(FILL(disk));
    await until("DUNNO");
    for (let at = 0; at < 200; at++) assertStringIncludes(await ask(), "DUNNO");
    assertMatch(await obstacles(), /full/);
    await eventually("the error is logged", () => errorsIn(daemon.log).length > 0);
    const errors = errorsIn(daemon.log);
    assertEquals(errors.length, 1, errors.join("\n"));
    assertMatch(errors[0]!, /full.*until then all mail passes/);
    await Deno.remove(`${disk}/filling`);
    await until("DEFER");
    await daemon.waitFor("the database works again");
    assertEquals(await obstacles(), "");
  });
});

Deno.test("a disk that is full at the start: mail passes until there is space", async () => {
  await withDisk(async ({ disk, ask, until, obstacles }) => {
    assertStringIncludes(await ask(), "DUNNO");
    assert((await obstacles()) !== "");
    await Deno.remove(`${disk}/filling`);
    await until("DEFER");
    assertEquals(await obstacles(), "");
  }, { before: FILL });
});

Deno.test({
  name: "a file system that becomes read-only: mail passes until it is repaired",
  // A file system with open files becomes read-only only through an error of its own.
  ignore: !canMountFiles,
  async fn() {
    await withDisk(async ({ disk, daemon, ask, until, obstacles }) => {
      assertStringIncludes(await ask(), "DEFER");
      const loop = (await sh(`losetup -n -O NAME -j ${disk}.img`)).trim().replace("/dev/", "");
      // The kernel does this when it detects corruption.
      await sh(`echo 1 > /sys/fs/ext4/${loop}/trigger_fs_error`);
      await until("DUNNO");
      for (let at = 0; at < 200; at++) assertStringIncludes(await ask(), "DUNNO");
      assertMatch(await obstacles(), /disk I\/O error; .* become read-only: see dmesg/);
      await eventually("the error is logged", () => errorsIn(daemon.log).length > 0);
      const errors = errorsIn(daemon.log);
      assertEquals(errors.length, 1, errors.join("\n"));
      // The administrator repairs the file system.
      await sh(
        `for turn in $(seq 100); do umount ${disk} 2>/dev/null && break; sleep 0.1; done; e2fsck -fy ${disk}.img >/dev/null; mount -o loop ${disk}.img ${disk}`,
      );
      await until("DEFER");
      await daemon.waitFor("the database works again");
      assertEquals(await obstacles(), "");
    }, { make: EXT4 });
  },
});

for (
  const [damage, inflict] of [
    ["deleted", (path: string) => sh(`rm -f ${path} ${path}-wal ${path}-shm`)],
    ["replaced by another", async (path: string) => {
      const other = new Database(`${path}.other`);
      other.exec("CREATE TABLE mine (x)");
      other.close();
      await sh(`rm -f ${path}-wal ${path}-shm; mv ${path}.other ${path}`);
    }],
    ["truncated", (path: string) => sh(`: > ${path}`)],
    ["cut in half", (path: string) => sh(`truncate -s 20000 ${path}`)],
    ["filled with noise", (path: string) => sh(`head -c 40000 /dev/urandom > ${path}`)],
    ["without its log", (path: string) => sh(`rm -f ${path}-wal`)],
    ["with a log of noise", (path: string) => sh(`head -c 40000 /dev/urandom > ${path}-wal`)],
  ] as const
) {
  Deno.test(`a database that is ${damage} while the daemon runs is recovered, and intact after a restart`, async () => {
    await withDisk(async ({ disk, database, daemon, ask, until, obstacles }) => {
      for (let at = 0; at < 50; at++) assertStringIncludes(await ask(), "DEFER");
      await inflict(database);
      for (let at = 0; at < 50; at++) {
        assertMatch(await ask(), /^action=(?:DUNNO|DEFER)/);
        await pause(5);
      }
      // The file is checked once a second; its contents are checked when they are read.
      await pause(1100);
      for (let at = 0; at < 20; at++) assertMatch(await ask(), /^action=(?:DUNNO|DEFER)/);
      if (damage.startsWith("replaced")) {
        await until("DUNNO");
        assertMatch(await obstacles(), /another program/);
        // Greylag does not touch the database of another program.
        await sh(`mkdir ${disk}/other; mv ${database}* ${disk}/other/`);
      }
      await until("DEFER");
      assertEquals(await obstacles(), "");
      const again = { sender: "again@example.org" };
      for (let turn = 0; turn < 2; turn++) assertStringIncludes(await daemon.ask(again), "DEFER");
      await daemon.waitFor(/reason=early.*sender=again@example\.org/);
      assert(errorsIn(daemon.log).length <= 4, daemon.log);
      assertEquals(await daemon.stop(), 0);
      const restarted = await Daemon.start([`--unix=${disk}/policy`, `--database=${database}`]);
      assertStringIncludes(await restarted.ask(again), "DEFER");
      // On close, SQLite copies the log into the database without recognising the noise.
      const found = damage === "with a log of noise"
        ? /reason=early.*sender=again|the corrupt database was kept as/
        : /reason=early.*sender=again/;
      await restarted.waitFor(found);
      assertEquals(await restarted.stop(), 0);
      const db = new Database(database);
      assertEquals(db.prepare("PRAGMA integrity_check").value(), ["ok"]);
      db.close();
    });
  });
}

Deno.test("a database that another process has locked: mail passes until it is released", async () => {
  await withDisk(async ({ database, daemon, ask, until, obstacles }) => {
    assertStringIncludes(await ask(), "DEFER");
    const locker = new Database(database);
    locker.exec("BEGIN EXCLUSIVE");
    await until("DUNNO");
    assertMatch(await obstacles(), /locked/);
    await eventually("the error is logged", () => errorsIn(daemon.log).length > 0);
    assertEquals(errorsIn(daemon.log).length, 1);
    locker.exec("ROLLBACK");
    locker.close();
    await until("DEFER");
    assertEquals(await obstacles(), "");
  });
});
