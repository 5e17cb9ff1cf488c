import { assertEquals, assertStringIncludes } from "@std/assert";
import { readListFiles } from "../../lib/admin/list_checks.ts";
import { ListFiles } from "../../lib/daemon/list_files.ts";
import { formatPattern } from "../../lib/lists/pattern.ts";
import { Connection } from "../../lib/store/connection.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import type { ListStore } from "../../lib/store/store.ts";
import { HOUR } from "../../lib/text/duration.ts";
import { inDirectory } from "../daemon.ts";
import { eventually } from "../eventually.ts";

function emptyStore(): ListStore {
  return new SqliteStore(new Connection(":memory:")).lists;
}

function watch(
  path: string,
  store: Pick<ListStore, "keptFiles" | "keepFiles">,
  emptyPeriod = HOUR,
) {
  const told: string[] = [];
  const clock = { now: 1000 };
  const settings = { whitelistClients: [path], whitelistRecipients: [] };
  const files = new ListFiles(
    store,
    settings,
    (event) => {
      told.push(
        event.kind === "list-read" ? `read ${event.entries}` : `failed, kept ${event.kept}`,
      );
    },
    emptyPeriod,
    () => clock.now,
  );
  const patterns = () =>
    files.rules.map(({ line, pattern }) => `${line} ${formatPattern(pattern)}`);
  return { files, told, patterns, settings, clock };
}

async function withFile(body: (path: string) => void | Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/clients`, "# mine\nexample.org\n/mail/\nunknown\n");
    await body(`${directory}/clients`);
  });
}

const ALL = ["2 example.org", "3 /mail/", "4 unknown"];

Deno.test("a file that vanishes keeps its entries, and is read again when it is back", async () => {
  await withFile(async (path) => {
    const { files, told, patterns } = watch(path, emptyStore());
    files.refresh();
    assertEquals(files.problems, []);
    await Deno.remove(path);
    files.refresh();
    files.refresh();
    assertEquals(patterns(), ALL);
    const why = "no such file or directory";
    assertEquals(files.problems, [{ path, why, since: 1000, kept: 3 }]);
    await Deno.writeTextFile(path, "192.0.2.1\n");
    files.refresh();
    assertEquals(patterns(), ["1 192.0.2.1"]);
    assertEquals(files.problems, []);
    assertEquals(told, ["read 3", "failed, kept 3", "read 1"]);
  });
});

Deno.test("a file without a valid entry keeps its entries for the period", async () => {
  for (const text of ["", "# no entry\n", "<html>\nnot found\n"]) {
    await withFile(async (path) => {
      const { files, told, patterns } = watch(path, emptyStore(), 60);
      files.refresh();
      await Deno.writeTextFile(path, text);
      files.refresh();
      assertEquals(patterns(), ALL);
      assertStringIncludes(files.problems[0]!.why, "the file has no valid entry");
      await eventually("the entries are dropped", () => {
        files.refresh();
        return files.problems.length === 0;
      });
      assertEquals(patterns(), []);
      assertEquals(told, ["read 3", "failed, kept 3", "read 0"]);
    });
  }
});

Deno.test("a reload drops the entries of a file that cannot be used", async () => {
  await withFile(async (path) => {
    const store = emptyStore();
    const { files, patterns, settings } = watch(path, store);
    files.refresh();
    files.store();
    await Deno.remove(path);
    files.configure(settings);
    files.store();
    assertEquals(patterns(), []);
    const problem = "no such file or directory";
    assertEquals(files.problems, [{ path, why: problem, since: 1000, kept: 0 }]);
    assertEquals(store.keptFiles(), [{ path, matchOn: "client", rules: [], problem, since: 1000 }]);
  });
});

Deno.test("entries are kept over a restart, with their line and meaning", async () => {
  await withFile(async (path) => {
    const store = emptyStore();
    const before = watch(path, store);
    before.files.refresh();
    before.files.store();
    await Deno.remove(path);
    before.files.refresh();
    before.files.store();
    const after = watch(path, store);
    after.clock.now = 9000;
    after.files.refresh();
    assertEquals(after.files.rules, before.files.rules);
    assertEquals(after.told, ["failed, kept 3"]);
    assertEquals(after.files.problems[0]!.since, 1000);
  });
});

Deno.test("entries kept in a database that opens late are used then", async () => {
  await withFile(async (path) => {
    const store = emptyStore();
    const before = watch(path, store);
    before.files.refresh();
    before.files.store();
    await Deno.remove(path);
    let works = false;
    const late = {
      keptFiles: () => {
        if (!works) throw new DatabaseError("io", "/g.db", "disk I/O error");
        return store.keptFiles();
      },
      keepFiles: store.keepFiles,
    };
    const after = watch(path, late);
    after.files.refresh();
    after.files.store();
    assertEquals(after.patterns(), []);
    works = true;
    after.files.refresh();
    after.files.store();
    assertEquals(after.patterns(), ALL);
    assertEquals(store.keptFiles()[0]!.rules.length, 3);
  });
});

Deno.test("files that the settings no longer name are not kept", async () => {
  await withFile((path) => {
    const store = emptyStore();
    const { files } = watch(path, store);
    files.refresh();
    files.store();
    assertEquals(store.keptFiles().length, 1);
    files.configure({ whitelistClients: [], whitelistRecipients: [] });
    files.store();
    assertEquals(store.keptFiles(), []);
  });
});

Deno.test("a pipe in place of a list file is not read", async () => {
  await withFile(async (path) => {
    await Deno.remove(path);
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const { files } = watch(path, emptyStore());
    files.refresh();
    assertEquals(files.problems.map(({ why }) => why), ["is a pipe, not a regular file"]);
    const [checked] = readListFiles({ whitelistClients: [path], whitelistRecipients: [] });
    assertEquals(checked?.problem, "is a pipe, not a regular file");
  });
});
