import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  DnsLists,
  judgeAnswers,
  listedName,
  type ListResolver,
  parseDnsList,
  type ZoneHealth,
} from "../../lib/dns/dnsbl.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { until } from "../../lib/spf/resolver.ts";
import { HOUR } from "../../lib/text/duration.ts";

Deno.test("a list is parsed in postscreen's notation", () => {
  const table: [string, ReturnType<typeof parseDnsList>][] = [
    ["zen.example.org", { zone: "zen.example.org", weight: 3 }],
    ["ZEN.example.org*3", { zone: "zen.example.org", weight: 3 }],
    ["list.example*-2", { zone: "list.example", weight: -2 }],
    ["list.example=127.0.0.2", {
      zone: "list.example",
      weight: 3,
      answers: [[127, 127], [0, 0], [0, 0], [2, 2]],
    }],
    ["list.example=127.0.[0..255].[1..3]*-2", {
      zone: "list.example",
      weight: -2,
      answers: [[127, 127], [0, 0], [0, 255], [1, 3]],
    }],
    ["list.example=127.0.0.10*2:accept", {
      zone: "list.example",
      weight: 2,
      answers: [[127, 127], [0, 0], [0, 0], [10, 10]],
      action: "accept",
    }],
    ["list.example:defer", { zone: "list.example", weight: 3, action: "defer" }],
    ["list.example*4:reject", { zone: "list.example", weight: 4, action: "reject" }],
    ["list.example:drop", undefined],
    ["list.example:reject*4", undefined],
    ["list", undefined],
    ["list.example=127.0.0", undefined],
    ["list.example=127.0.0.300", undefined],
    ["list.example=127.0.0.[3..1]", undefined],
    ["list.example=127.0.0.0.1", undefined],
    ["list.example*x", undefined],
  ];
  for (const [text, expected] of table) assertEquals(parseDnsList(text), expected, text);
});

Deno.test("an address is queried in reverse, IPv6 by its nibbles (RFC 5782, 2.1 and 2.4)", () => {
  assertEquals(
    listedName(parseAddress("192.0.2.99")!, "bad.example.com"),
    "99.2.0.192.bad.example.com",
  );
  assertEquals(
    listedName(parseAddress("2001:db8:1:2:3:4:567:89ab")!, "ugly.example.com"),
    "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com",
  );
});

Deno.test("answers outside the filter do not count, and refusals mean that a list is broken", () => {
  const list = parseDnsList("list.example=127.0.0.[2..4]")!;
  const table: [string[], string][] = [
    [[], "unlisted"],
    [["127.0.0.2"], "listed"],
    [["127.0.0.9"], "unlisted"],
    [["127.0.0.9", "127.0.0.4"], "listed"],
    [["127.255.255.252"], "broken"],
    [["127.0.0.2", "127.255.255.255"], "broken"],
    [["192.0.2.1"], "broken"],
  ];
  for (const [answers, expected] of table) assertEquals(judgeAnswers(list, answers), expected);
});

Deno.test("parsing never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseDnsList(text)));
});

/** The answers to a name: addresses, a temporary error, or none until the signal ends. */
type Answers = readonly string[] | "error" | "silent";

const CLIENT = parseAddress("192.0.2.10")!;

/** The names of a zone, by the addresses that it is asked about. */
function zoneWith(zone: string, answers: Readonly<Record<string, Answers>>): [string, Answers][] {
  return Object.entries(answers).map(([address, answer]) => [
    listedName(parseAddress(address)!, zone),
    answer,
  ]);
}

class FakeResolver implements ListResolver {
  readonly names: Map<string, Answers>;
  readonly cached: string[] = [];
  readonly fresh: string[] = [];

  constructor(...zones: [string, Answers][][]) {
    this.names = new Map(zones.flat());
  }

  a(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    this.cached.push(name);
    return this.#answer(name, signal);
  }

  aAfresh(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    this.fresh.push(name);
    return this.#answer(name, signal);
  }

  #answer(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    const answer = this.names.get(name) ?? [];
    if (answer === "error") return Promise.reject(new Error("no server answers"));
    if (answer !== "silent") return Promise.resolve(answer);
    return until(new Promise<never>(() => {}), signal!);
  }
}

interface Setup {
  lists: DnsLists;
  resolver: FakeResolver;
  reports: ZoneHealth[];
  clock: { now: number };
  find(address?: string, isFresh?: boolean): Promise<{ zones: string[]; hasAnswer: boolean }>;
}

function setUp(lists: readonly string[], ...zones: [string, Answers][][]): Setup {
  const resolver = new FakeResolver(...zones);
  const reports: ZoneHealth[] = [];
  const clock = { now: 0 };
  const parsed = lists.map((text) => parseDnsList(text)!);
  const dnsLists = new DnsLists(
    parsed,
    resolver,
    (health) => reports.push(health),
    () => clock.now,
  );
  return {
    lists: dnsLists,
    resolver,
    reports,
    clock,
    async find(address = "192.0.2.10", isFresh = false) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(new Error("late")), 30);
      const target = parseAddress(address)!;
      const { listed, hasAnswer } = await dnsLists.find(target, controller.signal, isFresh);
      clearTimeout(timer);
      return { zones: listed.map(({ zone }) => zone), hasAnswer };
    },
  };
}

const NEVER = "127.0.0.1";
const ALWAYS = "127.0.0.2";
const LISTED = ["127.0.0.2"];

Deno.test("a list is tested as RFC 5782, 5 says, and its answers count by the result", async () => {
  const table: [never: Answers, always: Answers, state: string, counts: boolean][] = [
    [[], LISTED, "works", true],
    [[], ["127.0.0.4", "127.0.0.10"], "works", true],
    [[], [], "works", true], // confirmed by the listed client itself
    [LISTED, LISTED, "disabled", false],
    [LISTED, [], "disabled", false],
    [["127.255.255.254"], ["127.255.255.254"], "disabled", false],
    [[], ["127.255.255.252"], "disabled", false],
    [[], ["127.0.0.2", "127.255.255.255"], "disabled", false],
    [[], ["192.0.2.80"], "disabled", false],
    [["192.0.2.80"], ["192.0.2.80"], "disabled", false],
    [[], "error", "untested", true],
    ["error", LISTED, "untested", true],
    ["silent", LISTED, "untested", true],
  ];
  for (const [never, always, state, counts] of table) {
    const zone = zoneWith("bl.example", { [NEVER]: never, [ALWAYS]: always, "192.0.2.10": LISTED });
    const { lists, find } = setUp(["bl.example"], zone);
    const { zones, hasAnswer } = await find();
    const name = `${never} / ${always}`;
    assertEquals(zones, counts ? ["bl.example"] : [], name);
    assertEquals(lists.health[0]?.state ?? "untested", state, name);
    assertEquals(hasAnswer, state === "works", name);
  }
});

Deno.test("a list without its test entry is unproven until it lists a client", async () => {
  const zone = zoneWith("bl.example", { "192.0.2.10": LISTED });
  const { find, lists, reports } = setUp(["bl.example"], zone);
  assertEquals(await find("192.0.2.11"), { zones: [], hasAnswer: false });
  assertEquals(lists.health.map(({ state }) => state), ["unproven"]);
  assertStringIncludes(lists.health[0]!.why!, "127.0.0.2");
  assertEquals(await find(), { zones: ["bl.example"], hasAnswer: true });
  assertEquals(lists.health, [{ zone: "bl.example", state: "works" }]);
  assertEquals(await find("192.0.2.11"), { zones: [], hasAnswer: true });
  assertEquals(reports.map(({ state }) => state), ["unproven", "works"]);
});

Deno.test("a list that refuses or answers with real addresses is disabled, and tested after an hour", async () => {
  for (const answer of ["127.255.255.254", "192.0.2.80"]) {
    const good = { [ALWAYS]: LISTED, "192.0.2.10": LISTED };
    const { find, lists, reports, clock, resolver } = setUp(
      ["bl.example"],
      zoneWith("bl.example", { ...good, "192.0.2.66": [answer] }),
    );
    assertEquals(await find(), { zones: ["bl.example"], hasAnswer: true });
    assertEquals(await find("192.0.2.66"), { zones: [], hasAnswer: false });
    assertEquals(lists.health.map(({ state }) => state), ["disabled"]);
    assertStringIncludes(lists.health[0]!.why!, answer);
    clock.now += HOUR - 1;
    assertEquals(await find(), { zones: [], hasAnswer: false });
    const asked = resolver.cached.filter((name) => name.startsWith("2.0.0.127")).length;
    clock.now += 1;
    assertEquals(await find(), { zones: ["bl.example"], hasAnswer: true });
    const again = resolver.cached.filter((name) => name.startsWith("2.0.0.127")).length;
    assertEquals([asked, again], [1, 2]);
    assertEquals(reports.map(({ state }) => state), ["works", "disabled", "works"]);
  }
});

Deno.test("a list that begins to list everything is disabled by its next test", async () => {
  const { find, clock, resolver, reports } = setUp(
    ["bl.example"],
    zoneWith("bl.example", { [ALWAYS]: LISTED }),
  );
  assertEquals(await find(), { zones: [], hasAnswer: true });
  resolver.names.set(listedName(parseAddress(NEVER)!, "bl.example"), LISTED);
  resolver.names.set(listedName(CLIENT, "bl.example"), LISTED);
  clock.now += HOUR;
  assertEquals(await find(), { zones: [], hasAnswer: false });
  assertEquals(reports.map(({ state }) => state), ["works", "disabled"]);
  assertStringIncludes(reports[1]!.why!, "127.0.0.1");
});

Deno.test("a test that was not answered is made again at the next question", async () => {
  const never = listedName(parseAddress(NEVER)!, "bl.example");
  const { find, resolver, lists } = setUp(
    ["bl.example"],
    zoneWith("bl.example", { [NEVER]: "silent", [ALWAYS]: LISTED, "192.0.2.10": LISTED }),
  );
  assertEquals(await find(), { zones: ["bl.example"], hasAnswer: false });
  assertEquals(lists.health, []);
  resolver.names.delete(never);
  assertEquals(await find(), { zones: ["bl.example"], hasAnswer: true });
});

Deno.test("concurrent questions share one test of a list", async () => {
  const { find, resolver } = setUp(["bl.example"], zoneWith("bl.example", { [ALWAYS]: LISTED }));
  await Promise.all(["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((one) => find(one)));
  assertEquals(resolver.cached.length, 3 + 2);
});

Deno.test("a silent or failing list hides no other's answer", async () => {
  for (const silence of ["silent", "error"] as const) {
    const { find } = setUp(
      ["dead.example", "bl.example"],
      zoneWith("dead.example", { [ALWAYS]: LISTED, "192.0.2.10": silence }),
      zoneWith("bl.example", { [ALWAYS]: LISTED, "192.0.2.10": LISTED }),
    );
    assertEquals(await find(), { zones: ["bl.example"], hasAnswer: true });
  }
});

Deno.test("only an answer of a working blocklist in time is an answer", async () => {
  const silent = zoneWith("dead.example", { [ALWAYS]: LISTED, "192.0.2.10": "silent" });
  const good = zoneWith("white.example", { [ALWAYS]: LISTED, "192.0.2.10": LISTED });
  const { find } = setUp(["dead.example", "white.example*-3"], silent, good);
  assertEquals(await find(), { zones: ["white.example"], hasAnswer: false });
  assertEquals(await find("192.0.2.11"), { zones: [], hasAnswer: true });
  assertEquals(await setUp([]).find(), { zones: [], hasAnswer: false });
});

Deno.test("lists of one zone share a query, and each judges the answer by its filter", async () => {
  const zone = zoneWith("zen.example", {
    [ALWAYS]: ["127.0.0.2", "127.0.0.4"],
    "192.0.2.10": ["127.0.0.4"],
    "192.0.2.11": ["127.0.0.10"],
    "192.0.2.12": ["127.0.0.3", "127.0.0.11"],
  });
  const { lists, resolver } = setUp(
    ["zen.example=127.0.0.[2..7]*4:reject", "zen.example=127.0.0.[10..11]*3:accept"],
    zone,
  );
  const weights = async (address: string) => {
    const { listed } = await lists.find(parseAddress(address)!, new AbortController().signal);
    return listed.map(({ weight, action }) => `${weight} ${action}`);
  };
  assertEquals(await weights("192.0.2.10"), ["4 reject"]);
  assertEquals(resolver.cached.length, 3);
  assertEquals(await weights("192.0.2.11"), ["3 accept"]);
  assertEquals(await weights("192.0.2.12"), ["4 reject", "3 accept"]);
  assertEquals(await weights("192.0.2.13"), []);
});

Deno.test("a fresh question does not ask the cache about the client", async () => {
  const { find, resolver } = setUp(["bl.example"], zoneWith("bl.example", { [ALWAYS]: LISTED }));
  await find();
  const name = listedName(CLIENT, "bl.example");
  assert(resolver.cached.includes(name));
  assertEquals(resolver.fresh, []);
  const before = resolver.cached.length;
  await find("192.0.2.10", true);
  assertEquals(resolver.fresh, [name]);
  assertEquals(resolver.cached.length, before, "its test still holds");
});

Deno.test("a flood of retries asks the servers once in half a minute", async () => {
  const zone = zoneWith("bl.example", { [ALWAYS]: LISTED });
  const { find, resolver, clock } = setUp(["bl.example"], zone);
  clock.now = 1;
  for (let at = 0; at < 100; at++) await find("192.0.2.10", true);
  assertEquals(resolver.fresh.length, 1);
  clock.now += 30_001;
  await find("192.0.2.10", true);
  assertEquals(resolver.fresh.length, 2);
});
