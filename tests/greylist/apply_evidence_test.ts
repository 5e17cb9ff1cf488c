import { assert, assertEquals, assertFalse } from "@std/assert";
import { UNLISTED } from "../../lib/greylist/attempt.ts";
import { type Evidence, NO_EVIDENCE } from "../../lib/greylist/evidence.ts";
import { correspondent } from "../../lib/greylist/origin.ts";
import { DAY, type Given, HOUR, SECOND, START, World } from "./world.ts";

const SPEAKS: Evidence = { ...NO_EVIDENCE, spfDomain: "example.org" };
const FAILS: Evidence = { ...NO_EVIDENCE, spfFails: true };

const HERE: Given = { address: "192.0.2.10" };
const THERE: Given = { address: "198.51.100.7" };
const ELSEWHERE: Given = { address: "203.0.112.9" };

Deno.test("a domain's retry from another of its hosts passes, and a forged one does not", () => {
  const world = new World();
  assertEquals(world.at(0, HERE, UNLISTED, SPEAKS).reason, "new");
  const retried = world.at(90 * SECOND, THERE, UNLISTED, SPEAKS);
  assertEquals([retried.reason, retried.origin], ["retried", "spf:example.org"]);
  assertEquals(world.at(91 * SECOND, ELSEWHERE).reason, "new");
  assertEquals(world.at(92 * SECOND, ELSEWHERE, UNLISTED, FAILS).reason, "early");
});

Deno.test("what is learnt after the answer serves the next host", () => {
  const world = new World();
  assertEquals(world.at(0, HERE, UNLISTED, "nothing").reason, "new");
  world.learn(1 * SECOND, HERE, SPEAKS);
  assert(world.asks(90 * SECOND, THERE));
  assertEquals(world.at(90 * SECOND, THERE, UNLISTED, SPEAKS).reason, "retried");
});

Deno.test("a later first try does not take the place of an earlier one, nor waiting that of known", () => {
  const world = new World();
  world.at(0, HERE, UNLISTED, "nothing");
  world.learn(1 * SECOND, HERE, SPEAKS);
  world.at(50 * SECOND, THERE, UNLISTED, NO_EVIDENCE);
  world.learn(51 * SECOND, THERE, SPEAKS);
  assertEquals(world.at(61 * SECOND, ELSEWHERE, UNLISTED, SPEAKS).delayed, 61 * SECOND);
  world.at(HOUR, THERE, UNLISTED, NO_EVIDENCE);
  world.learn(HOUR, THERE, SPEAKS);
  assertEquals(world.at(2 * HOUR, { address: "10.0.0.1" }, UNLISTED, SPEAKS).reason, "known");
});

Deno.test("nobody waits for DNS where its answer decides nothing", () => {
  const world = new World();
  assertFalse(world.asks(0, HERE));
  world.at(0, HERE, UNLISTED, "nothing");
  // It waits under its network; nothing says that the domain has other hosts.
  assertFalse(world.asks(10 * SECOND, THERE));
  world.learn(11 * SECOND, HERE, SPEAKS);
  assert(world.asks(20 * SECOND, THERE));
  assertFalse(world.asks(20 * SECOND, { ...THERE, recipient: "eve@example.net" }));
  assertFalse(world.asks(20 * SECOND, { ...THERE, sender: "alice@example.com" }));
  assertFalse(world.asks(90 * SECOND, HERE), "it has come back, whatever SPF says");
  assertFalse(new World({ spf: "off" }).asks(0, HERE));
});

Deno.test("a domain earns trust wherever it sends from, and only for itself", () => {
  const world = new World({ autoWhitelistClients: 2 });
  for (let turn = 0; turn < 2; turn++) {
    const given = { address: `192.0.${turn}.10`, recipient: `r${turn}@example.net` };
    world.at(turn * 3 * HOUR, given, UNLISTED, SPEAKS);
    world.at(turn * 3 * HOUR + HOUR, given, UNLISTED, SPEAKS);
  }
  const fresh = { ...ELSEWHERE, recipient: "new@example.net" };
  assert(world.asks(DAY, fresh));
  const proven = world.at(DAY, fresh, UNLISTED, SPEAKS);
  assertEquals([proven.reason, proven.origin], ["auto-whitelisted", "spf:example.org"]);
  assertEquals(world.at(DAY, fresh).reason, "new");
});

Deno.test("spf = pass lets a pass in at once and remembers it", () => {
  const world = new World({ spf: "pass" });
  assert(world.asks(0, HERE));
  const passed = world.at(0, HERE, UNLISTED, SPEAKS);
  assertEquals([passed.reason, passed.origin], ["spf-pass", "spf:example.org"]);
  assertEquals(world.at(1 * SECOND, HERE).reason, "known");
  assertEquals(world.at(1 * SECOND, { ...THERE, sender: "x@example.com" }).reason, "new");
});

Deno.test("spf_fail = block refuses a stranger that fails, and nobody else", () => {
  const world = new World({ spfFail: "block" });
  assert(world.asks(0, HERE));
  assertEquals(world.at(0, HERE, UNLISTED, FAILS), {
    decision: "reject",
    reason: "blocked",
    by: "spf_fail",
  });
  assertEquals(world.at(0, HERE).reason, "new");
  world.at(HOUR, HERE);
  assertEquals(world.at(2 * HOUR, HERE, UNLISTED, FAILS).reason, "known");
  assertEquals(new World().at(0, HERE, UNLISTED, FAILS).reason, "new");
  const shadow = new World({ spfFail: "block", mode: "shadow" });
  assertEquals(shadow.at(0, HERE, UNLISTED, FAILS).shadow, "reject");
});

Deno.test("mode suspicious lets pass who is not odd enough, and knows it from then on", () => {
  const world = new World({ mode: "suspicious", suspicionThreshold: 3 });
  assert(world.asks(0, HERE));
  assertEquals(world.at(0, HERE, UNLISTED, { ...NO_EVIDENCE, suspicionScore: 3 }).reason, "new");
  assertEquals(world.at(1 * SECOND, HERE, UNLISTED, NO_EVIDENCE).reason, "early");
  const other = { ...HERE, recipient: "eve@example.net" };
  assertEquals(
    world.at(0, other, UNLISTED, { ...NO_EVIDENCE, suspicionScore: 2 }).reason,
    "low-suspicion",
  );
  assertEquals(world.at(1 * SECOND, other).reason, "known");
});

Deno.test("hosts of a domain that our users write to pass, and those that claim it do not", () => {
  const world = new World();
  const own = { clientName: "mail.example.org" };
  assertEquals(world.at(0, own).reason, "new");
  world.memory.apply([{
    kind: "origin",
    key: correspondent("example.org"),
    record: { firstSeen: START, lastSeen: START, deliveries: 0, lastCounted: START },
  }]);
  const passed = world.at(1 * SECOND, { ...own, recipient: "eve@example.net" });
  assertEquals([passed.reason, passed.origin], ["correspondent", "correspondent:example.org"]);
  assert(world.asks(0, THERE));
  assertEquals(world.at(0, THERE, UNLISTED, SPEAKS).reason, "correspondent");
  assertEquals(world.at(0, ELSEWHERE).reason, "new");
  assertEquals(world.at(0, { ...ELSEWHERE, clientName: "mail.example.com" }).reason, "early");
  assertEquals(
    world.at(40 * DAY, { ...own, recipient: "late@example.net" }).reason,
    "new",
    "it was too long ago",
  );
  const forgetful = new World({ learnOutbound: false });
  forgetful.memory.apply(world.memory.stored());
  assertEquals(forgetful.at(0, { ...own, recipient: "no@example.net" }).reason, "new");
});
