import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseAddress } from "../../lib/net/network.ts";
import { describeRule, Lists, type ListSettings } from "../../lib/daemon/lists.ts";
import { Connection } from "../../lib/store/connection.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import type { ListStore } from "../../lib/store/store.ts";
import { inDirectory } from "../daemon.ts";

const emptyStore = () => new SqliteStore(new Connection(":memory:"));

const NONE: ListSettings = {
  whitelistClients: [],
  whitelistRecipients: [],
  optIn: [],
  optOut: [],
  builtinList: false,
  recipientDelimiter: "+",
};

const TARGET = {
  address: parseAddress("192.0.2.10")!,
  name: "mail.example.org",
  organisation: "example.org",
  sender: "alice@example.org",
  recipient: "bob@example.net",
};

function listsWith(
  settings: Partial<ListSettings>,
  store: ListStore = emptyStore().lists,
) {
  const told: string[] = [];
  const lists = new Lists(store, { ...NONE, ...settings }, (event) => {
    told.push(
      event.kind === "list-failed"
        ? `${event.path} failed`
        : `${event.path} ${event.entries} ${event.errors.map(({ line }) => line)}`,
    );
  });
  const by = () => {
    const rule = lists.find(TARGET, Date.now()).decisive?.rule;
    return rule && describeRule(rule);
  };
  return { lists, told, by };
}

Deno.test("a refresh takes the entries that another process added or removed", () => {
  const store = emptyStore();
  const { lists, by } = listsWith({}, store.lists);
  lists.refresh();
  assertEquals(by(), undefined);
  const { id } = store.lists.add({
    list: "allow",
    matchOn: "client",
    pattern: "example.org",
    note: "",
    addedBy: "root",
    created: 1,
  });
  lists.refresh();
  assertEquals(by(), `entry ${id} (client example.org)`);
  store.lists.remove(id);
  lists.refresh();
  assertEquals(by(), undefined);
});

Deno.test("a list file is read, and reread when it changes", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/clients`;
    await Deno.writeTextFile(path, "# mine\nexample.org\nnot a name\n");
    const { lists, told, by } = listsWith({ whitelistClients: [path] });
    lists.refresh();
    lists.refresh();
    assertEquals(told, [`${path} 1 3`]);
    assertEquals(by(), `${path}:2 (example.org)`);
    await Deno.writeTextFile(path, "192.0.2\n");
    lists.refresh();
    assertEquals(by(), `${path}:1 (192.0.2.0/24)`);
  });
});

Deno.test("a file whose permissions change is reread", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/clients`;
    await Deno.writeTextFile(path, "example.org\n", { mode: 0o600 });
    const { lists, told } = listsWith({ whitelistClients: [path] });
    lists.refresh();
    await Deno.chmod(path, 0o644);
    lists.refresh();
    assertEquals(told, [`${path} 1 `, `${path} 1 `]);
  });
});

Deno.test("opt_in, opt_out and the built-in list come from the settings", () => {
  const { lists } = listsWith({ optOut: ["bob@example.net"] });
  lists.refresh();
  assertEquals(lists.find(TARGET, 0).optedIn, false);
  lists.configure({ ...NONE, builtinList: true });
  assertEquals(lists.find(TARGET, 0).optedIn, true);
  const postmaster = lists.find({ ...TARGET, recipient: "postmaster@example.net" }, 0);
  assertStringIncludes(describeRule(postmaster.decisive!.rule), "built-in list");
});

Deno.test("a database error leaves the lists unchanged", () => {
  const fault = (): never => {
    throw new DatabaseError("full", "/g.db", "disk is full");
  };
  const store = { ...emptyStore().lists, revision: fault, entries: fault, countHits: fault };
  const { lists } = listsWith({ optOut: ["bob@example.net"] }, store);
  lists.refresh();
  assertEquals(lists.find(TARGET, 0).optedIn, false);
  lists.flushHits();
});

const PAIR = "alice@example.org bob@example.net";

const BOUND = {
  ...TARGET,
  relationKeys: [{ sender: "alice@example.org", recipient: "bob@example.net" }],
  baseOrigins: { ip: "ip:192.0.2.10", org: "org:example.org", parent: undefined },
};

function withBound(pattern: string, list: "allow" | "block" = "allow", expires?: number) {
  const store = emptyStore();
  const entry = { note: "", addedBy: "recipient bob@example.net", created: 1 };
  const expiry = expires === undefined ? {} : { expires };
  store.lists.add({ list, matchOn: "pair", pattern, ...entry, ...expiry });
  const { lists } = listsWith({}, store.lists);
  lists.refresh();
  return { lists, store };
}

for (
  const [origin, target, decides] of [
    ["org:example.org", BOUND, true],
    ["ip:192.0.2.10", BOUND, true],
    ["spf:example.org", { ...BOUND, authorisedBy: new Set(["example.org"]) }, true],
    ["spf:example.org", BOUND, false],
    ["spf:example.org", { ...BOUND, authorisedBy: new Set(["example.com"]) }, false],
    ["org:example.com", BOUND, false],
    ["ip:192.0.2.1", BOUND, false],
    ["org:example.org", { ...BOUND, organisation: undefined }, false],
  ] as const
) {
  Deno.test(`a recipient's entry for ${origin} ${decides ? "matches" : "does not match"}`, () => {
    const { lists } = withBound(`${PAIR} ${origin}`);
    assertEquals(lists.find(target, 5).decisive?.rule.list, decides ? "allow" : undefined);
  });
}

Deno.test("a recipient's entry holds for its sender and recipient only, until it expires", () => {
  const { lists } = withBound(`${PAIR} org:example.org`, "block", 10);
  assertEquals(lists.find(BOUND, 9).decisive?.rule.list, "block");
  assertEquals(lists.find(BOUND, 10).decisive, undefined);
  for (
    const key of [
      { sender: "alice@example.org", recipient: "eve@example.net" },
      { sender: "eve@example.org", recipient: "bob@example.net" },
    ]
  ) {
    assertEquals(lists.find({ ...BOUND, relationKeys: [key] }, 9).decisive, undefined);
  }
});

Deno.test("a recipient's entry without an origin decides nothing", () => {
  assertEquals(withBound(PAIR).lists.find(BOUND, 5).decisive, undefined);
});

Deno.test("entries of the administrator come before those of a recipient", () => {
  const { lists, store } = withBound(`${PAIR} org:example.org`);
  const entry = { note: "", addedBy: "root", created: 1 };
  store.lists.add({
    list: "always-greylist",
    matchOn: "client",
    pattern: "192.0.2.0/24",
    ...entry,
  });
  lists.refresh();
  assertEquals(lists.find(BOUND, 5).decisive, undefined);
  store.lists.add({ list: "block", matchOn: "client", pattern: "192.0.2.0/24", ...entry });
  lists.refresh();
  assertEquals(lists.find(BOUND, 5).decisive?.rule.list, "block");
});

Deno.test("SPF is evaluated for the entries of the pair only", () => {
  const { lists } = withBound(`${PAIR} spf:example.org`);
  assertEquals(lists.spfDomainsFor(BOUND), ["example.org"]);
  const other = { sender: "eve@example.org", recipient: "bob@example.net" };
  assertEquals(lists.spfDomainsFor({ ...BOUND, relationKeys: [other] }), []);
});
