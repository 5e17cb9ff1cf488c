import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { SettingName } from "../../lib/config/settings.ts";
import { Counters } from "../../lib/daemon/counters.ts";
import { Engine } from "../../lib/daemon/engine.ts";
import { EventLog } from "../../lib/daemon/event_log.ts";
import { Events } from "../../lib/daemon/events.ts";
import { Lists } from "../../lib/daemon/lists.ts";
import { ListAuthorisation } from "../../lib/evidence/list_authorisation.ts";
import { EvidenceService } from "../../lib/evidence/service.ts";
import { PolicyRequest } from "../../lib/postfix/request.ts";
import { Connection } from "../../lib/store/connection.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import type { GreylistStore, Store } from "../../lib/store/store.ts";
import { resolverOf, type Zone } from "../spf/zone.ts";
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
}

function setUp(
  settings: Partial<Record<SettingName, string>> = {},
  store: EngineStore = new SqliteStore(new Connection(":memory:")),
  zone: Zone = {},
  asked: string[] = [],
): Setup {
  const daemon = settingsWith(settings);
  const lines: string[] = [];
  const clock = { now: Date.UTC(2026, 0, 1) };
  const log = new EventLog(
    { write: (line) => lines.push(line()), flush: () => Promise.resolve() },
    daemon.log,
    "priority",
    () => clock.now,
  );
  const counters = new Counters();
  const events = new Events();
  for (const subscriber of [log, counters]) events.subscribe((event) => subscriber.handle(event));
  const lists = new Lists(store.lists, daemon.lists, () => {});
  const resolver = resolverOf(zone, asked);
  const evidence = new EvidenceService(resolver, daemon.evidence, {
    listDisabled: () => {},
    dropped: () => {},
  });
  const engine = new Engine(
    store.greylist,
    lists,
    evidence,
    new ListAuthorisation(resolver, daemon.evidence.dnsWait),
    daemon.engine,
    (event) => events.publish(event),
    () => clock.now,
  );
  const ask = (given?: Record<string, string>) => engine.answer(policyRequest(given));
  return { engine, lists, counters, lines, ask, clock };
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
  const store = withExchange(inner, (keys, judge) => {
    exchanges++;
    return inner.greylist.exchange(keys, judge);
  });
  const { ask, lines } = setUp({}, store);
  await Promise.all([ask(), ask(), ask({ recipient: "carol@example.net" })]);
  assertEquals(exchanges, 1);
  assertEquals(lines.map((line) => /reason=(\w+)/.exec(line)?.[1]), ["new", "early", "new"]);
});

Deno.test("a verdict is answered only if the transaction that stores it commits", async () => {
  const inner = new SqliteStore(new Connection(":memory:"));
  let isFull = true;
  const store = withExchange(inner, (keys, judge) => {
    if (!isFull) return inner.greylist.exchange(keys, judge);
    judge({ triplets: new Map(), origins: new Map() });
    throw new DatabaseError("full", "/var/g.db", "database or disk is full");
  });
  const { ask, lines } = setUp({}, store);
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
  const store = withExchange(inner, (keys, judge) => {
    batches.push(keys.length);
    inner.greylist.exchange(keys, judge);
    if (others.length > 0) return;
    others.push(ask({ sender: "b@x.example" }), ask({ sender: "c@x.example" }));
  });
  const { ask } = setUp({ spf: "off", learn_outbound: "false" }, store);
  assertMatch(await ask(), /DEFER/);
  for (const reply of await Promise.all(others)) assertMatch(reply, /DEFER/);
  assertEquals(batches, [1, 2]);
});

Deno.test("a flood is answered completely and in order, and other work gets its turn meanwhile", async () => {
  const { ask } = setUp();
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

const HERE = { client_address: "192.0.2.10" };
const THERE = { client_address: "198.51.100.7" };

/** Long enough for lookups of an in-memory resolver. */
const background = () => pause(50);

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
  assertMatch(await ask({ client_address: "203.0.113.7", recipient: "eve@example.net" }), /DEFER/);
  clock.now += 40 * 86_400_000;
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
