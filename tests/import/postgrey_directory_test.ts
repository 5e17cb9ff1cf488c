import { assertEquals, assertThrows } from "@std/assert";
import { inspectPostgreyPath } from "../../lib/import/postgrey_directory.ts";
import { inDirectory } from "../daemon.ts";

/** The first bytes of a file of Berkeley DB. */
const BTREE = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x62, 0x31, 5, 0]);

Deno.test("a directory of databases, and each of them, has to be dumped first", async () => {
  await inDirectory(async (directory) => {
    const old = `${directory}/it's`;
    await Deno.mkdir(old);
    assertEquals(inspectPostgreyPath(old), { kind: "nothing" });
    await Deno.writeFile(`${old}/postgrey.db`, BTREE);
    const quoted = `'${directory}/it'\\''s'`;
    const triplets = `db_dump -h ${quoted} -p postgrey.db > triplets.txt`;
    for (const path of [old, `${old}/`, `${old}/postgrey.db`]) {
      assertEquals(inspectPostgreyPath(path), {
        kind: "databases",
        commands: [triplets],
        dumps: ["triplets.txt"],
      });
    }
    await Deno.writeFile(`${old}/postgrey_clients.db`, BTREE.toReversed());
    assertEquals(inspectPostgreyPath(old), {
      kind: "databases",
      commands: [triplets, `db_dump -h ${quoted} -p postgrey_clients.db > clients.txt`],
      dumps: ["triplets.txt", "clients.txt"],
    });
  });
});

Deno.test("dumps are found by their names, and other files are dumps", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeFile(`${directory}/postgrey.db`, BTREE);
    await Deno.writeTextFile(`${directory}/triplets.txt`, "VERSION=3\n");
    const dumps = (path: string) => ({ kind: "dumps", paths: [path] }) as const;
    assertEquals(inspectPostgreyPath(directory), dumps(`${directory}/triplets.txt`));
    const file = `${directory}/triplets.txt`;
    assertEquals(inspectPostgreyPath(file), dumps(file));
    assertEquals(inspectPostgreyPath("-"), dumps("-"));
    assertThrows(() => inspectPostgreyPath(`${directory}/missing`), Deno.errors.NotFound);
  });
});
