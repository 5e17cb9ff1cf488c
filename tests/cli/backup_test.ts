import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openStore } from "../../lib/store/open.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { greylag, withDatabase } from "./database.ts";
import { pause } from "../eventually.ts";

const record = { origins: ["net:192.0.2.0/24"], firstSeen: 1, lastSeen: 2 };

Deno.test("a copy is a snapshot, readable by its owner only", async () => {
  await withDatabase(async (run, path) => {
    const store = openStore({ database: path, privacy: false });
    const put = (sender: string) =>
      store.greylist.exchange(() => [{
        kind: "relation",
        key: { sender, recipient: "b@example.net" },
        record,
      }]);
    for (let at = 0; at < 500; at++) await put(`s${at}@example.org`);
    const copy = `${path}.copy`;
    assertMatch((await run("backup", copy)).out, /^copied .* \(\d+ bytes\)\n$/);
    await put("later@example.org");
    store.close();
    assertEquals((await Deno.stat(copy)).mode! & 0o777, 0o600);
    const restored = openStore({ database: copy, privacy: false });
    assertEquals((await restored.size()).relations, 500);
    await restored.close();
  });
});

Deno.test("an existing file is not overwritten, and a failed copy leaves no file", async () => {
  await withDatabase(async (run, path) => {
    await Deno.writeTextFile(`${path}.there`, "mine");
    const { code, err } = await run("backup", `${path}.there`);
    assertEquals(code, 1);
    assertStringIncludes(err, "exists already");
    assertEquals(await Deno.readTextFile(`${path}.there`), "mine");
    const nowhere = await run("backup", "/nowhere/at/all.db");
    assertEquals(nowhere.code, 1);
    assertStringIncludes(nowhere.err, "/nowhere/at/all.db");
    assertEquals((await run("backup")).code, 2);
  });
  await inDirectory(async (directory) => {
    const { code, err } = await greylag(
      "backup",
      `${directory}/x`,
      `--database=${directory}/none.db`,
    );
    assertEquals(code, 1);
    assertStringIncludes(err, "no such file");
    assertEquals([...Deno.readDirSync(directory)], []);
  });
});

Deno.test("with privacy the key is copied too, so that the copy finds known triplets", async () => {
  await inDirectory(async (directory) => {
    const start = (database: string) =>
      Daemon.start([
        `--unix=${directory}/p`,
        `--database=${database}`,
        "--privacy",
        "--delay=1s",
        "--delay-suspicious=1s",
      ]);
    const daemon = await start(`${directory}/g.db`);
    assertStringIncludes(await daemon.ask(), "DEFER");
    const { code, err } = await Daemon.run(
      ["backup", `${directory}/copy.db`, `--database=${directory}/g.db`],
      undefined,
    );
    assertEquals([code, err], [0, ""]);
    await daemon.stop();
    await pause(1100);
    const restored = await start(`${directory}/copy.db`);
    assertStringIncludes(await restored.ask(), "PREPEND");
    await restored.stop();
  });
});
