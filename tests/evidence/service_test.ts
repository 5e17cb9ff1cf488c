import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { listedName, type ListResolver, parseDnsList } from "../../lib/dns/dnsbl.ts";
import { BACKGROUND_LIMITS } from "../../lib/evidence/scheduler.ts";
import { EvidenceService, type EvidenceSettings, type Report } from "../../lib/evidence/service.ts";
import { SIGNAL_WEIGHTS } from "../../lib/evidence/signals.ts";
import { type Attempt, makeAttempt } from "../../lib/greylist/attempt.ts";
import { parseAddress } from "../../lib/net/network.ts";
import type { Resolver } from "../../lib/spf/check_host.ts";
import { DAY, HOUR, MINUTE } from "../../lib/text/duration.ts";
import { eventually, pause } from "../eventually.ts";
import { type Names, resolverOf, slowly, type Zone } from "../spf/zone.ts";

const SETTINGS: EvidenceSettings = {
  spf: true,
  dnsWait: 60,
  breadth: { ipv4: 10, ipv6: 20 },
  dnsLists: [],
  listed: "reject",
  threshold: 3,
  weights: SIGNAL_WEIGHTS,
  ours: new Set(["mx.example.net"]),
  receiver: "mx.example.net",
  background: BACKGROUND_LIMITS,
};

interface Given {
  readonly ip?: string;
  readonly clientName?: string;
  readonly heloName?: string;
  readonly sender?: string;
}

function attemptOf(given: Given = {}): Attempt {
  return makeAttempt({
    stage: "RCPT",
    authenticated: false,
    address: parseAddress(given.ip ?? "192.0.2.10")!,
    clientName: given.clientName ?? "leo.example.org",
    heloName: given.heloName ?? "mail.example.org",
    sender: given.sender ?? "alice@example.org",
    recipient: "bob@example.net",
    instance: "",
  }, "+");
}

/** DNS lists of a setting. */
const lists = (...texts: string[]) => ({ dnsLists: texts.map((text) => parseDnsList(text)!) });

interface Setup {
  service: EvidenceService;
  states: string[];
  clock: { now: number };
  dropped: () => number;
}

function setUp(
  resolver: Resolver & ListResolver,
  settings: Partial<EvidenceSettings> = {},
): Setup {
  const states: string[] = [];
  const clock = { now: 1 };
  let dropped = 0;
  const service = new EvidenceService(
    resolver,
    { ...SETTINGS, ...settings },
    {
      listState: ({ zone, state }) => states.push(`${zone} ${state}`),
      dropped: () => dropped++,
    },
    (domain) => domain === "spf.bigmail.example" ? "bigmail" : undefined,
    () => clock.now,
  );
  return { service, states, clock, dropped: () => dropped };
}

const ZONE: Zone = {
  "example.org": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
  "neutral.example": { txt: ["v=spf1 ?all"] },
  "soft.example": { txt: ["v=spf1 ~all"] },
  "user.example": { txt: ["v=spf1 exists:%{l}._spf.%{d} -all"] },
  "alice._spf.user.example": { a: ["127.0.0.2"] },
  "broken.example": { txt: ["v=spf1 nonsense:x -all"] },
  "mail.example.org": { txt: ["v=spf1 a -all"], a: ["192.0.2.10"] },
  "hosted.example": { txt: ["v=spf1 include:spf.bigmail.example -all"] },
  "spf.bigmail.example": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
};

/** The zone of a DNS list that works and lists these addresses. */
function blocklist(zone: string, listed: Readonly<Record<string, Names["a"]>>): Zone {
  const entries = Object.entries({ "127.0.0.2": ["127.0.0.2"], ...listed });
  return Object.fromEntries(
    entries.map(([address, a]) => [listedName(parseAddress(address)!, zone), { a: a! }]),
  );
}

const LISTED = ["127.0.0.2"];

Deno.test("an SPF result is kept for each client and sender's domain", async () => {
  const asked: string[] = [];
  const { service } = setUp(resolverOf(ZONE, asked));
  assertEquals(service.known(attemptOf()), undefined);
  assertEquals((await service.gather(attemptOf())).spfDomain, "example.org");
  const count = asked.length;
  await service.gather(attemptOf({ sender: "carol@example.org" }));
  assertEquals(service.known(attemptOf())?.spfDomain, "example.org");
  assertEquals(asked.length, count);
  assertEquals(service.known(attemptOf({ ip: "192.0.2.11" })), undefined);
  assertEquals((await service.gather(attemptOf({ sender: "" }))).spfDomain, "mail.example.org");
  service.stop();
});

Deno.test("evidence of a kept SPF result follows the client's name and the null sender", async () => {
  const zone = { "leo.example.org": { txt: ["v=spf1 ?all"] } };
  const { service } = setUp(resolverOf(zone));
  const heloName = "leo.example.org";
  const sender = "alice@leo.example.org";
  const signals = (given: Given) =>
    service.known(attemptOf({ heloName, ...given }))?.weighed.map(({ what }) => what);
  await service.gather(attemptOf({ heloName, sender }));
  for (let round = 0; round < 2; round++) {
    assertEquals(signals({ sender }), []);
    assertEquals(signals({ sender, clientName: "unknown" }), ["no-name", "spf-none"]);
    assertEquals(signals({ sender: "", clientName: "unknown" }), ["no-name"]);
  }
  service.stop();
});

Deno.test("a domain without a record in the resolver's cache is known without a query", () => {
  const cached: Readonly<Record<string, readonly string[]>> = {
    "without.example": ["another text"],
    "example.org": ["v=spf1 ip4:192.0.2.0/24 -all"],
  };
  const asked: string[] = [];
  const resolver = { ...resolverOf(ZONE, asked), cachedTxt: (name: string) => cached[name] };
  const { service } = setUp(resolver);
  const known = (sender: string) => service.known(attemptOf({ sender }))?.spf;
  assertEquals(known("alice@without.example"), "none");
  assertEquals(known("alice@localhost"), "none");
  assertEquals(known("alice@example.org"), undefined);
  assertEquals(known("alice@other.example"), undefined);
  assertEquals(asked, []);
  const { service: off } = setUp(resolver, { spf: false });
  assertEquals(off.known(attemptOf({ sender: "alice@without.example" }))?.spf, "unknown");
});

Deno.test("each SPF result becomes a fact, a signal and its weight", async () => {
  const foreign = { ip: "203.0.113.7" };
  const unclaimed = [{ what: "spf-none", weight: 3 }];
  const table: [Given, Report["spf"], string | undefined, Report["weighed"]][] = [
    [{}, "pass", "example.org", []],
    [foreign, "fail", undefined, [{ what: "spf-fail", weight: 4 }]],
    [{ sender: "a@soft.example" }, "softfail", undefined, [{ what: "spf-softfail", weight: 2 }]],
    [{ sender: "a@none.example" }, "none", undefined, unclaimed],
    [{ sender: "a@neutral.example" }, "neutral", undefined, unclaimed],
    [
      { sender: "a@none.example", clientName: "leo.none.example", heloName: "leo.none.example" },
      "none",
      undefined,
      [],
    ],
    [{ sender: "", heloName: "leo.example.org" }, "none", undefined, []],
    [{ clientName: "mx7.example.org" }, "pass", "example.org", [{ what: "mail-name", weight: -1 }]],
    [{ sender: "a@broken.example" }, "none", undefined, []],
  ];
  const { service } = setUp(resolverOf(ZONE));
  for (const [given, spf, spfDomain, weighed] of table) {
    const report = await service.gather(attemptOf(given));
    const name = JSON.stringify(given);
    assertEquals([report.spf, report.spfDomain, report.isPartial], [spf, spfDomain, false], name);
    assertEquals(report.weighed, weighed, name);
    assertEquals(report.suspicionScore, weighed.reduce((sum, { weight }) => sum + weight, 0));
  }
  service.stop();
});

Deno.test("a pass names the record that authorises the client, and a well-known sender", async () => {
  const { service } = setUp(resolverOf(ZONE));
  const { spfDomain, via, wellKnown } = await service.gather(
    attemptOf({ sender: "a@hosted.example" }),
  );
  assertEquals([spfDomain, via, wellKnown], ["hosted.example", "spf.bigmail.example", "bigmail"]);
  assertEquals((await service.gather(attemptOf())).via, undefined);
  service.stop();
});

Deno.test("a narrow SPF record offsets a hoster's default name, and no access line's", async () => {
  const { service } = setUp(resolverOf({
    ...ZONE,
    "wide.example": { txt: ["v=spf1 ip4:192.0.0.0/12 -all"] },
  }));
  const isOdd = async (clientName: string, sender = "alice@example.org") => {
    const given = { clientName, heloName: "mail.example.org", sender };
    const { weighed } = await service.gather(attemptOf(given));
    return weighed.some(({ what }) => what === "generic-name");
  };
  const hosted = "static.10.2.0.192.clients.your-server.de";
  assertEquals(await isOdd(hosted), false);
  assertEquals(await isOdd(hosted, "a@none.example"), true);
  assertEquals(await isOdd(hosted, "a@wide.example"), true);
  for (const line of ["host-192-0-2-10.dsl.isp.example", "s0106001a2b3c4d5e.cg.isp.example"]) {
    assertEquals(await isOdd(line), true, line);
  }
  service.stop();
});

Deno.test("a result that depends on the sender's local part is used for that sender only", async () => {
  const { service } = setUp(resolverOf(ZONE));
  const [alice, mallory] = ["alice", "mallory"].map((local) =>
    attemptOf({ sender: `${local}@user.example` })
  );
  const report = await service.gather(alice!);
  assertEquals([report.spf, report.spfDomain], ["pass", undefined]);
  assertStringIncludes(report.weakness ?? "", "depends on the sender's local part");
  assertEquals(service.known(alice!), undefined);
  assertEquals((await service.gather(mallory!)).spf, "fail");
  assertEquals((await service.gather(alice!)).spf, "pass");
  // Lookups at the same time share one result only if it holds for both.
  const [one, other] = await Promise.all([service.gather(alice!), service.gather(mallory!)]);
  assertEquals([one.spf, other.spf, other.isPartial], ["pass", "unknown", true]);
  service.stop();
});

Deno.test("the cache goes by the clock: an hour for a result, a minute for an error", async () => {
  const { service, clock } = setUp(resolverOf({ ...ZONE, "down.example": { txt: "timeout" } }));
  const [good, bad] = [attemptOf(), attemptOf({ sender: "a@down.example" })];
  await service.gather(good);
  assertEquals((await service.gather(bad)).spf, "unknown");
  const known = () => [good, bad].map((one) => service.known(one) !== undefined);
  assertEquals(known(), [true, true]);
  clock.now += MINUTE;
  assertEquals(known(), [true, true]);
  clock.now += 1;
  assertEquals(known(), [true, false]);
  clock.now += HOUR;
  assertEquals(known(), [false, false]);
  service.stop();
});

Deno.test("new settings forget results", async () => {
  const { service } = setUp(resolverOf(ZONE));
  await service.gather(attemptOf());
  service.configure({ ...SETTINGS, breadth: { ipv4: 30, ipv6: 60 } });
  assertEquals(service.known(attemptOf()), undefined);
  const { spf, spfDomain, weakness } = await service.gather(attemptOf());
  assertEquals([spf, spfDomain], ["pass", undefined], weakness);
  service.stop();
});

const SILENT_SPF: Zone = { "example.org": { txt: "silent" } };

Deno.test("a request waits no longer than dns_wait", async () => {
  const zone = { ...SILENT_SPF, ...blocklist("bl.example", { "192.0.2.10": "silent" }) };
  const dnsWait = 200;
  const { service } = setUp(resolverOf(zone), { ...lists("bl.example"), dnsWait });
  const begin = performance.now();
  const report = await service.gather(attemptOf());
  const took = performance.now() - begin;
  assert(took >= dnsWait - 5 && took < 10 * dnsWait, `${took} ms`);
  assertEquals([report.spf, report.isPartial, report.suspicionScore], ["unknown", true, 0]);
  assertEquals([report.listings.isListed, report.listings.hasAnswer], [false, false]);
  service.stop();
});

Deno.test("silent SPF hides no DNS list, and a silent DNS list hides neither SPF nor another list", async () => {
  const working = blocklist("bl.example", { "192.0.2.10": LISTED });
  const dead = blocklist("dead.example", { "192.0.2.10": "silent" });
  const settings = lists("dead.example*3", "bl.example*3");
  const noSpf = setUp(resolverOf({ ...SILENT_SPF, ...working, ...dead }), settings);
  const byLists = await noSpf.service.gather(attemptOf());
  assertEquals([byLists.spf, byLists.isPartial], ["unknown", true]);
  assertEquals(
    [byLists.listings.isListed, byLists.listings.zone, byLists.listings.hasAnswer],
    [true, "bl.example", true],
  );
  const noList = setUp(resolverOf({ ...ZONE, ...dead }), lists("dead.example"));
  const bySpf = await noList.service.gather(attemptOf());
  assertEquals([bySpf.spf, bySpf.spfDomain, bySpf.isPartial], ["pass", "example.org", false]);
  assertEquals([bySpf.listings.isListed, bySpf.listings.hasAnswer], [false, false]);
  for (const { service } of [noSpf, noList]) service.stop();
});

Deno.test("a lookup that is late goes on, once, and its result counts for the retry", async () => {
  const asked: string[] = [];
  const { service } = setUp(slowly({ by: 100 }, ZONE, asked), { dnsWait: 20 });
  const report = await service.gather(attemptOf());
  assertEquals([report.spf, report.isPartial], ["unknown", true]);
  const told: Report[] = [];
  service.gatherInBackground(attemptOf(), (late) => told.push(late));
  assertEquals(service.known(attemptOf()), undefined);
  await eventually("the late report", () => told.length > 0);
  assertEquals(told.map(({ spfDomain, isPartial }) => [spfDomain, isPartial]), [
    ["example.org", false],
  ]);
  assertEquals(service.known(attemptOf())?.spfDomain, "example.org");
  service.stop();
  const askedOnce: string[] = [];
  const prompt = setUp(resolverOf(ZONE, askedOnce));
  await prompt.service.gather(attemptOf());
  assertEquals(asked, askedOnce);
});

Deno.test("a background lookup reports its result, from DNS and from the cache", async () => {
  const { service } = setUp(resolverOf(ZONE));
  const told: unknown[] = [];
  const callback = (report: Report) => told.push(report.spfDomain);
  service.gatherInBackground(attemptOf(), callback);
  await eventually("the first report", () => told.length === 1);
  service.gatherInBackground(attemptOf(), callback);
  assertEquals(told, ["example.org", "example.org"]);
  service.stop();
});

Deno.test("without SPF there is no background lookup, and nothing is partial", async () => {
  const asked: string[] = [];
  const { service } = setUp(resolverOf(ZONE, asked), { spf: false });
  service.gatherInBackground(attemptOf(), () => asked.push("callback"));
  const report = await service.gather(attemptOf());
  assertEquals([report.spf, report.isPartial], ["unknown", false]);
  assertEquals(service.known(attemptOf())?.spf, "unknown");
  assertEquals(asked, []);
});

Deno.test("a flood of strangers sends no more DNS queries than its share", async () => {
  const asked: string[] = [];
  const { service, dropped } = setUp(resolverOf({}, asked));
  for (let at = 0; at < 5000; at++) {
    service.gatherInBackground(attemptOf({ sender: `a@d${at}.example` }), () => {});
  }
  await pause(100);
  assert(asked.length <= 11, `${asked.length}`);
  assertEquals(dropped(), 5000 - 64 - 1);
  service.stop();
});

/** Begins requests, and returns the numbers of those that got their report at once. */
async function answeredAtOnce(
  service: EvidenceService,
  senders: readonly string[],
): Promise<number[]> {
  const answered: number[] = [];
  const reports = senders.map((sender, at) =>
    service.gather(attemptOf({ sender })).then((report) => {
      answered.push(at);
      return report;
    })
  );
  // Microtasks only: however slow the machine, no timer ends a wait meanwhile.
  for (let turn = 0; turn < 100; turn++) await undefined;
  const atOnce = [...answered];
  for (const report of await Promise.all(reports)) {
    assertEquals([report.spf, report.isPartial], ["unknown", true]);
  }
  return atOnce;
}

Deno.test("at most 50 requests wait for DNS at once, and 4 of one sender domain", async () => {
  const silent: Zone = Object.fromEntries([
    ["example.org", { txt: "silent" as const }],
    ...Array.from({ length: 60 }, (_, at) => [`d${at}.example`, { txt: "silent" as const }]),
  ]);
  const { service } = setUp(resolverOf(silent), { dnsWait: 40 });
  const many = Array.from({ length: 60 }, (_, at) => `a@d${at}.example`);
  assertEquals(await answeredAtOnce(service, many), [50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
  const ofOneDomain = ["a", "b.x", "c.y", "d"].map((local) => `${local}@example.org`);
  const others = ["e@example.org", "f@d1.example", "g@example.org"];
  assertEquals(await answeredAtOnce(service, [...ofOneDomain, ...others]), [4, 6]);
  // Their places are free again.
  assertEquals(await answeredAtOnce(service, ofOneDomain), []);
  service.stop();
});

Deno.test("a request that may not wait is decided by what the cache knows", async () => {
  const zone = { ...ZONE, ...blocklist("bl.example", { "192.0.2.10": "silent" }) };
  const { service } = setUp(resolverOf(zone), { ...lists("bl.example"), dnsWait: 40 });
  await service.gather(attemptOf());
  const waiting = Array.from(
    { length: 40 },
    (_, at) => service.gather(attemptOf({ sender: `a${at}@example.org` })),
  );
  let report: Report | undefined;
  service.gather(attemptOf()).then((answer) => report = answer);
  // Microtasks only: however slow the machine, no timer ends a wait meanwhile.
  for (let turn = 0; turn < 100; turn++) await undefined;
  assert(report !== undefined, "answered at once");
  assertEquals([report.spfDomain, report.listings.hasAnswer], ["example.org", false]);
  await Promise.all(waiting);
  service.stop();
});

Deno.test("requests that wait for SPF do not hide the DNS lists", async () => {
  const zone = {
    "example.org": { txt: "silent" as const },
    ...blocklist("bl.example", { "192.0.2.10": LISTED }),
  };
  const { service } = setUp(resolverOf(zone), { ...lists("bl.example"), dnsWait: 40 });
  const reports = await Promise.all(
    Array.from({ length: 30 }, () => service.gather(attemptOf(), { freshLists: true })),
  );
  assert(reports.every(({ listings }) => listings.isListed));
  service.stop();
});

Deno.test("signals and DNS lists add up to the score, and good lists subtract", async () => {
  const zone: Zone = {
    ...ZONE,
    ...blocklist("black.example", { "192.0.2.10": LISTED }),
    ...blocklist("white.example", { "192.0.2.10": ["127.0.5.1"] }),
  };
  const { service } = setUp(
    resolverOf(zone),
    lists("black.example*3", "white.example=127.0.[0..255].[1..3]*-2", "other.example*9"),
  );
  const report = await service.gather(
    attemptOf({ clientName: "unknown", heloName: "mx.example.net", sender: "a@none.example" }),
  );
  assertEquals(report.weighed, [
    { what: "no-name", weight: 4 },
    { what: "helo-ours", weight: 5 },
    { what: "spf-none", weight: 3 },
    { what: "black.example", weight: 3 },
    { what: "white.example", weight: -2 },
  ]);
  assertEquals(report.suspicionScore, 13);
  service.stop();
});

Deno.test("the weights of the lists decide who is listed or trusted, and the strictest action counts", async () => {
  const zones: Record<string, Zone> = {
    a: blocklist("a.example", { "192.0.2.10": LISTED }),
    b: blocklist("b.example", { "192.0.2.10": LISTED }),
    white: blocklist("white.example", { "192.0.2.10": LISTED }),
  };
  interface Row {
    dnsLists: string[];
    listed?: EvidenceSettings["listed"];
    threshold?: number;
    expected: [isListed: boolean, isTrusted: boolean, action: string, zone: string | undefined];
  }
  const table: Row[] = [
    { dnsLists: ["a.example"], expected: [true, false, "reject", "a.example"] },
    { dnsLists: ["a.example*2"], expected: [false, false, "reject", "a.example"] },
    { dnsLists: ["a.example*2", "b.example*1"], expected: [true, false, "reject", "a.example"] },
    { dnsLists: ["a.example*1", "b.example*2"], expected: [true, false, "reject", "b.example"] },
    { dnsLists: ["a.example"], listed: "defer", expected: [true, false, "defer", "a.example"] },
    { dnsLists: ["a.example:accept"], expected: [true, false, "accept", "a.example"] },
    {
      dnsLists: ["a.example:accept", "b.example:defer"],
      expected: [true, false, "defer", "a.example"],
    },
    {
      dnsLists: ["a.example:defer", "b.example:reject"],
      listed: "accept",
      expected: [true, false, "reject", "a.example"],
    },
    {
      dnsLists: ["a.example*4", "white.example*-2:reject"],
      listed: "accept",
      expected: [false, false, "accept", "a.example"],
    },
    { dnsLists: ["white.example*-3"], expected: [false, true, "accept", "white.example"] },
    { dnsLists: ["white.example*-2"], expected: [false, false, "accept", undefined] },
    {
      dnsLists: ["white.example*-5", "a.example*2"],
      expected: [false, true, "reject", "white.example"],
    },
    { dnsLists: ["a.example"], threshold: 4, expected: [false, false, "reject", "a.example"] },
    { dnsLists: [], expected: [false, false, "accept", undefined] },
  ];
  for (const { dnsLists, listed = "reject", threshold = 3, expected } of table) {
    const resolver = resolverOf(Object.assign({}, ...Object.values(zones), ZONE));
    const { service } = setUp(resolver, { ...lists(...dnsLists), listed, threshold });
    const { listings } = await service.gather(attemptOf());
    const { isListed, isTrusted, action, zone } = listings;
    assertEquals([isListed, isTrusted, action, zone], expected, dnsLists.join(" "));
    service.stop();
  }
});

Deno.test("a listed address makes its network suspicious for three days, but not listed", async () => {
  const zone = { ...ZONE, ...blocklist("bl.example", { "192.0.2.10": LISTED }) };
  const { service, clock } = setUp(resolverOf(zone), lists("bl.example"));
  const signals = async (ip: string) => {
    const { weighed, listings } = await service.gather(attemptOf({ ip }));
    return [listings.isListed, ...weighed.map(({ what }) => what)];
  };
  assertEquals(await signals("192.0.2.11"), [false]);
  assertEquals(await signals("192.0.2.10"), [true, "bl.example"]);
  assertEquals(await signals("192.0.2.11"), [false, "listed-neighbour"]);
  assertEquals((await signals("192.0.3.11")).includes("listed-neighbour"), false);
  clock.now += 3 * DAY + 1;
  assertEquals(await signals("192.0.2.11"), [false]);
  service.stop();
});

Deno.test("policy codes of a list set the delay only", async () => {
  const zone = blocklist("zen.example", { "192.0.2.10": ["127.0.0.10"], "192.0.2.11": LISTED });
  const settings = lists("zen.example=127.0.0.[2..9]*4", "zen.example=127.0.0.[10..11]*3:accept");
  const { service } = setUp(resolverOf({ ...ZONE, ...zone }), settings);
  const actionFor = async (ip: string) => (await service.gather(attemptOf({ ip }))).listings;
  const [policy, spam] = [await actionFor("192.0.2.10"), await actionFor("192.0.2.11")];
  assertEquals([policy.isListed, policy.action], [true, "accept"]);
  assertEquals([spam.isListed, spam.action], [true, "reject"]);
  service.stop();
});

Deno.test("lists that are asked afresh bypass the cache of the resolver, and SPF does not", async () => {
  const asked: string[] = [];
  const zone = { ...ZONE, ...blocklist("bl.example", {}) };
  const { service } = setUp(resolverOf(zone, asked), lists("bl.example"));
  await service.gather(attemptOf());
  assert(!asked.some((query) => query.startsWith("fresh")), asked.join());
  asked.length = 0;
  await service.gather(attemptOf(), { freshLists: true });
  assertEquals(asked, ["fresh 10.2.0.192.bl.example"]);
  service.stop();
});

Deno.test("with DNS lists evidence is never known without a query", async () => {
  const { service } = setUp(resolverOf(ZONE), lists("bl.example"));
  await service.gather(attemptOf());
  assertEquals(service.known(attemptOf()), undefined);
  service.stop();
});

Deno.test("a DNS list that lists everything, or refuses to answer, is reported once and does not count", async () => {
  const zone: Zone = {
    ...blocklist("all.example", { "127.0.0.1": LISTED, "192.0.2.10": LISTED }),
    ...blocklist("busy.example", { "192.0.2.10": ["127.255.255.254"] }),
    ...blocklist("sold.example", { "192.0.2.10": ["192.0.2.80"] }),
  };
  const { service, states } = setUp(resolverOf(zone), {
    spf: false,
    ...lists("all.example*9", "busy.example*9", "sold.example*9"),
  });
  const report = await service.gather(attemptOf());
  assertEquals([report.suspicionScore, report.listings.hasAnswer], [0, false]);
  const disabled = ["all.example disabled", "busy.example disabled", "sold.example disabled"];
  assertEquals(states.filter((state) => state.endsWith("disabled")).sort(), disabled);
  assertEquals(service.lists.map(({ state }) => state), ["disabled", "disabled", "disabled"]);
  const count = states.length;
  await service.gather(attemptOf({ ip: "192.0.2.11" }));
  assertEquals(states.length, count);
});

Deno.test("a sender without a domain has no SPF record, whatever its local part names", async () => {
  const { service } = setUp(resolverOf(ZONE));
  for (const sender of ["example.org", "bob", "bob@"]) {
    const { spf, spfDomain, isPartial } = await service.gather(attemptOf({ sender }));
    assertEquals([spf, spfDomain, isPartial], ["none", undefined, false], sender);
  }
  service.stop();
});
