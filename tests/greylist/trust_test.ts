/**
 * Legitimate mail that greylisting delays without need: who may skip the wait, and by which rule.
 */
import { assert, assertEquals } from "@std/assert";
import { UNLISTED } from "../../lib/greylist/attempt.ts";
import { type Evidence, NO_EVIDENCE, NOT_LISTED } from "../../lib/greylist/evidence.ts";
import type { Reputation } from "../../lib/greylist/model.ts";
import { correspondentName } from "../../lib/greylist/origins.ts";
import {
  attemptOf,
  DAY,
  type Given,
  HOUR,
  listed,
  MINUTE,
  SECOND,
  SPF_FAIL,
  spfPass,
  START,
  World,
} from "./world.ts";

const HERE = { address: "5.6.7.8", clientName: "mail.example.org" };
const THERE = { address: "9.9.7.8", clientName: "out2.relay.example" };
const ELSEWHERE = { address: "77.9.7.8", clientName: "mail.elsewhere.example" };

/** The sender's domain has a record that says nothing about the client, or it did not come. */
const NEUTRAL: Evidence = { ...NO_EVIDENCE, spf: "neutral" };
const UNKNOWN: Evidence = { ...NO_EVIDENCE, spf: "unknown" };

const EMPTY: Omit<Reputation, "firstSeen" | "lastSeen" | "updated"> = {
  retried: 0,
  abandoned: 0,
  total: 0,
  lastRetried: 0,
  lastAbandoned: 0,
};

function correspond(world: World, domain: string, time = 0): void {
  const at = START + time;
  const record = { ...EMPTY, firstSeen: at, lastSeen: at, updated: at };
  world.memory.apply([{ kind: "reputation", key: correspondentName(domain), record }]);
}

Deno.test("senders are compared without case", () => {
  const world = new World();
  world.at(0, { sender: "Joe@Example.org", recipient: "Bob@example.net" });
  assertEquals(
    world.reasonAt(HOUR, { sender: "joe@example.org", recipient: "bob@EXAMPLE.net" }),
    "pass retried",
  );
});

Deno.test("a retry from another host of the same SPF record passes, and a forged one waits", () => {
  const world = new World();
  assertEquals(world.reasonAt(0, HERE, spfPass("example.org")), "defer new");
  assertEquals(world.asks(90 * SECOND, THERE), "evidence");
  const retried = world.at(90 * SECOND, THERE, spfPass("example.org"));
  assertEquals([retried.reason, retried.origin], ["retried", "spf:example.org"]);
  assertEquals(world.reasonAt(91 * SECOND, ELSEWHERE, SPF_FAIL), "defer new");
});

Deno.test("one retried message auto-whitelists its host for its sender's domain", () => {
  const other = { recipient: "carol@example.net", sender: "eve@example.org" };
  const world = new World();
  world.deliver(0, HERE, spfPass("example.org"));
  const passed = world.at(HOUR, { ...HERE, ...other }, spfPass("example.org"));
  assertEquals([passed.reason, passed.origin], ["auto-whitelisted", "ip:5.6.7.8 example.org"]);
  assertEquals(world.reasonAt(HOUR, { ...HERE, sender: "x@third.example" }), "defer new");
  const failing = { ...HERE, ...other, recipient: "d@example.net" };
  assertEquals(world.reasonAt(HOUR, failing, SPF_FAIL), "defer new");
});

Deno.test("a sender's other hosts need a retried message of their own, or a week", () => {
  const other = { sender: "eve@example.org" };
  const hosts: [Given, Evidence][] = [
    [{ ...THERE, ...other }, spfPass("example.org")],
    [{ ...other, address: "44.1.1.1", clientName: "mx2.example.org" }, NO_EVIDENCE],
    [{ ...other, address: "5.6.7.9", clientName: "mail.other.example" }, NO_EVIDENCE],
  ];
  const world = new World();
  world.deliver(0, HERE, spfPass("example.org"));
  const reasons = (time: number) =>
    hosts.map(([given, evidence], at) =>
      world.at(time, { ...given, recipient: `r${at}-${time}@example.net` }, evidence).reason
    );
  assertEquals(reasons(HOUR), ["new", "new", "new"]);
  for (let turn = 2; turn < 9; turn++) {
    const mail = { ...HERE, recipient: `again${turn}@example.net` };
    assertEquals(world.reasonAt(turn * HOUR, mail), "pass auto-whitelisted");
  }
  assertEquals(reasons(7 * DAY - HOUR), ["new", "new", "new"], "passing earns nothing");
  assertEquals(reasons(7 * DAY + HOUR), hosts.map(() => "auto-whitelisted"));
});

Deno.test("two retried messages auto-whitelist a sender's own hosts", () => {
  const other = { recipient: "carol@example.net", sender: "eve@example.org" };
  const world = new World();
  // A retry of each of two hosts, since the first skips greylisting after one.
  world.deliver(0, HERE, spfPass("example.org"));
  const second = { ...HERE, address: "5.6.7.10", recipient: "second@example.net" };
  world.deliver(2 * HOUR, second, spfPass("example.org"));
  const bySpf = world.at(DAY, { ...THERE, ...other }, spfPass("example.org"));
  assertEquals([bySpf.reason, bySpf.origin], ["auto-whitelisted", "spf:example.org"]);
  const byName = world.at(DAY, { ...other, address: "44.1.1.1", clientName: "mx2.example.org" });
  assertEquals([byName.reason, byName.origin], ["auto-whitelisted", "org:example.org"]);
  const neighbour = { address: "5.6.7.9", clientName: "mail.other.example" };
  const byPair = world.at(DAY, { ...neighbour, ...other, recipient: "d@example.net" });
  assertEquals(
    [byPair.reason, byPair.origin],
    ["auto-whitelisted", "net:5.6.7.0/24 example.org"],
  );
  const stranger = { ...neighbour, sender: "x@third.example" };
  assertEquals(world.reasonAt(DAY, stranger), "defer new");
});

Deno.test("auto_whitelist_domains = 0 leaves only exact addresses", () => {
  const world = new World({ autoWhitelistDomains: 0 });
  for (let turn = 0; turn < 30; turn++) {
    const recipient = `r${turn}@example.net`;
    world.deliver(turn * 2 * HOUR, { ...HERE, recipient }, spfPass("example.org"));
  }
  const recipient = "new@example.net";
  assertEquals(
    world.reasonAt(4 * DAY, { ...THERE, recipient }, spfPass("example.org")),
    "defer new",
  );
  assertEquals(
    world.reasonAt(4 * DAY, { ...HERE, recipient }, spfPass("example.org")),
    "pass auto-whitelisted",
  );
});

Deno.test("a provider's record is trusted after three sender domains, two of them established", () => {
  const via = "spf.provider.example";
  const host = (turn: number) => ({
    address: `40.${turn}.1.1`,
    clientName: `mail-${"abcdefghijklm"[turn]}.provider.example`,
  });
  const send = (world: World, turn: number, time: number) => {
    const domain = `customer-${"abcdefghijklm"[turn]}.example`;
    return world.deliver(time, { ...host(turn), sender: `joe@${domain}` }, spfPass(domain, via));
  };
  const attempt = (world: World, time: number) =>
    world.at(time, { ...host(10), sender: "joe@fresh.example" }, spfPass("fresh.example", via));

  const slow = new World({ autoWhitelistClients: 50 });
  for (let turn = 0; turn < 3; turn++) send(slow, turn, turn * 2 * HOUR);
  assertEquals(attempt(slow, DAY).reason, "new");
  const later = slow.at(
    8 * DAY,
    { ...host(11), sender: "joe@late.example" },
    spfPass("late.example", via),
  );
  assertEquals([later.reason, later.origin], ["auto-whitelisted", `via:${via}`]);

  const fast = new World({ autoWhitelistClients: 50 });
  for (const turn of [0, 1]) correspond(fast, `customer-${"ab"[turn]}.example`);
  for (let turn = 0; turn < 3; turn++) {
    // Correspondents pass without a wait once SPF shows that the host is theirs.
    correspond(fast, `customer-${"ab"[turn]}.example`, -40 * DAY);
    send(fast, turn, turn * 2 * HOUR);
  }
  assertEquals(attempt(fast, DAY).reason, "new", "three domains, none of them established yet");

  const nameless = { address: "40.99.1.1", sender: "joe@x.example" };
  assertEquals(slow.at(8 * DAY, nameless, spfPass("x.example", via)).reason, "new");
});

Deno.test("an organisation that always retries is trusted for anybody's mail, also forwarded", () => {
  const world = new World({ autoWhitelistClients: 50 });
  const host = (turn: number) => ({
    address: `40.${turn}.1.1`,
    clientName: `mail-wr1-f${turn}.relay.example`,
  });
  for (let turn = 0; turn < 11; turn++) {
    world.deliver(turn * 2 * HOUR, { ...host(turn), sender: `joe@customer${turn}.example` });
  }
  const fresh = { ...host(80), sender: "joe@fresh.example" };
  assertEquals(world.reasonAt(2 * DAY, fresh), "defer new");
  world.deliver(3 * DAY, { ...host(90), sender: "joe@last.example" });
  const passed = world.at(4 * DAY, { ...host(81), sender: "joe@forwarded.example" }, SPF_FAIL);
  assertEquals([passed.reason, passed.origin], ["auto-whitelisted", "org:relay.example"]);
});

Deno.test("an auto-whitelisted pass makes the relation known from the client's other origins", () => {
  const world = new World();
  world.deliver(0, HERE, spfPass("example.org"));
  const mail = { recipient: "carol@example.net" };
  assertEquals(
    world.reasonAt(DAY, { ...HERE, ...mail }, spfPass("example.org")),
    "pass auto-whitelisted",
  );
  assertEquals(
    world.reasonAt(DAY + 1, { ...THERE, ...mail }, spfPass("example.org")),
    "pass known",
  );
});

Deno.test("a sender with a changing local part is known by its domain", () => {
  const bounces = [
    "bounce-mc.us1_1.22-bob=example.net@mail105.suw16.bulk.example",
    "8aBcDeFgHiJ@bounce.bulk.example",
    "v-bafekgf_cpnbcfl_lfgaggp_lfgaggp_a@bounce.bulk.example",
    "prvs=user=1234abcdef@bulk.example",
    "msprvs1=17abcXYZ=bounces-12345@sp.bulk.example",
  ];
  const world = new World({ autoWhitelistClients: 0 });
  const host = { address: "5.6.7.8", clientName: "mta1.bulk.example" };
  world.deliver(0, { ...host, sender: bounces[0]! });
  for (const sender of bounces.slice(1)) {
    const other = { address: "9.9.7.8", clientName: "mta7.bulk.example", sender };
    assertEquals(world.reasonAt(DAY, other), "pass known", sender);
  }
  const stable = { ...host, sender: "news@bulk.example" };
  assertEquals(world.reasonAt(DAY, stable), "defer new");
  const forged = { address: "77.1.1.1", clientName: "mail.evil.example", sender: bounces[1]! };
  assertEquals(world.reasonAt(DAY, forged), "defer new");
});

Deno.test("a mailbox provider's domain is never known as a whole", () => {
  const world = new World({ autoWhitelistClients: 0 });
  const host = { address: "5.6.7.8", clientName: "mail-a.google.com" };
  world.deliver(0, { ...host, sender: "x1y2z3x4y5@gmail.com" }, spfPass("gmail.com"));
  assertEquals(
    world.reasonAt(DAY, { ...host, sender: "a9b8c7d6e5f4g3@gmail.com" }, spfPass("gmail.com")),
    "defer new",
  );
});

Deno.test("hosts of a domain that local users write to pass, and those that claim it do not", () => {
  const world = new World();
  correspond(world, "example.org");
  assertEquals(world.asks(0, HERE), "evidence");
  const passed = world.at(0, HERE);
  assertEquals([passed.reason, passed.origin], ["correspondent", "correspondent:example.org"]);
  const second = { ...THERE, recipient: "eve@example.net" };
  assertEquals(world.reasonAt(0, second, spfPass("example.org")), "pass correspondent");
  assertEquals(world.reasonAt(0, { ...ELSEWHERE, recipient: "eve@example.net" }), "defer new");
  assertEquals(world.reasonAt(0, { ...HERE, recipient: "f@example.net" }, SPF_FAIL), "defer new");
  const late = { ...HERE, recipient: "late@example.net", sender: "other@example.org" };
  assertEquals(world.reasonAt(40 * DAY, late), "defer new", "the lifetime is over");
  const forgetful = new World({ learnOutbound: false });
  correspond(forgetful, "example.org");
  assertEquals(forgetful.reasonAt(0, HERE), "defer new");
});

Deno.test("a sample of an auto-whitelisted origin's first contacts is deferred", () => {
  const world = new World({ sampleKey: "any" });
  for (let turn = 0; turn < 12; turn++) {
    world.deliver(turn * 2 * HOUR, { ...HERE, sender: `s${turn}@a${turn}.example` });
  }
  const reasons = Array.from(
    { length: 1000 },
    (_, n) =>
      world.at(DAY * 2, { ...HERE, recipient: `r${n}@example.net`, sender: `x${n}@b.example` })
        .reason,
  );
  const sampled = reasons.filter((reason) => reason === "new").length;
  assert(sampled >= 8 && sampled <= 40, `${sampled} of 1000`);
  assertEquals(reasons.filter((reason) => reason === "auto-whitelisted").length, 1000 - sampled);
});

Deno.test("an attempt that another one superseded is not an abandoned message", () => {
  for (const passes of [true, false]) {
    const world = new World({ autoWhitelistDomains: 0 });
    for (let turn = 0; turn < 9; turn++) {
      world.deliver(turn * 2 * HOUR, { ...HERE, sender: `s${turn}@a${turn}.example` });
    }
    const mail = { sender: "joe@b.example" };
    // Deferred before the address was auto-whitelisted, then delivered by another host.
    world.memory.apply([{
      kind: "pending",
      key: attemptOf(mail).pendingKey,
      network: "net:5.6.7.0/24",
      record: {
        network: "net:5.6.7.0/24",
        origins: ["ip:5.6.7.8", "net:5.6.7.0/24"],
        firstSeen: START,
        lastSeen: START,
        tries: 1,
        expires: START + 2 * DAY,
      },
    }]);
    if (passes) world.deliver(HOUR, { ...THERE, ...mail });
    world.expire(3 * DAY, mail);
    assertEquals(world.reputation("ip:5.6.7.8")!.abandoned > 0, !passes);
  }
});

Deno.test("private and shared addresses earn nothing", () => {
  for (const address of ["10.1.2.3", "100.64.1.1", "169.254.1.1", "fd00::1", "fe80::1"]) {
    const world = new World();
    for (let turn = 0; turn < 6; turn++) {
      world.deliver(turn * 2 * HOUR, { address, sender: `s${turn}@a${turn}.example` });
    }
    assertEquals(world.reputation(`ip:${address}`), undefined, address);
  }
});

Deno.test("on an SPF fail only the address earns", () => {
  const world = new World();
  world.deliver(0, HERE, SPF_FAIL);
  assertEquals(world.reputation("ip:5.6.7.8")!.total, 1);
  assertEquals(world.reputation("org:example.org"), undefined);
  assertEquals(world.reputation("net:5.6.7.0/24 example.org"), undefined);
});

Deno.test("a listed client is asked for again at its retry, and refused, deferred or accepted", () => {
  for (const action of ["reject", "defer", "accept"] as const) {
    const world = new World({ hasDnsLists: true, delaySuspicious: 5 * MINUTE });
    const first = world.at(0, HERE, listed(action));
    assertEquals([first.reason, first.wait], ["new", 5 * MINUTE]);
    assertEquals(world.asksAgain(HOUR, HERE, listed(action)), "lists");
    const retry = world.at(HOUR, HERE, listed(action));
    const expected = { reject: "reject listed", defer: "defer listed", accept: "pass retried" };
    assertEquals(`${retry.decision} ${retry.reason}`, expected[action]);
    if (action === "defer") {
      assertEquals(world.reasonAt(12 * HOUR + 1, HERE, listed(action)), "pass retried");
    }
  }
});

Deno.test("a client that is listed no more passes, and a retry without an answer too", () => {
  const world = new World({ hasDnsLists: true });
  world.at(0, HERE, listed());
  assertEquals(world.reasonAt(HOUR, HERE, NO_EVIDENCE), "pass retried");
});

Deno.test("a listing ends a reputation and profits from no wider origin", () => {
  const world = new World({ hasDnsLists: true });
  for (let turn = 0; turn < 6; turn++) {
    world.deliver(turn * 2 * HOUR, { ...HERE, sender: `s${turn}@a${turn}.example` });
  }
  assertEquals(world.asksAgain(DAY, { ...HERE, sender: "x@b.example" }, NO_EVIDENCE), "lists");
  assertEquals(world.reasonAt(DAY, { ...HERE, sender: "x@b.example" }, listed()), "defer new");
  assertEquals(
    world.reasonAt(DAY + HOUR, { ...HERE, sender: "x@b.example" }, listed()),
    "reject listed",
  );
  assertEquals(world.reputation("ip:5.6.7.8")!.total, 0);
  // The relation of a neighbour does not count for a listed client; its own address does.
  world.deliver(2 * DAY, { ...THERE, sender: "y@c.example" });
  const neighbour = { ...THERE, address: "9.9.7.9", sender: "y@c.example" };
  assertEquals(world.reasonAt(3 * DAY, neighbour, listed()), "defer new");
  assertEquals(
    world.reasonAt(3 * DAY, { ...THERE, sender: "y@c.example" }, listed()),
    "pass known",
  );
});

Deno.test("mode auto selects by suspicion only while a DNSBL answers", () => {
  const answered: Evidence = { ...NO_EVIDENCE, listings: { ...NOT_LISTED, hasAnswer: true } };
  const world = new World({ mode: "auto", hasDnsLists: true });
  assertEquals(world.reasonAt(0, HERE, NO_EVIDENCE), "defer new");
  assertEquals(world.reasonAt(0, THERE, answered), "pass low-suspicion");
  assertEquals(world.reasonAt(0, ELSEWHERE, { ...answered, suspicionScore: 3 }), "defer new");
});

Deno.test("a list of good senders skips the wait in every mode", () => {
  const listings = { ...NOT_LISTED, isTrusted: true, zone: "list.dnswl.example" };
  const verdict = new World({ hasDnsLists: true }).at(0, HERE, { ...NO_EVIDENCE, listings });
  assertEquals([verdict.reason, verdict.by], ["low-suspicion", "list.dnswl.example"]);
});

Deno.test("a well-known sender's record lets a client in, also one without a name for the moment", () => {
  const evidence = { ...spfPass("shop.example", "amazonses.com"), wellKnown: "Amazon SES" };
  for (const clientName of ["unknown", "a1-2.smtp-out.amazonses.com"]) {
    const verdict = new World().at(0, { clientName, sender: "x@shop.example" }, evidence);
    assertEquals([verdict.reason, verdict.by], ["allowed", "builtin:Amazon SES"]);
  }
  const alwaysGreylist = { ...UNLISTED, alwaysGreylist: true };
  assertEquals(new World().at(0, HERE, evidence, alwaysGreylist).reason, "new");
});

Deno.test("senders of login codes skip the wait if asked for", () => {
  const evidence = spfPass("example.org");
  for (
    const sender of ["no-reply@example.org", "security@example.org", "verify.code@example.org"]
  ) {
    assertEquals(new World().reasonAt(0, { ...HERE, sender }, evidence), "defer new");
    const world = new World({ codes: "spf" });
    const verdict = world.at(0, { ...HERE, sender }, evidence);
    assertEquals([verdict.reason, verdict.by], ["spf-pass", "codes"]);
    assertEquals(world.reasonAt(0, { sender, address: "77.1.1.1" }, evidence), "defer new");
  }
  const person = { ...HERE, sender: "reply@example.org" };
  assertEquals(new World({ codes: "spf" }).reasonAt(0, person, evidence), "defer new");
});

Deno.test("a client that writes to a trap is deferred for a day and loses its reputation", () => {
  const world = new World();
  for (let turn = 0; turn < 6; turn++) {
    world.deliver(turn * 2 * HOUR, { ...HERE, sender: `s${turn}@a${turn}.example` });
  }
  const trap = { ...UNLISTED, isTrap: true };
  const caught = world.at(DAY, { ...HERE, recipient: "old@example.net" }, NO_EVIDENCE, trap);
  assertEquals([caught.decision, caught.reason, caught.wait], ["defer", "trap", DAY]);
  const stranger = { ...HERE, sender: "new@b.example" };
  assertEquals(world.reasonAt(2 * DAY - 1, stranger), "defer trap");
  assertEquals(world.reasonAt(2 * DAY, stranger), "defer new");
  assertEquals(
    world.reasonAt(DAY + HOUR, { ...HERE, address: "5.6.7.9", sender: "new@c.example" }),
    "defer new",
  );
  // Known mail of other customers of the same provider still passes, but not to the trap.
  const known = { ...HERE, sender: "s1@a1.example" };
  assertEquals(world.reasonAt(DAY + HOUR, known), "pass known");
  assertEquals(world.at(DAY + HOUR, known, NO_EVIDENCE, trap).reason, "trap");
});

Deno.test("spf = pass lets an SPF pass in, and spf_fail = block refuses a stranger that fails", () => {
  const lenient = new World({ spf: "pass" });
  const passed = lenient.at(0, HERE, spfPass("example.org"));
  assertEquals([passed.reason, passed.origin], ["spf-pass", "spf:example.org"]);
  assertEquals(lenient.reasonAt(SECOND, HERE), "pass known");
  const strict = new World({ spfFail: "block" });
  assertEquals(strict.at(0, HERE, SPF_FAIL), {
    decision: "reject",
    reason: "blocked",
    by: "spf_fail",
  });
  strict.deliver(0, HERE);
  assertEquals(strict.reasonAt(2 * HOUR, HERE, SPF_FAIL), "pass known");
});

Deno.test("mode suspicious lets a client below the threshold in and knows it from then on", () => {
  const world = new World({ mode: "suspicious" });
  assertEquals(world.reasonAt(0, HERE, { ...NO_EVIDENCE, suspicionScore: 3 }), "defer new");
  assertEquals(world.reasonAt(SECOND, HERE), "defer early");
  const other = { ...HERE, recipient: "eve@example.net" };
  assertEquals(
    world.reasonAt(0, other, { ...NO_EVIDENCE, suspicionScore: 2 }),
    "pass low-suspicion",
  );
  assertEquals(world.reasonAt(SECOND, other), "pass known");
});

Deno.test("a later message of a sender's own host that never retries passes, and earns nothing", () => {
  const world = new World();
  const own = { ...HERE, sender: "system@example.org" };
  assertEquals(world.reasonAt(0, own, spfPass("example.org")), "defer new");
  assertEquals(world.reasonAt(4 * DAY, own, spfPass("example.org")), "defer new", "a rented range");
  assertEquals(world.reasonAt(12 * DAY, own, spfPass("example.org")), "pass known");
  assertEquals(world.reputation("spf:example.org"), undefined);
  const foreign = { ...HERE, sender: "system@other.example" };
  assertEquals(world.reasonAt(12 * DAY, foreign), "defer new");
  assertEquals(world.reasonAt(24 * DAY, foreign), "defer new");
});

Deno.test("a retry that comes after hours passes and earns nothing", () => {
  const world = new World();
  world.at(0, HERE, spfPass("example.org"));
  assertEquals(world.reasonAt(7 * HOUR, HERE, spfPass("example.org")), "pass retried");
  assertEquals(world.reputation("spf:example.org"), undefined);
});

Deno.test("a bounce passes from hosts of an organisation that retries its own mail", () => {
  const world = new World();
  world.deliver(0, HERE);
  world.deliver(2 * HOUR, { ...HERE, address: "9.9.7.9", recipient: "second@example.net" });
  const bounce = { sender: "", recipient: "carol@example.net" };
  const passed = world.at(DAY, { ...bounce, address: "9.9.7.8", clientName: "mx2.example.org" });
  assertEquals([passed.reason, passed.origin], ["auto-whitelisted", "org:example.org"]);
  assertEquals(world.reasonAt(DAY, { ...bounce, address: "77.9.7.8" }), "defer new");
});

Deno.test("an address without a name is auto-whitelisted for a domain after two retries, or one and a week", () => {
  const host = { address: "5.6.7.8", clientName: "unknown" };
  const origin = "ip:5.6.7.8 example.org";
  // SPF authorises the address, or the domain has no record.
  for (const evidence of [spfPass("example.org"), NO_EVIDENCE]) {
    const send = (world: World, time: number, recipient: string) =>
      world.deliver(time, { ...host, recipient }, evidence);
    const world = new World();
    send(world, 0, "a@example.net");
    assertEquals(
      world.reasonAt(HOUR, { ...host, recipient: "b@example.net" }, evidence),
      "defer new",
    );
    send(world, 2 * HOUR, "c@example.net");
    const next = { ...host, recipient: "d@example.net" };
    assertEquals(world.asks(DAY, next), "evidence");
    for (const foreign of [NEUTRAL, UNKNOWN, SPF_FAIL]) {
      const mail = { ...next, recipient: `${foreign.spf}@example.net` };
      assertEquals(world.reasonAt(DAY, mail, foreign), "defer new");
    }
    const passed = world.at(DAY, next, evidence);
    assertEquals([passed.reason, passed.origin], ["auto-whitelisted", origin]);
    const neighbour = { ...next, address: "5.6.7.9", recipient: "d2@example.net" };
    assertEquals(world.reasonAt(DAY, neighbour, evidence), "defer new");
    const other = { ...host, sender: "x@other.example", recipient: "f@example.net" };
    assertEquals(world.reasonAt(DAY, other, NO_EVIDENCE), "defer new");

    const aged = new World();
    send(aged, 0, "a@example.net");
    assertEquals(aged.at(8 * DAY, next, evidence).origin, origin);
  }
});

Deno.test("an address without a name earns nothing for a domain whose record leaves it out", () => {
  for (const evidence of [NEUTRAL, UNKNOWN, SPF_FAIL]) {
    const world = new World();
    for (const turn of [0, 1, 2]) {
      const recipient = `r${turn}@example.net`;
      world.deliver(turn * 2 * HOUR, { address: "5.6.7.8", recipient }, evidence);
    }
    assertEquals(world.reputation("ip:5.6.7.8 example.org"), undefined);
  }
});

Deno.test("a correspondent's server without a name passes where SPF authorises few addresses", () => {
  const host = { address: "5.6.7.8", clientName: "unknown" };
  const pass = spfPass("example.org");
  const table: [Evidence, string][] = [
    [{ ...pass, isNarrow: true }, "pass correspondent"],
    [{ ...pass, isNarrow: false }, "defer new"],
    [{ ...spfPass("example.com"), isNarrow: true }, "defer new"],
    [SPF_FAIL, "defer new"],
  ];
  for (const [evidence, expected] of table) {
    const world = new World();
    correspond(world, "example.org");
    assertEquals(world.asks(HOUR, host), "evidence");
    assertEquals(world.reasonAt(HOUR, host, evidence), expected);
  }
});
