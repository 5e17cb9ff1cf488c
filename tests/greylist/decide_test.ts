import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { type Listing, UNLISTED } from "../../lib/greylist/attempt.ts";
import { decide } from "../../lib/greylist/decide.ts";
import { NO_EVIDENCE } from "../../lib/greylist/evidence.ts";
import type { Rules } from "../../lib/greylist/rules.ts";
import { attemptOf, DAY, type Given, HOUR, RULES, SECOND, START, World } from "./world.ts";

Deno.test("a first attempt is deferred with the seconds left, and its retry passes", () => {
  const world = new World();
  assertEquals(world.at(0), { decision: "defer", reason: "new", wait: 60 * SECOND });
  const early = world.at(20 * SECOND);
  assertEquals([early.reason, early.wait], ["early", 40 * SECOND]);
  assertEquals(world.at(59_999).wait, 1);
  const retried = world.at(60 * SECOND);
  assertEquals([retried.decision, retried.reason, retried.delayed], ["pass", "retried", 60_000]);
  assertEquals(world.reasonAt(61 * SECOND), "pass known");
});

Deno.test("the wait is not restarted by coming early", () => {
  const world = new World();
  for (let second = 0; second < 60; second++) {
    assertEquals(world.at(second * SECOND).decision, "defer");
  }
  assertEquals(world.reasonAt(60 * SECOND), "pass retried");
});

Deno.test("past the retry window a stranger is new again", () => {
  const world = new World();
  world.at(0);
  assertEquals(world.reasonAt(2 * DAY + 1), "defer new");
  assertEquals(world.reasonAt(2 * DAY + 2), "defer early");
  assertEquals(world.reasonAt(4 * DAY + 1), "pass retried");
});

Deno.test("one who is known stays known for its lifetime since the last use", () => {
  const world = new World();
  world.at(0);
  world.at(DAY);
  assertEquals(world.reasonAt(36 * DAY), "pass known");
  assertEquals(world.reasonAt(72 * DAY), "pass known");
  assertEquals(world.reasonAt(108 * DAY + 1), "defer new");
});

Deno.test("another client, sender or recipient is another triplet", () => {
  const world = new World();
  world.at(0);
  for (
    const other of [
      { address: "198.51.100.1" },
      { sender: "carol@example.org" },
      { recipient: "dave@example.net" },
    ]
  ) assertEquals(world.reasonAt(2 * 60 * SECOND, other), "defer new");
  assertEquals(world.reasonAt(2 * 60 * SECOND, { address: "192.0.2.200" }), "pass retried");
});

Deno.test("a provider that retries from another network of its own is still itself", () => {
  const world = new World();
  world.at(0, { address: "192.0.2.10", clientName: "out1.mail.example" });
  const pool = { address: "198.51.100.7", clientName: "out2.mail.example" };
  const verdict = world.at(60 * SECOND, pool);
  assertEquals([verdict.reason, verdict.origin], ["retried", "org:mail.example"]);
  // From now on the second network is known by itself, name or no name.
  assertEquals(world.reasonAt(HOUR, { address: "198.51.100.9" }), "pass known");
});

Deno.test("an early retry from another network keeps the time of the first attempt", () => {
  const world = new World();
  world.at(0, { address: "192.0.2.10", clientName: "out1.mail.example" });
  const early = world.at(30 * SECOND, { address: "198.51.100.7", clientName: "out2.mail.example" });
  assertEquals([early.reason, early.wait], ["early", 30 * SECOND]);
  assertEquals(world.reasonAt(60 * SECOND, { address: "198.51.100.9" }), "pass retried");
});

Deno.test("a generic or unverified name is no bridge to another network", () => {
  for (const clientName of ["unknown", "dsl-17.isp.example", "host-198-51-100-7.isp.example"]) {
    const world = new World();
    world.at(0, { address: "192.0.2.10", clientName: "dsl-3.isp.example" });
    assertEquals(
      world.reasonAt(120 * SECOND, { address: "198.51.100.7", clientName }),
      "defer new",
      clientName,
    );
  }
});

Deno.test("the recipients of a message share a retry of a named client", () => {
  const world = new World();
  const clientName = "mail.example.org";
  world.at(0, { clientName, recipient: "r0@example.net", instance: "1" });
  const first = world.at(120 * SECOND, { clientName, recipient: "r0@example.net", instance: "2" });
  assertEquals([first.reason, first.firstOfMessage], ["retried", true]);
  const other = { clientName, recipient: "r1@example.net" };
  // The sender's domain is auto-whitelisted by now: the sharing is what this is about.
  const second = world.at(120 * SECOND, { ...other, sender: "alice@example.org", instance: "2" });
  assertEquals(second.decision, "pass");
  assertEquals(world.reasonAt(HOUR, { ...other, instance: "3" }), "pass known");
});

Deno.test("the recipients of a message share nothing before one was retried", () => {
  const world = new World({ autoWhitelistDomains: 0 });
  const clientName = "mail.example.org";
  world.deliver(0, { clientName, recipient: "r0@example.net" });
  const known = { clientName, instance: "2" };
  assertEquals(world.reasonAt(HOUR, { ...known, recipient: "r0@example.net" }), "pass known");
  assertEquals(world.reasonAt(HOUR, { ...known, recipient: "r1@example.net" }), "defer new");
  assertEquals(
    world.reasonAt(HOUR + 60 * SECOND, { ...known, recipient: "r1@example.net" }),
    "pass retried",
  );
  assertEquals(
    world.reasonAt(HOUR + 60 * SECOND, { ...known, recipient: "r2@example.net" }),
    "pass retried",
  );
});

Deno.test("sharing needs the same message, client and sender, and a name", () => {
  const named = { clientName: "mail.example.org" };
  for (
    const other of [
      { ...named, instance: "3" },
      { ...named, instance: "" },
      { ...named, instance: "2", address: "198.51.100.1" },
      { ...named, instance: "2", sender: "mallory@example.org" },
      { instance: "2" },
    ]
  ) {
    const world = new World({ autoWhitelistDomains: 0 });
    world.at(0, { ...named, instance: "1" });
    world.at(120 * SECOND, { ...named, instance: "2" });
    assertEquals(
      world.reasonAt(120 * SECOND, { recipient: "new@example.net", ...other }),
      "defer new",
      JSON.stringify(other),
    );
  }
});

Deno.test("the header is due once for each message", () => {
  const world = new World();
  for (const recipient of ["a@example.net", "b@example.net"]) world.at(0, { recipient });
  const verdicts = ["a@example.net", "b@example.net"].map((recipient) =>
    world.at(120 * SECOND, { recipient, instance: "9" }).firstOfMessage
  );
  assertEquals(verdicts, [true, false]);
});

Deno.test("requests that greylisting has no part in pass unrecorded", () => {
  const table: [Given, Partial<Rules>, string][] = [
    [{ stage: "MAIL" }, {}, "out-of-scope"],
    [{ stage: "" }, {}, "out-of-scope"],
    [{ stage: "DATA" }, {}, "out-of-scope"],
    [{ authenticated: true }, {}, "authenticated"],
    [{ address: "127.0.0.1" }, {}, "out-of-scope"],
    [{ address: "::1" }, {}, "out-of-scope"],
    [{ address: "203.0.113.5" }, {}, "allowed"],
    [{}, { mode: "off" }, "out-of-scope"],
    [{ sender: "" }, { nullSender: "data" }, "out-of-scope"],
  ];
  for (const [given, rules, reason] of table) {
    const world = new World(rules);
    assertEquals(world.reasonAt(0, given), `pass ${reason}`, JSON.stringify([given, rules]));
    assertEquals(world.memory.stored(), []);
  }
});

Deno.test("the null sender is greylisted at RCPT, or at DATA where callouts must work", () => {
  assertEquals(new World().reasonAt(0, { sender: "" }), "defer new");
  const world = new World({ nullSender: "data" });
  assertEquals(world.reasonAt(0, { sender: "", stage: "DATA" }), "defer new");
  assertEquals(world.reasonAt(120 * SECOND, { sender: "", stage: "DATA" }), "pass retried");
  assertEquals(world.reasonAt(0, { sender: "a@example.org", stage: "DATA" }), "pass out-of-scope");
  assertEquals(world.reasonAt(0, { sender: "a@example.org" }), "defer new");
});

Deno.test("an address is auto-whitelisted after enough retried messages, one an hour", () => {
  const world = new World();
  for (let turn = 0; turn < 4; turn++) {
    world.deliver(turn * 2 * HOUR, { sender: `a@customer${turn}.example` });
  }
  assertEquals(world.reasonAt(9 * HOUR, { sender: "x@example.org" }), "defer new");
  world.deliver(10 * HOUR, { sender: "a@customer4.example" });
  assertEquals(world.reasonAt(11 * HOUR, { sender: "y@example.org" }), "pass auto-whitelisted");
  assertEquals(world.reasonAt(11 * HOUR, { address: "198.51.100.1" }), "defer new");
});

Deno.test("the verdict names the retry that auto-whitelists a client, once", () => {
  const world = new World({ autoWhitelistClients: 2, autoWhitelistDomains: 0 });
  const promotions: boolean[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const mail = { sender: `a@customer${turn}.example`, recipient: `bob${turn}@example.net` };
    world.at(turn * 2 * HOUR, mail);
    const verdict = world.at(turn * 2 * HOUR + 120 * SECOND, mail);
    promotions.push(verdict.autoWhitelisted === true);
  }
  assertEquals(promotions, [false, true, false, false]);
});

Deno.test("retried messages within an hour count once, and known mail counts nothing", () => {
  const burst = new World();
  for (let turn = 0; turn < 20; turn++) {
    burst.deliver(turn * 60 * SECOND, { sender: `a${turn}x@example.org` });
  }
  assertEquals(burst.reasonAt(2 * HOUR, { sender: "x@example.org" }), "defer new");
  const faithful = new World();
  faithful.at(0);
  for (let day = 1; day < 30; day++) faithful.at(day * DAY);
  assertEquals(faithful.reasonAt(30 * DAY, { sender: "x@example.org" }), "defer new");
});

Deno.test("auto_whitelist_clients = 0 keeps no reputation", () => {
  const world = new World({ autoWhitelistClients: 0 });
  for (let turn = 0; turn < 20; turn++) {
    world.deliver(turn * 2 * HOUR, { sender: `a${turn}x@example.org` });
  }
  assertEquals(world.reasonAt(50 * HOUR, { sender: "x@example.org" }), "defer new");
  assert(world.memory.stored().every(({ kind }) => kind !== "reputation"));
});

Deno.test("the lists decide before greylisting, at RCPT for every sender", () => {
  const allow: Listing = { ...UNLISTED, decisive: "allow" };
  const block: Listing = { ...UNLISTED, decisive: "block" };
  const optedOut: Listing = { ...UNLISTED, optedIn: false };
  const table: [Given, Listing, Partial<Rules>, string][] = [
    [{}, allow, {}, "pass allowed"],
    [{}, block, {}, "reject blocked"],
    [{}, optedOut, {}, "pass not-opted-in"],
    [{}, { ...block, optedIn: false }, {}, "reject blocked"],
    [{ sender: "" }, block, { nullSender: "data" }, "reject blocked"],
    [{ stage: "MAIL" }, block, {}, "pass out-of-scope"],
    [{ authenticated: true }, block, {}, "pass authenticated"],
    [{ address: "203.0.113.5" }, block, {}, "pass allowed"],
    [{}, block, { mode: "off" }, "pass out-of-scope"],
  ];
  for (const [given, listing, rules, expected] of table) {
    const world = new World(rules);
    const { decision, reason } = world.at(0, given, NO_EVIDENCE, listing);
    assertEquals(`${decision} ${reason}`, expected);
    assertEquals(world.memory.stored(), []);
  }
  assertEquals(new World({ mode: "shadow" }).at(0, {}, NO_EVIDENCE, block).shadow, "reject");
});

Deno.test("an origin on the always-greylist list is greylisted for ever, and earns nothing", () => {
  const world = new World();
  const listing: Listing = { ...UNLISTED, alwaysGreylist: true };
  for (let turn = 0; turn < 6; turn++) {
    world.deliver(turn * 2 * HOUR, { sender: `a${turn}x@example.org` });
  }
  assertEquals(world.reasonAt(20 * HOUR, { sender: "b@example.org" }), "pass auto-whitelisted");
  assertEquals(
    world.at(20 * HOUR, { sender: "c@example.org" }, NO_EVIDENCE, listing).reason,
    "new",
  );
  const other = new World();
  other.at(0, {}, NO_EVIDENCE, listing);
  assertEquals(other.at(HOUR, {}, NO_EVIDENCE, listing).reason, "retried");
  assert(other.memory.stored().every(({ kind }) => kind !== "reputation"));
});

Deno.test("shadow mode records everything and defers nobody", () => {
  const world = new World({ mode: "shadow" });
  const first = world.at(0);
  assertEquals([first.decision, first.reason, first.shadow], ["pass", "new", "defer"]);
  assertEquals(world.at(SECOND).reason, "early");
  const later = world.at(120 * SECOND);
  assertEquals([later.decision, later.reason, later.shadow], ["pass", "retried", undefined]);
  assertEquals([later.delayed, later.firstOfMessage], [undefined, undefined]);
  assertEquals(world.reasonAt(HOUR), "pass known");
});

Deno.test("a clock that jumps back does not make anybody wait for longer than the delay", () => {
  const world = new World();
  world.at(0);
  assertEquals(world.at(-DAY).wait, 60 * SECOND);
  assertEquals(world.reasonAt(-DAY + 60 * SECOND), "pass retried");
  const known = new World();
  known.at(0);
  known.at(HOUR);
  assertEquals(known.reasonAt(-DAY), "pass known");
  assertEquals(known.reasonAt(36 * DAY), "pass known");
});

const givenArbitrary = fc.record({
  address: fc.constantFrom("192.0.2.10", "192.0.2.11", "198.51.100.7", "2001:db8::1"),
  clientName: fc.constantFrom("unknown", "a.mail.example", "b.mail.example", "dsl-1.isp.example"),
  sender: fc.constantFrom("", "x@mail.example", "y@example.org", "list-12@example.org"),
  recipient: fc.constantFrom("u@example.net", "v@example.net"),
  instance: fc.constantFrom("", "1", "2"),
});
const historyArbitrary = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 6 * HOUR }), givenArbitrary),
  { maxLength: 40 },
);

Deno.test("no stranger passes before its delay is over", () => {
  fc.assert(
    fc.property(historyArbitrary, (history) => {
      const world = new World({ autoWhitelistClients: 2 });
      const firstTry = new Map<string, number>();
      let now = 0;
      for (const [pause, given] of history) {
        now += pause;
        const pair = `${given.sender} ${given.recipient}`;
        const first = firstTry.get(pair) ?? now;
        firstTry.set(pair, first);
        const verdict = world.at(now, given);
        if (verdict.decision === "pass" && verdict.reason === "retried" && verdict.firstOfMessage) {
          assert(now - first >= RULES.delay, "passed early");
          assert((verdict.delayed ?? 0) >= RULES.delay);
        }
        if (verdict.decision === "defer") assert(verdict.wait! > 0 && verdict.wait! <= RULES.delay);
        if (now === first && given.instance === "" && verdict.decision === "pass") {
          assertEquals(verdict.reason, "auto-whitelisted");
        }
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("a retry after the delay and within the window passes", () => {
  fc.assert(
    fc.property(
      historyArbitrary,
      givenArbitrary,
      fc.integer({ min: RULES.delay, max: RULES.retryWindow }),
      (history, other, wait) => {
        // Nobody tried this before, so that its window begins now.
        const given = { ...other, sender: "fresh@example.com" };
        const world = new World();
        let now = 0;
        for (const [pause, before] of history) world.at(now += pause, before);
        world.at(now, given);
        assertFalse(world.at(now + wait, given).decision !== "pass");
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("an attempt that passes at one moment of the window passes at every later one", () => {
  fc.assert(
    fc.property(
      historyArbitrary,
      givenArbitrary,
      fc.integer({ min: 0, max: 2 * DAY }),
      fc.integer({ min: 0, max: 2 * DAY }),
      (history, tried, one, other) => {
        const given = { ...tried, sender: "fresh@example.com" };
        const world = new World();
        let now = 0;
        for (const [pause, before] of history) world.at(now += pause, before);
        world.at(now, given);
        const [sooner, later] = one < other ? [one, other] : [other, one];
        const about = { attempt: attemptOf(given), listing: UNLISTED, evidence: NO_EVIDENCE };
        const at = (time: number) => {
          const decision = decide(about, world.memory, world.rules, START + now + time);
          return "verdict" in decision ? decision.verdict.decision : "ask";
        };
        if (at(sooner) === "pass") assertEquals(at(later), "pass");
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("the decision changes no record by itself", () => {
  const world = new World();
  world.at(0);
  const before = JSON.stringify(world.memory.stored());
  const about = { attempt: attemptOf(), listing: UNLISTED };
  decide(about, world.memory, world.rules, START + HOUR);
  assertEquals(JSON.stringify(world.memory.stored()), before);
});
