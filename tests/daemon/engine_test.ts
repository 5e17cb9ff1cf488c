import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import type { SettingName } from "../../lib/config/settings.ts";
import { Counters } from "../../lib/daemon/counters.ts";
import { Engine } from "../../lib/daemon/engine.ts";
import { EventLog } from "../../lib/daemon/event_log.ts";
import { Events } from "../../lib/daemon/events.ts";
import { Lists } from "../../lib/daemon/lists.ts";
import { ListAuthorisation } from "../../lib/evidence/list_authorisation.ts";
import { listedName, type ListResolver } from "../../lib/dns/dnsbl.ts";
import { EvidenceService } from "../../lib/evidence/service.ts";
import { NOTHING } from "../../lib/greylist/memory.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { PolicyRequest } from "../../lib/postfix/request.ts";
import { Connection } from "../../lib/store/connection.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import type { GreylistStore, Store } from "../../lib/store/store.ts";
import type { Resolver } from "../../lib/spf/check_host.ts";
import { makePseudonym } from "../../lib/store/pseudonym.ts";
import { formatPair } from "../../lib/lists/pattern.ts";
import { resolverOf, slowly, type Zone } from "../spf/zone.ts";
import { reputation } from "../store/records.ts";
import { policyRequest } from "./request.ts";
import { settingsWith } from "./settings.ts";
import { pause } from "../eventually.ts";

type EngineStore = Pick<Store, "greylist" | "lists">;

function withExchange(inner: EngineStore, exchange: GreylistStore["exchange"]): EngineStore {
  return { greylist: { ...inner.greylist, exchange }, lists: inner.lists };
}

interface Setup {
  engine: Engine;
  lists: Lists;
  counters: Counters;
  lines: string[];
  ask(given?: Record<string, string>): Promise<string>;
  clock: { now: number };
  configure(changed: Partial<Record<SettingName, string>>): void;
}

/** One delay for all, so that most tests need no named client. */
const DELAYS = { delay: "60s", delay_suspicious: "60s" };

function setUp(
  settings: Partial<Record<SettingName, string>> = {},
  store: EngineStore = new SqliteStore(new Connection(":memory:")),
  zone: Zone = {},
  asked: string[] = [],
): Setup {
  return setUpWith(resolverOf(zone, asked), settings, store);
}

function setUpWith(
  resolver: Resolver & ListResolver,
  settings: Partial<Record<SettingName, string>> = {},
  store: EngineStore = new SqliteStore(new Connection(":memory:")),
): Setup {
  const daemon = settingsWith({ ...DELAYS, ...settings });
  const lines: string[] = [];
  const clock = { now: Date.UTC(2026, 0, 1) };
  const log = new EventLog(
    { write: (line) => lines.push(line), flush: () => Promise.resolve() },
    daemon.log,
    "priority",
    () => clock.now,
  );
  const counters = new Counters();
  const events = new Events();
  for (const subscriber of [log, counters]) events.subscribe((event) => subscriber.handle(event));
  const lists = new Lists(store.lists, daemon.lists, () => {});
  const evidence = new EvidenceService(
    resolver,
    daemon.evidence,
    { listState: () => {}, dropped: () => {} },
    (domain) => lists.wellKnownVia(domain),
    () => clock.now,
  );
  const engine = new Engine(
    store.greylist,
    lists,
    evidence,
    new ListAuthorisation(resolver, daemon.evidence.dnsWait),
    daemon.engine,
    (event) => events.publish(event),
    () => clock.now,
  );
  const ask = async (given?: Record<string, string>) => await engine.answer(policyRequest(given));
  const configure = (changed: Partial<Record<SettingName, string>>) =>
    engine.configure(settingsWith({ ...DELAYS, ...changed }).engine);
  return { engine, lists, counters, lines, ask, clock, configure };
}

Deno.test("a first attempt is deferred, its retry gets the header with the delay, its next message passes", async () => {
  const { ask, clock } = setUp();
  assertEquals(
    await ask(),
    "action=DEFER_IF_PERMIT 4.7.1 Greylisted, please try again in 60 seconds\n\n",
  );
  clock.now += 30_500;
  assertStringIncludes(await ask(), "again in 30 seconds");
  clock.now += 30_000;
  assertMatch(
    await ask({ instance: "2" }),
    /^action=PREPEND X-Greylist: delayed 60 seconds by gre/,
  );
  assertEquals(await ask({ instance: "3" }), "action=DUNNO\n\n");
});

Deno.test("recipient_delimiter makes extensions one recipient, and takes effect without a restart", async () => {
  const { ask, clock, configure } = setUp({ recipient_delimiter: "+-_" });
  assertStringIncludes(await ask({ recipient: "bob-shop@example.net" }), "DEFER_IF_PERMIT");
  clock.now += 60_000;
  const retry = await ask({ recipient: "Bob_bank+x@example.net", instance: "2" });
  assertStringIncludes(retry, "PREPEND");
  configure({ recipient_delimiter: "+" });
  const apart = { recipient: "eve-shop@example.net", sender: "carol@example.com" };
  assertStringIncludes(await ask(apart), "DEFER_IF_PERMIT");
  clock.now += 60_000;
  const other = { ...apart, recipient: "eve-bank@example.net", instance: "3" };
  assertStringIncludes(await ask(other), "DEFER_IF_PERMIT");
});

Deno.test("requests without a stage are greylisted, and reported once", async () => {
  const { ask, lines } = setUp();
  for (const sender of ["a@example.org", "b@example.org"]) {
    assertStringIncludes(await ask({ protocol_state: "", sender }), "DEFER_IF_PERMIT", sender);
  }
  const reports = lines.filter((line) => line.includes("no protocol_state"));
  assertEquals(reports.length, 1, lines.join("\n"));
  assertStringIncludes(reports[0]!, "<4>");
});

Deno.test("a request out of scope, or without a usable address, is answered DUNNO", async () => {
  const { ask, engine } = setUp();
  const table: Record<string, string>[] = [
    { request: "" },
    { request: "other" },
    { client_address: "" },
    { client_address: "unknown" },
    { client_address: "192.0.2" },
    { sasl_username: "alice" },
    { client_address: "127.0.0.1" },
    { protocol_state: "CONNECT" },
  ];
  for (const given of table) {
    assertEquals(await ask(given), "action=DUNNO\n\n", JSON.stringify(given));
  }
  assertEquals(await engine.answer(new PolicyRequest("")), "action=DUNNO\n\n");
});

Deno.test("requests of one turn share a transaction and see the changes of earlier ones", async () => {
  const inner = new SqliteStore(new Connection(":memory:"));
  let exchanges = 0;
  const store = withExchange(inner, (judge) => {
    exchanges++;
    return inner.greylist.exchange(judge);
  });
  const { ask, lines } = setUp({ spf: "off" }, store);
  await Promise.all([ask(), ask(), ask({ recipient: "carol@example.net" })]);
  assertEquals(exchanges, 1);
  assertEquals(lines.map((line) => /reason=(\w+)/.exec(line)?.[1]), ["new", "early", "new"]);
});

Deno.test("a verdict is answered only if the transaction that stores it commits", async () => {
  const inner = new SqliteStore(new Connection(":memory:"));
  let isFull = true;
  const store = withExchange(inner, (judge) => {
    if (!isFull) return inner.greylist.exchange(judge);
    judge(NOTHING);
    throw new DatabaseError("full", "/var/g.db", "database or disk is full");
  });
  const { ask, lines } = setUp({ spf: "off" }, store);
  assertEquals(await ask(), "action=DUNNO\n\n");
  assertEquals(lines, []);
  isFull = false;
  assertMatch(await ask(), /DEFER/);
  assertEquals(lines.map((line) => /reason=(\w+)/.exec(line)?.[1]), ["new"]);
});

Deno.test("requests that arrive during a transaction form the next batch", async () => {
  const inner = new SqliteStore(new Connection(":memory:"));
  const batches: number[] = [];
  const others: Promise<string>[] = [];
  const store = withExchange(inner, (judge) => {
    inner.greylist.exchange((memory) => {
      const changes = judge(memory);
      batches.push(changes.length);
      return changes;
    });
    if (others.length > 0) return;
    others.push(ask({ sender: "b@x.example" }), ask({ sender: "c@x.example" }));
  });
  const { ask } = setUp({ spf: "off", learn_outbound: "false" }, store);
  assertMatch(await ask(), /DEFER/);
  for (const reply of await Promise.all(others)) assertMatch(reply, /DEFER/);
  assertEquals(batches, [1, 2]);
});

Deno.test("a flood is answered completely and in order, and other work gets its turn meanwhile", async () => {
  const { ask } = setUp({ spf: "off" });
  const answered: number[] = [];
  const eviction = Array.from({ length: 1000 }, async (_, at) => {
    assertMatch(await ask({ sender: `s@${at}.example` }), /DEFER/);
    answered.push(at);
  });
  const before = await new Promise<number>((resolve) => {
    setTimeout(() => resolve(answered.length), 0);
  });
  assert(before > 0 && before < 1000, `${before} were answered first`);
  await Promise.all(eviction);
  assertEquals(answered, Array.from({ length: 1000 }, (_, at) => at));
});

Deno.test("a database error lets mail pass, counted as fault, without a log line for each request", async () => {
  const store = withExchange(new SqliteStore(new Connection(":memory:")), () => {
    throw new DatabaseError("full", "/var/g.db", "database or disk is full");
  });
  const { ask, counters, lines } = setUp({}, store);
  assertEquals(await Promise.all([ask(), ask()]), ["action=DUNNO\n\n", "action=DUNNO\n\n"]);
  assertEquals(counters.snapshot().reasons.fault, 2);
  assertEquals(lines, []);
});

Deno.test("a bug lets mail pass, and is logged once", async () => {
  const store = withExchange(new SqliteStore(new Connection(":memory:")), () => {
    throw new TypeError("undefined is not a function");
  });
  const { ask, lines } = setUp({}, store);
  assertEquals(await ask(), "action=DUNNO\n\n");
  assertEquals(await ask(), "action=DUNNO\n\n");
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0]!, "undefined is not a function");
});

Deno.test("shadow mode answers INFO and never defers", async () => {
  const { ask, lines } = setUp({ mode: "shadow" });
  assertMatch(await ask(), /^action=INFO greylag would have deferred this: new, 60 s to wait\n\n$/);
  assertStringIncludes(lines[0]!, "action=pass, reason=new");
  assertStringIncludes(lines[0]!, "shadow=greylist");
});

Deno.test("an allowed client passes, a blocked sender is rejected with 550, and hits are counted", async () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const { ask, lists, lines } = setUp({ builtin_list: "false" }, store);
  const common = { note: "", addedBy: "root", created: 1 };
  store.lists.add({ ...common, list: "allow", matchOn: "client", pattern: "192.0.2.0/24" });
  store.lists.add({ ...common, list: "block", matchOn: "sender", pattern: "mallory@example.org" });
  lists.refresh();
  assertEquals(await ask(), "action=DUNNO\n\n");
  // One of our own users matches as well, but it is not the list that decides.
  assertEquals(await ask({ sasl_username: "bob" }), "action=DUNNO\n\n");
  lines.pop();
  assertMatch(
    await ask({ sender: "Mallory@Example.org" }),
    /^action=550 5\.7\.1 Refused by the policy of this site\n\n$/,
  );
  assertStringIncludes(lines[0]!, "reason=allowed");
  assertStringIncludes(lines[1]!, "action=reject, reason=blocked");
  assertStringIncludes(lines[1]!, "by=entry:2");
  lists.flushHits();
  assertEquals(store.lists.entries().map(({ hits }) => hits), [1, 1]);
});

Deno.test("mail to postmaster passes by the built-in list, unless it is off", async () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const on = setUp({}, store);
  on.lists.refresh();
  assertEquals(await on.ask({ recipient: "postmaster" }), "action=DUNNO\n\n");
  assertEquals(await on.ask({ recipient: "Postmaster@example.net" }), "action=DUNNO\n\n");
  on.lists.flushHits();
  assertEquals(store.lists.ruleHits().map(({ rule, hits }) => [rule, hits]), [[
    "builtin:postmaster@",
    2,
  ]]);
  const off = setUp({ builtin_list: "false" });
  off.lists.refresh();
  assertStringIncludes(await off.ask({ recipient: "postmaster" }), "DEFER_IF_PERMIT");
});

Deno.test("policy_test_time counts only with accept_test_time", async () => {
  const trusting = setUp({ accept_test_time: "true" });
  assertStringIncludes(await trusting.ask({ policy_test_time: "1000" }), "DEFER_IF_PERMIT");
  assertStringIncludes(await trusting.ask({ policy_test_time: "1059" }), "in 1 seconds");
  assertStringIncludes(await trusting.ask({ policy_test_time: "1060" }), "delayed 60 seconds");
  assertEquals(trusting.engine.time, 1060 * 1000);
  const strict = setUp();
  await strict.ask({ policy_test_time: "1000" });
  assertStringIncludes(await strict.ask({ policy_test_time: "2000" }), "DEFER_IF_PERMIT");
});

Deno.test("twenty recipients of one message are deferred together and pass together", async () => {
  const { ask, clock } = setUp();
  const recipients = Array.from({ length: 20 }, (_, at) => `user${at}@example.net`);
  const all = (instance: string) =>
    Promise.all(recipients.map((recipient) => ask({ recipient, instance })));
  assert((await all("1")).every((reply) => reply.includes("DEFER_IF_PERMIT")));
  clock.now += 61_000;
  const replies = await all("2");
  assertEquals(replies.filter((reply) => reply.includes("PREPEND")).length, 1);
  assertEquals(replies.filter((reply) => reply === "action=DUNNO\n\n").length, 19);
});

Deno.test("every request is counted in exactly one reason", async () => {
  const { ask, clock, counters } = setUp();
  await ask();
  await ask();
  clock.now += 61_000;
  await ask();
  await ask();
  await ask({ sasl_username: "x" });
  const { reasons, decisions, requests } = counters.snapshot();
  assertEquals([reasons.new, reasons.early, reasons.retried, reasons.known], [1, 1, 1, 1]);
  assertEquals([reasons.authenticated, requests], [1, 5]);
  assertEquals(decisions, { pass: 3, defer: 2, reject: 0 });
});

const SPF_ZONE: Zone = {
  "example.org": { txt: ["v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"] },
  "broad.example": { txt: ["v=spf1 +all"] },
};

/** Two clients that have nothing in common but the SPF record of example.org. */
const HERE = { client_address: "192.0.2.10", client_name: "out.here.example" };
const THERE = { client_address: "198.51.100.7", client_name: "out.there.example" };

/** One without a verified name. */
const NAMELESS = { client_address: "192.0.2.10" };

/** Several turns, so that on a busy machine as well each timer of a lookup has its own. */
async function turns(count: number, milliseconds: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await pause(milliseconds);
}

/** Long enough for lookups of an in-memory resolver. */
const background = () => turns(10, 5);

Deno.test("a retry from another network of the domain passes after a background SPF lookup", async () => {
  const { ask, clock, counters } = setUp({}, undefined, SPF_ZONE);
  assertMatch(await ask(HERE), /DEFER/);
  await background();
  clock.now += 61_000;
  assertMatch(await ask({ ...THERE, instance: "2" }), /PREPEND X-Greylist: delayed 61 seconds/);
  assertEquals(await ask(HERE), "action=DUNNO\n\n");
  assertEquals(counters.snapshot().reasons.retried, 1);
});

Deno.test("all recipients of a message share the result of one SPF lookup", async () => {
  const { ask, clock } = setUp({}, undefined, SPF_ZONE);
  const recipients = ["a", "b", "c"].map((name) => ({ recipient: `${name}@example.net` }));
  await Promise.all(recipients.map((one) => ask({ ...HERE, ...one, instance: "1" })));
  await background();
  clock.now += 61_000;
  for (const one of recipients) {
    assertMatch(await ask({ ...THERE, ...one, instance: "" }), /PREPEND/);
  }
});

Deno.test("a forged sender, and a domain whose record authorises everybody, are deferred from each network", async () => {
  const { ask, clock } = setUp({}, undefined, SPF_ZONE);
  for (const sender of ["alice@example.org", "alice@broad.example", "alice@none.example"]) {
    for (const network of ["203.0.113.7", "203.0.112.7", "203.0.111.7"]) {
      assertMatch(await ask({ sender, client_address: network, instance: "" }), /DEFER/);
      await background();
      clock.now += 61_000;
    }
  }
});

Deno.test("DNS that does not answer costs no more than dns_wait, and the mail is greylisted", async () => {
  const zone: Zone = { "example.org": { txt: "timeout" } };
  const { ask, clock } = setUp({ spf: "pass", dns_wait: "50ms" }, undefined, zone);
  assertMatch(await ask(HERE), /DEFER/);
  clock.now += 61_000;
  assertMatch(await ask(HERE), /PREPEND/);
});

Deno.test("an spf: entry matches the clients that the domain's record authorises", async () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const asked: string[] = [];
  const { ask, lists } = setUp({}, store, SPF_ZONE, asked);
  const entry = { matchOn: "client", note: "", addedBy: "root", created: 0 } as const;
  store.lists.add({ ...entry, list: "allow", pattern: "spf:example.org" });
  lists.refresh();
  const other = { sender: "carol@example.com" };
  assertEquals(await ask({ ...HERE, ...other }), "action=DUNNO\n\n");
  assertEquals(await ask({ ...THERE, ...other }), "action=DUNNO\n\n");
  assertMatch(await ask({ client_address: "203.0.113.7", ...other }), /DEFER/);
  store.lists.add({ ...entry, list: "allow", pattern: "spf:dead.example" });
  lists.refresh();
  asked.length = 0;
  await ask({ client_address: "203.0.113.9", sasl_username: "bob" });
  await ask({ client_address: "203.0.113.9", protocol_state: "CONNECT" });
  assertEquals(asked, [], "no SPF lookup for local users or other stages");
  store.lists.add({ ...entry, list: "block", pattern: "192.0.2.10" });
  lists.refresh();
  assertMatch(await ask({ ...HERE, ...other }), /REJECT|550/);
});

Deno.test("a recipient's entry for a sender holds for its recipient where SPF passes", async () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const { ask, lists } = setUp({ mode: "all" }, store, SPF_ZONE);
  store.lists.add({
    list: "allow",
    matchOn: "pair",
    pattern: "alice@example.org bob@example.net spf:example.org",
    note: "",
    addedBy: "recipient bob@example.net",
    created: 0,
  });
  lists.refresh();
  const alice = { sender: "alice@example.org", recipient: "bob@example.net" };
  assertEquals(await ask({ ...HERE, ...alice }), "action=DUNNO\n\n");
  assertEquals(await ask({ ...THERE, ...alice }), "action=DUNNO\n\n");
  // Forged, and to or from somebody else.
  assertMatch(await ask({ client_address: "203.0.113.7", ...alice }), /DEFER/);
  assertMatch(await ask({ ...HERE, ...alice, recipient: "eve@example.net" }), /DEFER/);
  assertMatch(await ask({ ...HERE, ...alice, sender: "carol@example.org" }), /DEFER/);
});

Deno.test("hosts of a domain that local users write to are not greylisted", async () => {
  const { ask, engine, clock } = setUp({}, undefined, SPF_ZONE);
  await ask({
    client_address: "203.0.113.200",
    sasl_username: "bob",
    sender: "bob@example.net",
    recipient: "alice@example.org",
  });
  engine.settle();
  assertEquals(await ask(THERE), "action=DUNNO\n\n");
  const foreign = { ...THERE, client_address: "203.0.113.7", recipient: "eve@example.net" };
  assertMatch(await ask(foreign), /DEFER/);
  const nameless = { ...NAMELESS, recipient: "eve@example.net" };
  assertEquals(await ask(nameless), "action=DUNNO\n\n", "SPF names few addresses");
  const forged = { ...nameless, client_address: "203.0.113.8", sender: "x@example.org" };
  assertMatch(await ask(forged), /DEFER/);
  clock.now += 70 * 86_400_000;
  assertMatch(await ask({ ...HERE, recipient: "eve@example.net" }), /DEFER/);
});

Deno.test("in mode suspicious only clients with signals are greylisted", async () => {
  const { ask, counters } = setUp({ mode: "suspicious" }, undefined, SPF_ZONE);
  const good = { ...HERE, client_name: "mail.example.org", helo_name: "mail.example.org" };
  assertEquals(await ask(good), "action=DUNNO\n\n");
  assertEquals(counters.snapshot().reasons["low-suspicion"], 1);
  const bad = { client_address: "203.0.113.7", helo_name: "friend", sender: "x@none.example" };
  assertMatch(await ask(bad), /DEFER/);
});

/** The zone of a DNS list that works and lists these addresses. */
function blocklist(zone: string, listed: Readonly<Record<string, readonly string[]>> = {}): Zone {
  const entries = Object.entries({ "127.0.0.2": ["127.0.0.2"], ...listed });
  return Object.fromEntries(
    entries.map(([address, a]) => [listedName(parseAddress(address)!, zone), { a }]),
  );
}

const LISTED = ["127.0.0.2"];
const WITH_LISTS = { dns_lists: "bl.example", mode: "all" };
const NAMED = { ...HERE, client_name: "mail.example.org", helo_name: "mail.example.org" };
const LIST_QUERY = "10.2.0.192.bl.example";

const reasonOf = (line: string | undefined) => /reason=([\w-]+)/.exec(line ?? "")?.[1];

Deno.test("lists are asked at first contact, and afresh before a retry passes", async () => {
  const asked: string[] = [];
  const zone = { ...SPF_ZONE, ...blocklist("bl.example") };
  const { ask, clock, lines } = setUp(WITH_LISTS, undefined, zone, asked);
  assertMatch(await ask(NAMED), /DEFER/);
  assert(asked.includes(`a ${LIST_QUERY}`), asked.join());
  assert(!asked.some((query) => query.startsWith("fresh")), asked.join());
  clock.now += 61_000;
  asked.length = 0;
  assertMatch(await ask({ ...NAMED, instance: "2" }), /PREPEND/);
  assertEquals(asked, [`fresh ${LIST_QUERY}`]);
  asked.length = 0;
  assertEquals(await ask({ ...NAMED, instance: "3" }), "action=DUNNO\n\n");
  assertEquals(asked, [], "a known relation asks nothing");
  assertEquals(lines.map(reasonOf), ["new", "retried", "known"]);
});

Deno.test("evidence that the wait depends on is not yet a fresh look at the lists", async () => {
  const asked: string[] = [];
  const zone = { ...SPF_ZONE, ...blocklist("bl.example") };
  const settings = { ...WITH_LISTS, delay_suspicious: "5m" };
  const { ask, clock } = setUp(settings, undefined, zone, asked);
  assertMatch(await ask(NAMED), /in 60 seconds/);
  clock.now += 61_000;
  asked.length = 0;
  // Only evidence says that the shorter wait is enough.
  assertMatch(await ask({ ...NAMED, instance: "2" }), /PREPEND/);
  assertEquals(asked, [`a ${LIST_QUERY}`, `fresh ${LIST_QUERY}`]);
});

Deno.test("a client that a list names between its attempts is treated by the list's action", async () => {
  const table = [
    ["bl.example", /^action=554 5\.7\.1 .* listed by bl\.example$/m, "listed"],
    ["bl.example:defer", /DEFER/, "listed"],
    ["bl.example:accept", /PREPEND/, "retried"],
  ] as const;
  for (const [dns_lists, reply, reason] of table) {
    const zone = { ...SPF_ZONE, ...blocklist("bl.example") };
    const { ask, clock, lines } = setUp({ ...WITH_LISTS, dns_lists }, undefined, zone);
    assertMatch(await ask(NAMED), /DEFER/);
    Object.assign(zone, blocklist("bl.example", { "192.0.2.10": LISTED }));
    clock.now += 61_000;
    assertMatch(await ask({ ...NAMED, instance: "2" }), reply, dns_lists);
    assertEquals(reasonOf(lines.at(-1)), reason);
    if (reason === "listed") assertStringIncludes(lines.at(-1)!, "by=bl.example");
  }
});

Deno.test("a listed stranger waits the longer delay, and a silent list makes nobody wait longer", async () => {
  const listed = { ...SPF_ZONE, ...blocklist("bl.example", { "192.0.2.10": LISTED }) };
  const settings = { ...WITH_LISTS, delay_suspicious: "5m", dns_wait: "50ms" };
  assertMatch(await setUp(settings, undefined, listed).ask(NAMED), /in 300 seconds/);
  const silent: Zone = { ...SPF_ZONE, [LIST_QUERY]: { a: "silent" } };
  assertMatch(await setUp(settings, undefined, silent).ask(NAMED), /in 60 seconds/);
});

/** A store in which the client's address is auto-whitelisted. */
function withReputation(now: number): SqliteStore {
  const store = new SqliteStore(new Connection(":memory:"));
  const record = { retried: 9, abandoned: 0, total: 9, updated: now, lastSeen: now };
  store.greylist.exchange(() => [reputation("ip:192.0.2.10", record)]);
  return store;
}

const START = Date.UTC(2026, 0, 1);

/** First contacts that no test of a reputation counts as a sample. */
const without = (lines: readonly string[], reason: string) =>
  lines.filter((line) => reasonOf(line) !== reason).length;

Deno.test("an auto-whitelisted client is looked up in the lists afresh, and waits if it is listed", async () => {
  const asked: string[] = [];
  const zone = { ...SPF_ZONE, ...blocklist("bl.example") };
  const { ask, lines } = setUp(WITH_LISTS, withReputation(START), zone, asked);
  const recipients = Array.from({ length: 20 }, (_, at) => `user${at}@example.net`);
  const sender = "alice@example.com";
  for (const recipient of recipients) await ask({ ...NAMED, sender, recipient, instance: "" });
  const passed = 20 - without(lines, "auto-whitelisted");
  assert(passed >= 10, lines.join("\n"));
  assertEquals(asked.filter((query) => query === `fresh ${LIST_QUERY}`).length, 1);
  // This resolver has no cache for the rest of the half minute.
  assert(asked.filter((query) => query === `a ${LIST_QUERY}`).length >= passed - 1);
  Object.assign(zone, blocklist("bl.example", { "192.0.2.10": LISTED }));
  lines.length = 0;
  for (const recipient of recipients) {
    await ask({ ...NAMED, sender: "carol@example.com", recipient, instance: "" });
  }
  assertEquals(lines.map(reasonOf), recipients.map(() => "new"));
});

Deno.test("one first contact in fifty of an auto-whitelisted client is a sample, always the same ones", async () => {
  const samplesOf = async ({ ask, lines }: Setup) => {
    lines.length = 0;
    const deferred: number[] = [];
    for (let at = 0; at < 1000; at++) {
      const reply = await ask({ ...NAMED, recipient: `user${at}@example.net`, instance: "" });
      if (reply.includes("DEFER")) deferred.push(at);
    }
    return deferred;
  };
  const here = () => setUp({ spf: "off" }, withReputation(START));
  const one = here();
  const samples = await samplesOf(one);
  assert(samples.length >= 3 && samples.length <= 45, `${samples.length}`);
  // What passed is known now; the samples still wait, also after a change of the settings.
  one.configure({ spf: "off", greylist_text: "Later, please: %s" });
  assertEquals(await samplesOf(one), samples);
  assertNotEquals(await samplesOf(here()), samples);
});

for (const privacy of [false, true]) {
  const where = privacy ? " with hashes" : "";
  Deno.test(`late SPF is added to the pending triplet, for a retry from elsewhere${where}`, async () => {
    const pseudonym = privacy ? makePseudonym(new Uint8Array(32).fill(7)) : undefined;
    const store = new SqliteStore(new Connection(":memory:", { pseudonym }));
    const late = { by: 80 };
    const resolver = slowly(late, SPF_ZONE);
    const { ask, clock, lines, engine } = setUpWith(resolver, { dns_wait: "50ms" }, store);
    assertMatch(await ask(HERE), /DEFER/);
    // The record itself, and then its breadth.
    await turns(40, 10);
    late.by = 0;
    clock.now += 61_000;
    assertMatch(await ask({ ...THERE, instance: "2" }), /PREPEND/);
    assertStringIncludes(lines.at(-1)!, "reason=retried");
    assertStringIncludes(lines.at(-1)!, "spf:example.org");
    assertEquals(store.size().pending, 0);
    engine.settle();
  });
}

Deno.test("a resolver that throws costs no more than dns_wait", async () => {
  const broken = () => {
    throw new TypeError("no such function");
  };
  const resolver = {
    a: broken,
    aAfresh: broken,
    aaaa: broken,
    txt: broken,
    mx: broken,
    ptr: broken,
  };
  const { ask } = setUpWith(resolver, { ...WITH_LISTS, dns_wait: "50ms" });
  assertMatch(await ask(NAMED), /DEFER/);
});

const AT_DATA = { null_sender: "data", spf: "off", builtin_list: "false" };

/** Postfix gives no recipient at DATA if there are several. */
async function bounceTo(
  ask: Setup["ask"],
  recipients: readonly string[],
  instance: string,
  given: Record<string, string> = NAMELESS,
): Promise<string> {
  const common = { ...given, sender: "", instance };
  for (const recipient of recipients) {
    const reply = await ask({ ...common, recipient, recipient_count: "0" });
    if (reply.includes("550")) continue;
    assertEquals(reply, "action=DUNNO\n\n", "RCPT");
  }
  const recipient = recipients.length === 1 ? recipients[0]! : "";
  const count = String(recipients.length);
  return await ask({ ...common, protocol_state: "DATA", recipient, recipient_count: count });
}

const [BOB, CAROL, EVE] = ["bob@example.net", "carol@example.net", "eve@example.net"];

Deno.test("the null sender is decided at DATA for all recipients given at RCPT", async () => {
  const { ask, clock, lines } = setUp(AT_DATA);
  assertMatch(await bounceTo(ask, [BOB, CAROL], "1"), /DEFER/);
  clock.now += 61_000;
  assertMatch(await bounceTo(ask, [BOB, CAROL], "2"), /PREPEND/);
  assertEquals(await bounceTo(ask, [BOB], "3"), "action=DUNNO\n\n");
  assertEquals(await bounceTo(ask, [CAROL, BOB], "4"), "action=DUNNO\n\n");
  const decided = lines.map(reasonOf).filter((reason) => reason !== "out-of-scope");
  assertEquals(decided, ["new", "retried", "known", "known"]);
});

Deno.test("at DATA one recipient that is not known defers the message of an unnamed client", async () => {
  const { ask, clock } = setUp(AT_DATA);
  await bounceTo(ask, [BOB], "1");
  clock.now += 61_000;
  assertMatch(await bounceTo(ask, [BOB], "2"), /PREPEND/);
  assertMatch(await bounceTo(ask, [BOB, EVE], "3"), /DEFER/);
  clock.now += 61_000;
  assertMatch(await bounceTo(ask, [BOB, EVE], "4"), /PREPEND/);
});

Deno.test("messages of one network to other recipients share no triplet at DATA", async () => {
  const { ask, clock } = setUp(AT_DATA);
  assertMatch(await bounceTo(ask, [BOB, CAROL], "1"), /DEFER/);
  clock.now += 61_000;
  const neighbour = { client_address: "192.0.2.99" };
  assertMatch(await bounceTo(ask, [EVE, "dan@example.net"], "2", neighbour), /DEFER/);
  // Nor do those whose recipients are not known, such as after a restart.
  assertMatch(await bounceTo(ask, [], "3", neighbour), /DEFER/);
  clock.now += 61_000;
  await bounceTo(ask, [], "4", neighbour);
  assertMatch(await bounceTo(ask, [EVE, "dan@example.net"], "5"), /PREPEND/);
});

Deno.test("an instance of another client or sender lends no recipients", async () => {
  const { ask, clock } = setUp(AT_DATA);
  await bounceTo(ask, [BOB], "1");
  clock.now += 61_000;
  await bounceTo(ask, [BOB], "2");
  const data = { sender: "", protocol_state: "DATA", recipient: "" };
  await ask({ ...NAMELESS, sender: "", recipient: BOB, instance: "3" });
  assertMatch(await ask({ ...data, client_address: "192.0.2.11", instance: "3" }), /DEFER/);
  assertEquals(await ask({ ...NAMELESS, ...data, instance: "3" }), "action=DUNNO\n\n");
});

Deno.test("recipients a client the lists exempt do not count at DATA, and those they block neither", async () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const common = { note: "", addedBy: "root", created: 1 };
  store.lists.add({ ...common, list: "allow", matchOn: "recipient", pattern: CAROL });
  store.lists.add({ ...common, list: "block", matchOn: "recipient", pattern: EVE });
  const { ask, lists, clock } = setUp({ ...AT_DATA, opt_out: "dan@example.net" }, store);
  lists.refresh();
  const exempt = [CAROL, "dan@example.net"];
  assertEquals(await bounceTo(ask, exempt, "1"), "action=DUNNO\n\n");
  assertEquals(await bounceTo(ask, [CAROL], "2"), "action=DUNNO\n\n");
  assertMatch(await bounceTo(ask, [...exempt, BOB, EVE], "3"), /DEFER/);
  assertMatch(await bounceTo(ask, [BOB, ...exempt], "4"), /DEFER/);
  clock.now += 61_000;
  // The blocked recipient was refused at RCPT, and is none of the message's.
  assertMatch(await bounceTo(ask, [EVE, ...exempt, BOB], "5"), /PREPEND/);
});

Deno.test("a released bounce passes at DATA with recipients that are exempt", async () => {
  const store = new SqliteStore(new Connection(":memory:"));
  const { ask, lists } = setUp(AT_DATA, store);
  const release = { list: "release", matchOn: "pair", note: "", addedBy: "root" } as const;
  store.lists.add({ ...release, pattern: formatPair("", BOB), created: 1 });
  store.lists.add({ ...release, pattern: formatPair("", CAROL), created: 1 });
  lists.refresh();
  assertEquals(await bounceTo(ask, [BOB], "1"), "action=DUNNO\n\n");
  assertEquals(await bounceTo(ask, [BOB, CAROL], "2"), "action=DUNNO\n\n");
  assertMatch(await bounceTo(ask, [BOB, EVE], "3"), /DEFER/);
});

Deno.test("recipients of one retried message share it, those of the next message do not", async () => {
  const { ask, clock } = setUp({ spf: "off", auto_whitelist_clients: "0" });
  const to = (recipient: string, instance: string) => ask({ ...NAMED, recipient, instance });
  await to(BOB, "1");
  clock.now += 61_000;
  assertMatch(await to(BOB, "2"), /PREPEND/);
  assertEquals(await to(CAROL, "2"), "action=DUNNO\n\n");
  assertEquals(await to(BOB, "3"), "action=DUNNO\n\n");
  assertMatch(await to(EVE, "3"), /DEFER/);
});

Deno.test("in mode auto a stranger without signals passes only while a DNSBL answers", async () => {
  const working = { ...SPF_ZONE, ...blocklist("bl.example") };
  const silent: Zone = { ...working, [LIST_QUERY]: { a: "silent" } };
  const settings = { dns_lists: "bl.example", dns_wait: "50ms" };
  const on = setUp(settings, undefined, working);
  assertEquals(await on.ask(NAMED), "action=DUNNO\n\n");
  assertEquals(on.counters.snapshot().reasons["low-suspicion"], 1);
  assertMatch(await on.ask({ client_address: "203.0.113.7", helo_name: "friend" }), /DEFER/);
  assertMatch(await setUp(settings, undefined, silent).ask(NAMED), /DEFER/);
  assertMatch(await setUp({}, undefined, SPF_ZONE).ask(NAMED), /DEFER/);
});

Deno.test("a client that writes to a trap is deferred for a day, and loses its reputation; lists go first", async () => {
  const store = withReputation(START);
  const common = { matchOn: "recipient", note: "", addedBy: "root", created: 1 } as const;
  store.lists.add({ ...common, list: "trap", pattern: "old@example.net" });
  store.lists.add({ ...common, list: "allow", matchOn: "client", pattern: "192.0.2.20" });
  const { ask, lists, clock, lines } = setUp({ spf: "off", builtin_list: "false" }, store);
  lists.refresh();
  const trap = { recipient: "old@example.net", instance: "" };
  assertEquals(await ask({ ...trap, client_address: "192.0.2.20" }), "action=DUNNO\n\n");
  assertMatch(await ask({ ...NAMELESS, ...trap }), /in 86400 seconds/);
  assertMatch(await ask({ ...NAMELESS, instance: "" }), /DEFER/);
  assertEquals(lines.map(reasonOf), ["allowed", "trap", "trap"]);
  assertMatch(await ask({ client_address: "192.0.2.11", instance: "" }), /in 60 seconds/);
  clock.now += 86_400_000;
  assertMatch(await ask({ ...NAMELESS, recipient: "eve@example.net", instance: "" }), /DEFER/);
  assertEquals(reasonOf(lines.at(-1)), "new", "its reputation is gone");
});
