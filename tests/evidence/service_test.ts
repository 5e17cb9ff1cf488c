import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseDnsList } from "../../lib/dns/dnsbl.ts";
import { SIGNAL_WEIGHTS } from "../../lib/evidence/signals.ts";
import { type Attempt, makeAttempt } from "../../lib/greylist/attempt.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { EvidenceService, type EvidenceSettings } from "../../lib/evidence/service.ts";
import type { Resolver } from "../../lib/spf/check_host.ts";
import { resolverOf, type Zone } from "../spf/zone.ts";

const SETTINGS: EvidenceSettings = {
  mode: "all",
  spf: true,
  dnsWait: 100,
  breadth: { ipv4: 10, ipv6: 20 },
  dnsLists: [],
  weights: SIGNAL_WEIGHTS,
  ours: new Set(["mx.example.net"]),
  receiver: "mx.example.net",
};

function attemptOf(given: Partial<Attempt> & { ip?: string; clientName?: string } = {}): Attempt {
  return makeAttempt({
    stage: "RCPT",
    authenticated: false,
    address: parseAddress(given.ip ?? "192.0.2.10")!,
    clientName: given.clientName ?? "mail.example.org",
    heloName: given.heloName ?? "mail.example.org",
    sender: given.sender ?? "alice@example.org",
    recipient: "bob@example.net",
    instance: "",
  });
}

function evidenceServiceOf(
  resolver: Resolver,
  settings: Partial<EvidenceSettings> = {},
  off: string[] = [],
  dropped: () => void = () => {},
): EvidenceService {
  return new EvidenceService(resolver, { ...SETTINGS, ...settings }, {
    listSwitchedOff: (zone, why) => off.push(`${zone}: ${why}`),
    dropped,
  });
}

const ZONE: Zone = {
  "example.org": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
  "user.example": { txt: ["v=spf1 exists:%{l}._spf.%{d} exists:%{i}.x.example -all"] },
  "alice._spf.user.example": { a: ["127.0.0.2"] },
  "mail.example.org": { txt: ["v=spf1 a -all"], a: ["192.0.2.10"] },
};

Deno.test("what was learnt is not asked for again, and each sender's domain has its own", async () => {
  const asked: string[] = [];
  const gatherer = evidenceServiceOf(resolverOf(ZONE, asked));
  assertEquals(gatherer.known(attemptOf()), undefined);
  assertEquals((await gatherer.gather(attemptOf())).spfDomain, "example.org");
  const count = asked.length;
  await gatherer.gather(attemptOf({ sender: "carol@example.org" }));
  assertEquals(gatherer.known(attemptOf())?.spfDomain, "example.org");
  assertEquals(asked.length, count);
  assertEquals(
    (await gatherer.gather(attemptOf({ sender: "a@none.example" }))).spf?.result,
    "none",
  );
  assertEquals((await gatherer.gather(attemptOf({ sender: "" }))).spfDomain, "mail.example.org");
});

Deno.test("what holds for one user of a domain is not remembered for the others", async () => {
  const gatherer = evidenceServiceOf(resolverOf(ZONE));
  const alice = attemptOf({ sender: "alice@user.example" });
  const report = await gatherer.gather(alice);
  assertEquals(report.spf?.result, "pass");
  assertStringIncludes(report.weakness ?? "", "does not depend on its address");
  assertEquals(gatherer.known(alice), undefined);
});

const silent: Resolver = {
  ...resolverOf({}),
  txt: (_name, signal) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
};

Deno.test("whoever waits waits no longer than dns_wait", async () => {
  const gatherer = evidenceServiceOf(silent);
  const begin = performance.now();
  const report = await gatherer.gather(attemptOf());
  assert(performance.now() - begin >= 90);
  assertEquals([report.spf, report.spfDomain, report.spfFails], [undefined, undefined, false]);
  assertEquals(gatherer.known(attemptOf()), undefined, "it may be asked again");
});

Deno.test("in the background 64 are learnt of at once, 64 wait, and the oldest of those give way", async () => {
  const asked: string[] = [];
  const counting: Resolver = {
    ...silent,
    txt: (name, signal) => {
      asked.push(name);
      return silent.txt(name, signal);
    },
  };
  let dropped = 0;
  const gatherer = evidenceServiceOf(counting, {}, [], () => dropped++);
  const told: unknown[] = [];
  const learn = (at: number) =>
    gatherer.inBackground(attemptOf({ sender: `a@d${at}.example` }), (report) => told.push(report));
  for (let at = 0; at < 64; at++) learn(at);
  while (asked.length < 64) await new Promise((resolve) => setTimeout(resolve, 10));
  for (let at = 64; at < 134; at++) learn(at);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals([asked.length, dropped], [64, 6]);
  gatherer.stop();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals([asked.length, told], [64, []]);
  const quick = evidenceServiceOf(resolverOf(ZONE));
  quick.inBackground(attemptOf(), (report) => told.push(report.spfDomain));
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(told, ["example.org"]);
});

Deno.test("a flood of strangers asks DNS no more than its share", async () => {
  const asked: string[] = [];
  let dropped = 0;
  const gatherer = evidenceServiceOf(resolverOf({}, asked), {}, [], () => dropped++);
  for (let at = 0; at < 5000; at++) {
    gatherer.inBackground(attemptOf({ sender: `a@d${at}.example` }), () => {});
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert(asked.length <= 11, `${asked.length}`);
  assertEquals(dropped, 5000 - 64 - 1);
  gatherer.stop();
});

Deno.test("which domains authorise a client is known once all of them were asked", async () => {
  const gatherer = evidenceServiceOf(resolverOf(ZONE));
  const address = parseAddress("192.0.2.10")!;
  const domains = ["example.org", "none.example"];
  assertEquals(gatherer.authorisedBy(address, domains), undefined);
  assertEquals([...await gatherer.authorise(address, domains)], ["example.org"]);
  assertEquals([...gatherer.authorisedBy(address, domains)!], ["example.org"]);
  assertEquals(gatherer.authorisedBy(address, []), new Set());
  const slow = evidenceServiceOf(silent);
  assertEquals(await slow.authorise(address, domains), new Set());
});

Deno.test("in mode suspicious everything odd is weighed, and good lists count against it", async () => {
  const lists = ["black.example*3", "white.example=127.0.[0..255].[1..3]*-2", "other.example*9"];
  const zone: Zone = {
    ...ZONE,
    "10.2.0.192.black.example": { a: ["127.0.0.2"] },
    "10.2.0.192.white.example": { a: ["127.0.5.1"] },
  };
  const settings = {
    mode: "suspicious" as const,
    dnsLists: lists.map((text) => parseDnsList(text)!),
  };
  const gatherer = evidenceServiceOf(resolverOf(zone), settings);
  const report = await gatherer.gather(
    attemptOf({ clientName: "unknown", heloName: "mx.example.net", sender: "a@none.example" }),
  );
  assertEquals(report.weighed, [
    { what: "no-name", weight: 4 },
    { what: "helo-ours", weight: 5 },
    { what: "spf-none", weight: 1 },
    { what: "black.example", weight: 3 },
    { what: "white.example", weight: -2 },
  ]);
  assertEquals(report.suspicionScore, 11);
});

Deno.test("a list that answers for everything, or refuses to, decides nothing and is told of", async () => {
  const off: string[] = [];
  const zone: Zone = {
    "1.0.0.127.all.example": { a: ["127.0.0.2"] },
    "10.2.0.192.all.example": { a: ["127.0.0.2"] },
    "10.2.0.192.busy.example": { a: ["127.255.255.254"] },
    "10.2.0.192.sold.example": { a: ["192.0.2.80"] },
  };
  const asked: string[] = [];
  const gatherer = evidenceServiceOf(resolverOf(zone, asked), {
    mode: "suspicious",
    spf: false,
    dnsLists: ["all.example*9", "busy.example*9", "sold.example*9"].map((one) =>
      parseDnsList(one)!
    ),
  }, off);
  assertEquals((await gatherer.gather(attemptOf())).suspicionScore, 0);
  assertEquals(off.map((text) => text.split(":")[0]).sort(), [
    "all.example",
    "busy.example",
    "sold.example",
  ]);
  assertStringIncludes(off.join(), "it has 127.0.0.1");
  await gatherer.gather(attemptOf({ ip: "192.0.2.11" }));
  assertEquals(off.length, 3);
});
