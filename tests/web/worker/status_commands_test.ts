import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { StatusCommands } from "../../../lib/web/worker/status_commands.ts";
import { RefusedError } from "../../../lib/web/worker/status_queries.ts";
import { HOUR, MINUTE } from "../../../lib/text/duration.ts";
import { recordDeferral, withPage } from "../page.ts";

Deno.test("each change is reported with its author", async () => {
  await withPage((page) => {
    const { service: { commands }, events } = page;
    recordDeferral(page, "alice@example.org");
    commands.release(1, "ann");
    const { id } = commands.add({ list: "block", pattern: "b.example", note: "" }, "api x");
    commands.edit(id, { note: "n" }, "ann");
    commands.remove(id, "ann");
    const reports = events.map((event) => event.kind === "changed" ? [event.by, event.what] : []);
    assertEquals(reports, [
      ["ann", "entry 1: release alice@example.org to bob@example.net"],
      ["api x", `entry ${id}: block client b.example`],
      ["ann", `entry ${id}: block client b.example`],
      ["ann", `removed entry ${id}: block client b.example`],
    ]);
    return Promise.resolve();
  });
});

Deno.test("an exemption allows a recipient for 15 minutes, or the given time", async () => {
  await withPage(({ service: { commands }, clock }) => {
    const lifetimeOf = (given?: number) => {
      const entry = commands.exempt("bob@example.net", given, "", "test");
      assertEquals([entry.list, entry.matchOn], ["allow", "recipient"]);
      return entry.expires! - clock.now;
    };
    assertEquals([lifetimeOf(), lifetimeOf(HOUR)], [15 * MINUTE, HOUR]);
    return Promise.resolve();
  });
});

Deno.test("an edit replaces note and expiry, and restore undoes it", async () => {
  await withPage(({ service: { commands, queries }, clock }) => {
    const before = commands.add(
      { list: "allow", pattern: "a.example", note: "old", lifetime: HOUR },
      "test",
    );
    const { note, expires } = commands.edit(before.id, { note: "new" }, "test");
    assertEquals([note, expires], ["new", undefined]);
    commands.restore(before, "test");
    const restored = queries.entry(before.id);
    assertEquals([restored.note, restored.expires], ["old", clock.now + HOUR]);
    return Promise.resolve();
  });
});

Deno.test("invalid entries are refused", async () => {
  await withPage(({ service: { commands }, store }) => {
    const table = [
      [{ list: "allow", pattern: "not a name" }, "not an address"],
      [{ list: "allow", pattern: "/a/" }, "a regular expression needs a type"],
      [{ list: "always-greylist", pattern: "a@b.example" }, "takes clients only"],
      [{ list: "block", pattern: "0.0.0.0/0" }, "covers every IPv4 address"],
    ] as const;
    for (const [entry, message] of table) {
      assertThrows(() => commands.add({ ...entry, note: "" }, "test"), RefusedError, message);
    }
    assertThrows(() => commands.release(77, "test"), RefusedError, "no deferred message 77");
    assertEquals(store.lists.entries(), []);
    return Promise.resolve();
  });
});

Deno.test("a preview names the problem for which an entry would be refused", async () => {
  await withPage(({ service: { commands } }) => {
    const table = [
      [{ list: "always-greylist", pattern: "a@b.example" }, "always-greylist takes clients only"],
      [{ list: "trap", pattern: "192.0.2.1" }, "trap takes recipients only"],
      [{ list: "always-greylist", pattern: "192.0.2.0/24" }, undefined],
    ] as const;
    for (const [entry, problem] of table) assertEquals(commands.preview(entry).problem, problem);
    const breadth = (list: "allow" | "block" | "always-greylist") =>
      commands.preview({ list, pattern: "0.0.0.0/0" }).breadth;
    assertEquals(breadth("allow"), "every IPv4 address");
    assertEquals(breadth("block"), "every IPv4 address");
    assertEquals(breadth("always-greylist"), undefined);
    return Promise.resolve();
  });
});

Deno.test("a note is cut at 500 characters", async () => {
  await withPage(({ service: { commands } }) => {
    const wanted = { list: "allow", pattern: "a.example", note: "x".repeat(600) } as const;
    assertEquals(commands.add(wanted, "test").note.length, 500);
    return Promise.resolve();
  });
});

Deno.test("a preview says why the history cannot tell the effect", async () => {
  const list = "block" as const;
  const effect = (commands: StatusCommands, pattern: string) =>
    commands.preview({ list, pattern }).effect;
  await withPage(({ service: { commands } }) => {
    assertStringIncludes(effect(commands, "spf:example.org"), "The history has no SPF records");
    return Promise.resolve();
  });
  await withPage(({ service: { commands } }) => {
    assertEquals(
      effect(commands, "192.0.2.0/24"),
      "With privacy = true the history has hashes instead of addresses, so that it cannot tell " +
        "which mail the entry would have matched.",
    );
    return Promise.resolve();
  }, { privacy: true });
});

Deno.test("with privacy nothing can be released by its number", async () => {
  await withPage((page) => {
    recordDeferral(page, "alice@example.org");
    const release = () => page.service.commands.release(1, "test");
    assertEquals(assertThrows(release, RefusedError, "only hashes").status, 409);
    return Promise.resolve();
  }, { privacy: true });
});
