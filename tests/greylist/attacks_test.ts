/**
 * Attacks on greylisting by a sender who knows its rules. Each was shown to pass a naive greylister.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { UNLISTED } from "../../lib/greylist/attempt.ts";
import { type Evidence, NO_EVIDENCE } from "../../lib/greylist/evidence.ts";
import { correspondentName } from "../../lib/greylist/origins.ts";
import {
  DAY,
  type Given,
  HOUR,
  listed,
  MINUTE,
  SECOND,
  SPF_FAIL,
  SPF_SOFTFAIL,
  spfPass,
  START,
  World,
} from "./world.ts";

/** Adds a domain that local users wrote to. */
function correspond(world: World, domain: string, time = 0): void {
  const at = START + time;
  world.memory.apply([{
    kind: "reputation",
    key: correspondentName(domain),
    record: {
      retried: 0,
      abandoned: 0,
      total: 0,
      updated: at,
      firstSeen: at,
      lastSeen: at,
      lastRetried: 0,
      lastAbandoned: 0,
    },
  }]);
}

Deno.test("a host's neighbours do not profit from its reputation", () => {
  const world = new World();
  for (let turn = 0; turn < 30; turn++) {
    world.deliver(turn * 2 * HOUR, { address: "5.6.7.8", sender: `s${turn}@a${turn}.example` });
  }
  assertEquals(
    world.reasonAt(3 * DAY, { address: "5.6.7.8", sender: "x@new.example" }),
    "pass auto-whitelisted",
  );
  for (const last of [1, 7, 9, 200]) {
    const neighbour = { address: `5.6.7.${last}`, sender: `x${last}@new.example` };
    assertEquals(world.reasonAt(3 * DAY, neighbour), "defer new");
  }
});

Deno.test("an SPF record that depends on the client makes no botnet one sender", () => {
  // The evidence of such a pass names no domain.
  const echo: Evidence = { ...NO_EVIDENCE, spf: "pass" };
  const world = new World();
  const sender = "x@echo.evil.test";
  for (let turn = 0; turn < 10; turn++) {
    const first = { address: `5.${turn}.1.1`, clientName: `h${turn}.one.example`, sender };
    const second = { address: `6.${turn}.1.1`, clientName: `h${turn}.two.example`, sender };
    const recipient = `r${turn}@example.net`;
    assertEquals(world.reasonAt(turn * DAY, { ...first, recipient }, echo), "defer new");
    assertEquals(world.reasonAt(turn * DAY + HOUR, { ...second, recipient }, echo), "defer new");
  }
});

Deno.test("a client without a name does not profit from an SPF pass", () => {
  for (const clientName of ["unknown", "p5b3c.dip0.t-ipconnect.de", "5-6-7-8.dsl.isp.example"]) {
    const world = new World();
    const given = { clientName, sender: "x@evil.test" };
    world.at(0, { ...given, address: "5.6.7.8" }, spfPass("evil.test"));
    assertEquals(
      world.reasonAt(HOUR, { ...given, address: "9.9.7.8" }, spfPass("evil.test")),
      "defer new",
      clientName,
    );
    world.at(2 * HOUR, { ...given, address: "5.6.7.8" }, spfPass("evil.test"));
    assertEquals(world.reputation("spf:evil.test"), undefined);
  }
});

Deno.test("bots of one access provider are strangers to each other, also with a forged correspondent", () => {
  const name = (n: number) => `lfbn-mar-1-${n}-45.w86-212.abo.wanadoo.fr`;
  const world = new World();
  correspond(world, "wanadoo.fr");
  const bot = (n: number): Given => ({
    address: `86.212.${n}.45`,
    clientName: name(n),
    sender: "jean@wanadoo.fr",
  });
  assertEquals(world.reasonAt(0, bot(33)), "defer new");
  assertEquals(world.reasonAt(HOUR, bot(34)), "defer new");
});

Deno.test("a hoster's default name is no organisation", () => {
  const names: [string, string][] = [
    ["vmi123456.contaboserver.net", "vmi654321.contaboserver.net"],
    ["vps-1a2b3c4d.vps.ovh.net", "vps-9f8e7d6c.vps.ovh.net"],
    ["h2345678.stratoserver.net", "h8765432.stratoserver.net"],
  ];
  for (const [one, other] of names) {
    const world = new World();
    world.deliver(0, { address: "5.6.7.8", clientName: one });
    assertEquals(
      world.reasonAt(DAY, { address: "9.9.7.8", clientName: other }),
      "defer new",
      other,
    );
  }
});

Deno.test("an organisation's name does not match against an SPF fail or softfail", () => {
  for (const evidence of [SPF_FAIL, SPF_SOFTFAIL]) {
    const world = new World();
    const sender = "boss@brand.example";
    world.deliver(0, { address: "5.6.7.8", clientName: "mx1.hoster.example", sender });
    const forger = { address: "9.9.7.8", clientName: "mx2.hoster.example", sender };
    assertEquals(world.asks(DAY, forger), "evidence");
    assertEquals(world.reasonAt(DAY, forger, evidence), "defer new");
    correspond(world, "hoster.example", DAY);
    const own = { ...forger, sender: "x@hoster.example" };
    assertEquals(world.reasonAt(DAY, own, evidence), "defer new");
  }
});

Deno.test("random senders from one host pass for nothing", () => {
  const makers: ((n: number) => string)[] = [
    (n) =>
      `${
        (0x9e3779b97f4a7c15n * BigInt(n + 1) & 0xffffffffffffffffn).toString(16).padStart(16, "0")
      }@x.example`,
    (n) => `user${1000 + n * 7}@x.example`,
    (n) => `SRS0=ab${n}=XY=d${n}.example=joe@x.example`,
    (n) => `bounce+${n}-bob=example.net@x.example`,
  ];
  for (const make of makers) {
    for (const clientName of ["unknown", "mail.x.example"]) {
      const world = new World();
      const verdicts = Array.from(
        { length: 10 },
        (_, n) => world.at(n * 10 * MINUTE, { sender: make(n), clientName }).decision,
      );
      assertEquals(verdicts, Array(10).fill("defer"), make(0));
    }
  }
});

Deno.test("a pass without a wait earns nothing", () => {
  const world = new World({ mode: "suspicious" });
  for (let turn = 0; turn < 20; turn++) {
    const given = { sender: `a${turn}@x${turn}.example`, clientName: "mail.x.example" };
    assertEquals(world.at(turn * 2 * HOUR, given).reason, "low-suspicion");
  }
  assertEquals(world.reputation("ip:192.0.2.10"), undefined);
  assertEquals(world.reputation("org:x.example"), undefined);
});

Deno.test("a message of the null sender at DATA passes only if each recipient waited", () => {
  const world = new World({ nullSender: "data" });
  const send = (time: number, instance: string, recipients: string[]) => {
    for (const recipient of recipients) {
      world.collect({ sender: "", recipient, instance });
    }
    const recipient = recipients.length === 1 ? recipients[0]! : "";
    return world.at(time, { sender: "", stage: "DATA", recipient, instance });
  };
  assertEquals(send(0, "1", ["a@example.net", "b@example.net"]).reason, "new");
  assertEquals(send(HOUR, "2", ["c@example.net", "d@example.net"]).reason, "new");
  assertEquals(send(HOUR, "3", ["a@example.net", "c@example.net"]).decision, "defer");
  assertEquals(send(2 * HOUR, "4", ["a@example.net", "b@example.net"]).reason, "retried");
  // Without collected recipients nothing is remembered for the next message.
  assertEquals(world.at(3 * HOUR, { sender: "", stage: "DATA", recipient: "" }).decision, "defer");
});

Deno.test("a known recipient does not open a message's other recipients", () => {
  const world = new World();
  world.deliver(0, { recipient: "known@example.net" });
  const instance = "50";
  assertEquals(world.reasonAt(HOUR, { recipient: "known@example.net", instance }), "pass known");
  for (let n = 0; n < 50; n++) {
    assertEquals(world.reasonAt(HOUR, { recipient: `r${n}@example.net`, instance }), "defer new");
  }
});

Deno.test("a message hours after the first attempt opens no other recipient", () => {
  const world = new World();
  const host = { clientName: "mta1.snow.example", sender: "news@snow.example" };
  world.at(0, { ...host, recipient: "a@example.net", instance: "1" });
  const later = { ...host, instance: "2" };
  assertEquals(world.reasonAt(20 * HOUR, { ...later, recipient: "a@example.net" }), "pass retried");
  for (let n = 0; n < 50; n++) {
    assertEquals(
      world.reasonAt(20 * HOUR, { ...later, recipient: `r${n}@example.net` }),
      "defer new",
    );
  }
});

Deno.test("abandoned messages end a reputation", () => {
  const world = new World();
  const given = { address: "5.6.7.8" };
  for (let turn = 0; turn < 5; turn++) {
    world.deliver(turn * 2 * HOUR, { ...given, sender: `s${turn}@a${turn}.example` });
  }
  const early = { ...given, sender: "lost@b.example" };
  // Deferred before the fifth retry was counted, and never retried.
  world.memory.apply([{
    kind: "pending",
    key: { sender: "lost@b.example", recipient: "bob@example.net" },
    network: "net:5.6.7.0/24",
    record: {
      network: "net:5.6.7.0/24",
      origins: ["ip:5.6.7.8"],
      firstSeen: START,
      lastSeen: START,
      tries: 1,
      expires: START + 2 * DAY,
    },
  }]);
  assertEquals(world.reasonAt(DAY, { ...given, sender: "a@c.example" }), "pass auto-whitelisted");
  world.expire(3 * DAY, early);
  assertEquals(world.reasonAt(3 * DAY, { ...given, sender: "b@c.example" }), "defer new");
});

Deno.test("a neighbour in the network does not profit from a domain's reputation against SPF", () => {
  const own: Given = {
    address: "5.6.7.8",
    clientName: "mail.brand.example",
    sender: "news@brand.example",
  };
  for (const evidence of [SPF_FAIL, SPF_SOFTFAIL]) {
    const world = new World();
    for (const turn of [0, 1]) {
      const mail = { ...own, address: `5.6.7.${8 + turn}`, recipient: `r${turn}@example.net` };
      world.deliver(turn * 2 * HOUR, mail, spfPass("brand.example"));
    }
    assertEquals(
      world.reasonAt(DAY, { ...own, address: "5.6.7.10", sender: "shop@brand.example" }, {
        ...NO_EVIDENCE,
        spf: "none",
      }),
      "pass auto-whitelisted",
    );
    const forger: Given = {
      address: "5.6.7.200",
      clientName: "mail.evil.test",
      sender: "boss@brand.example",
    };
    assertEquals(world.asks(DAY, forger), "evidence");
    assertEquals(world.reasonAt(DAY, forger, evidence), "defer new");
  }
});

Deno.test("the samples that a sender's own domain abandons are counted after the retry window", () => {
  const evidence = spfPass("evil.test");
  const own: Given = { clientName: "mail.evil.test", sender: "first@evil.test" };
  const world = new World();
  world.deliver(0, own, evidence);
  assertEquals(
    world.reasonAt(HOUR, { ...own, sender: "next@evil.test" }, evidence),
    "pass auto-whitelisted",
  );
  const sampling = new World({ sampleKey: "another key" });
  sampling.memory.apply(world.memory.changes());
  const senders = Array.from({ length: 400 }, (_, at) => `n${at}@evil.test`);
  const sampled = senders.filter((sender) =>
    sampling.reasonAt(2 * HOUR, { ...own, sender }, evidence) === "defer new"
  );
  assert(sampled.length > 0);
  for (const sender of sampled) sampling.expire(2 * DAY + 3 * HOUR, { ...own, sender });
  assertEquals(
    sampling.reasonAt(2 * DAY + 3 * HOUR, { ...own, sender: "again@evil.test" }, evidence),
    "defer new",
  );
});

Deno.test("a sender forged from many named networks does not displace the sender's own server", () => {
  const own: Given = {
    address: "77.1.2.3",
    clientName: "mail.brand.example",
    sender: "a@brand.example",
  };
  const forged = (n: number): Given => ({
    address: `2001:db8:${n}::25`,
    clientName: `mx.evil${n}.test`,
    sender: "a@brand.example",
  });
  // The domain publishes no SPF record that would tell them apart.
  const evidence: Evidence = { ...NO_EVIDENCE, spf: "none" };
  const world = new World();
  for (let n = 0; n < 8; n++) world.at(n, forged(n), evidence);
  assertEquals(world.reasonAt(10, own, evidence), "defer new");
  for (let n = 8; n < 20; n++) world.at(n * SECOND, forged(n), evidence);
  assertEquals(world.reasonAt(HOUR, own, evidence), "pass retried");
});

Deno.test("a bounce to a trap address does not mark the server that was made to send it", () => {
  const world = new World();
  const server = { address: "5.6.7.8", clientName: "mail.partner.example" };
  const isTrap = { ...UNLISTED, isTrap: true };
  const bounce = { ...server, sender: "", recipient: "old@example.net" };
  assertEquals(world.at(0, bounce, NO_EVIDENCE, isTrap).reason, "new");
  assertEquals(world.deliver(HOUR, { ...server, sender: "joe@partner.example" }).reason, "retried");
});

Deno.test("a network is known however many of its hosts sent", () => {
  const world = new World();
  for (let host = 1; host < 60; host++) {
    const given = { address: `5.6.7.${host}` };
    if (host === 1) world.deliver(0, given);
    assertEquals(world.reasonAt(host * HOUR, given), "pass known", `${host}`);
  }
});

Deno.test("trust falls when retries stop", () => {
  const world = new World();
  const given = { address: "5.6.7.8" };
  for (let turn = 0; turn < 5; turn++) {
    world.deliver(turn * 2 * HOUR, { ...given, sender: `s${turn}@a${turn}.example` });
  }
  // Mail goes on, so that the lifetime is renewed, but no retry is measured.
  for (let day = 10; day <= 60; day += 10) {
    assertEquals(
      world.reasonAt(day * DAY, { ...given, sender: `d${day}@c.example` }),
      "pass auto-whitelisted",
    );
  }
  assertEquals(world.reasonAt(70 * DAY, { ...given, sender: "late@c.example" }), "defer new");
});

Deno.test("a bot that retries after one to five minutes waits for the longer delay", () => {
  const world = new World({ delay: 50 * SECOND, delaySuspicious: 5 * MINUTE });
  for (const clientName of ["unknown", "5-6-7-8.dsl.isp.example"]) {
    const given = { address: "5.6.7.8", clientName, sender: `${clientName}@x.example` };
    const first = world.at(0, given);
    assertEquals([first.reason, first.wait], ["new", 5 * MINUTE]);
    assertEquals(world.at(4 * MINUTE, given).wait, MINUTE);
  }
  const named = { address: "9.9.7.8", clientName: "mail.example.org" };
  assertEquals(world.at(0, named).wait, 50 * SECOND);
  assertEquals(world.reasonAt(50 * SECOND, named), "pass retried");
});

Deno.test("a botnet that forges a sender does not displace the sender's own attempt", () => {
  const world = new World();
  const own = { address: "5.6.7.8", clientName: "mail.example.org" };
  world.at(0, own);
  for (let n = 1; n < 100; n++) world.at(n * SECOND, { address: `9.${n}.1.1` });
  assertEquals(world.reasonAt(10 * MINUTE, own), "pass retried");
});

const hostArbitrary = fc.record({
  address: fc.constantFrom("5.6.7.8", "5.6.7.9", "9.9.7.8", "2001:db8::1"),
  clientName: fc.constantFrom("unknown", "a.mail.example", "b.mail.example", "dsl-1.isp.example"),
});
const evidenceArbitrary: fc.Arbitrary<Evidence> = fc.constantFrom(
  NO_EVIDENCE,
  SPF_FAIL,
  spfPass("mail.example"),
  spfPass("evil.test", "spf.big.example"),
);

Deno.test("no sequence of first attempts without a retry passes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: DAY }), hostArbitrary, evidenceArbitrary), {
        maxLength: 40,
      }),
      (attempts) => {
        const world = new World({ autoWhitelistClients: 1 });
        let now = 0;
        for (const [at, [pause, host, evidence]] of attempts.entries()) {
          now += pause;
          const given = {
            ...host,
            sender: `sender-${"abcdefghij"[at % 10]}${at}x@mail.example`,
            recipient: `r${at}@example.net`,
          };
          assertNotEquals(world.at(now, given, evidence).decision, "pass");
          world.expire(now, given);
        }
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("a client without a verified name never profits from another client", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: DAY }), hostArbitrary, evidenceArbitrary), {
        maxLength: 40,
      }),
      evidenceArbitrary,
      fc.constantFrom("unknown", "dsl-9.isp.example"),
      (history, evidence, clientName) => {
        const world = new World({ autoWhitelistClients: 1 });
        let now = 0;
        for (const [pause, host, told] of history) {
          world.at(now += pause, { ...host, sender: "x@mail.example" }, told);
        }
        const nameless = { address: "77.1.2.3", clientName, sender: "x@mail.example" };
        assert(world.at(now + 1, nameless, evidence).decision !== "pass");
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("one retry of a snowshoe range opens nothing for its other hosts", () => {
  const host = (n: number, recipient: string): Given => ({
    address: `5.6.7.${n}`,
    clientName: `mta${n}.evil.test`,
    sender: "news@evil.test",
    recipient,
  });
  const world = new World();
  world.deliver(0, host(8, "a@example.net"), spfPass("evil.test"));
  for (let n = 9; n < 60; n++) {
    const mail = host(n, `r${n}@example.net`);
    assertEquals(world.reasonAt(HOUR, mail, spfPass("evil.test")), "defer new");
    assertEquals(world.reasonAt(HOUR, mail), "defer early");
  }
});

Deno.test("an access provider's wide SPF record makes no customer's line its server", () => {
  const evidence = { ...spfPass("isp.example"), isNarrow: false };
  const line = (n: number, recipient: string): Given => ({
    address: `5.6.${n}.8`,
    clientName: `host-5-6-${n}-8.isp.example`,
    sender: "joe@isp.example",
    recipient,
  });
  const world = new World();
  correspond(world, "isp.example");
  world.at(0, line(1, "a@example.net"), evidence);
  assertEquals(world.reasonAt(HOUR, line(2, "a@example.net"), evidence), "defer new");
  world.deliver(2 * HOUR, line(3, "b@example.net"), evidence);
  assertEquals(world.reasonAt(8 * DAY, line(4, "c@example.net"), evidence), "defer new");
  assertEquals(world.reputation("spf:isp.example"), undefined);
  // A record that names the provider's few servers does.
  const own = { ...evidence, isNarrow: true };
  assertEquals(world.reasonAt(9 * DAY, line(5, "d@example.net"), own), "pass correspondent");
});

Deno.test("an SPF result that did not come lets no other customer of a hoster pass", () => {
  const unknown: Evidence = { ...NO_EVIDENCE, spf: "unknown" };
  const sender = "boss@brand.example";
  const host = (n: number, recipient: string): Given => ({
    address: `5.${n}.7.8`,
    clientName: `mx${n}.hoster.example`,
    sender,
    recipient,
  });
  /** A known message and a pending one, from host 1; then both from host 2 without an SPF result. */
  const reasons = (evidence: Evidence, clientName: string) => {
    const world = new World();
    world.deliver(0, { ...host(1, "known@example.net"), clientName }, evidence);
    const waiting = { ...host(3, "pending@example.net"), clientName };
    world.at(DAY, waiting, evidence);
    return ["known", "pending"].map((local) => {
      const mail = { ...host(2, `${local}@example.net`), clientName: clientName.replace("1", "2") };
      return world.reasonAt(DAY + HOUR, mail, unknown);
    });
  };
  assertEquals(reasons(spfPass("brand.example"), "mx1.hoster.example"), ["defer new", "defer new"]);
  // Neither where SPF never spoke for the domain, nor in the sender's own domain, is anything lost.
  assertEquals(reasons(NO_EVIDENCE, "mx1.hoster.example"), ["pass known", "pass retried"]);
  assertEquals(reasons(spfPass("brand.example"), "mx1.brand.example"), [
    "pass known",
    "pass retried",
  ]);
});

Deno.test("recipients share a retry of a client without a name only if SPF names few addresses", () => {
  const pass = spfPass("example.org");
  const table: [Evidence, string][] = [
    [{ ...pass, isNarrow: true }, "pass retried"],
    [{ ...pass, isNarrow: false }, "defer new"],
    [{ ...NO_EVIDENCE, spf: "none" }, "defer new"],
    [SPF_FAIL, "defer new"],
  ];
  for (const [evidence, expected] of table) {
    const world = new World();
    const first = { instance: "1", recipient: "a@example.net" };
    world.at(0, first, evidence);
    world.at(10 * MINUTE, { ...first, instance: "2" }, evidence);
    const second = { instance: "2", recipient: "b@example.net" };
    assertEquals(world.reasonAt(10 * MINUTE, second, evidence), expected);
  }
});

Deno.test("what a host behind a NAT abandons costs no organisation its reputation", () => {
  const abandonedFrom = (address: string) => {
    const world = new World();
    const host: Given = { address: "5.6.7.8", clientName: "mail.example.org" };
    world.deliver(0, host);
    const lost: Given = { ...host, address, sender: "lost@other.example" };
    assertEquals(world.reasonAt(DAY, lost), "defer new");
    world.expire(10 * DAY, lost);
    return world.reputation("org:example.org")?.abandoned;
  };
  assertEquals(abandonedFrom("5.9.7.8"), 1);
  assertEquals(abandonedFrom("10.0.7.8"), 0);
});

Deno.test("a host that a DNS list names, or that writes to a trap, loses what it earned for its domain", () => {
  const host: Given = {
    address: "5.6.7.8",
    clientName: "mail.evil.test",
    sender: "news@evil.test",
  };
  const trap = { ...UNLISTED, isTrap: true };
  const losses: ((world: World) => void)[] = [
    (world) => world.deliver(DAY, { ...host, recipient: "other@example.net" }, listed()),
    (world) => world.at(DAY, { ...host, recipient: "old@example.net" }, NO_EVIDENCE, trap),
  ];
  for (const lose of losses) {
    const world = new World();
    world.deliver(0, host);
    const next = (recipient: string) => world.reasonAt(3 * DAY, { ...host, recipient });
    assertEquals(next("a@example.net"), "pass auto-whitelisted");
    lose(world);
    assertEquals(world.reputation("ip:5.6.7.8 evil.test")?.total, 0);
    assertEquals(world.reputation("net:5.6.7.0/24 evil.test")?.total, 0);
    assertEquals(next("b@example.net"), "defer new");
  }
});
